"""Transformations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext, run_checks

from . import api
from .fql import check_condition
from .pagination import page
from .segment import SUCCESS

api.resource(
    "transformations",
    key="sourceId",
    required=("id", "sourceId"),
    defaults={"name": "", "enabled": True, "if": ""},
    belongs_to={"sourceId": "sources"},
    refers_to={"destinationMetadataId": "destinationsCatalog"},
)


class PropertyRename(Body):
    """The new name of a property."""

    old_name: str
    new_name: str


class PropertyValue(Body):
    """A value that is set on properties."""

    property_paths: Annotated[list[str], Field(max_length=10)]
    property_value: str


class DefinedProperty(Body):
    """A property computed with FQL."""

    fql: str
    property_name: str


class HashConfiguration(Body):
    """Which properties are hashed, and how."""

    algorithm: str
    key: str = ""
    encoding: Literal["BASE16", "BASE64", "BASE64URL", "HEX"] = "HEX"
    paths: list[str]


class UpdateTransformation(Body):
    """Body of updateTransformation."""

    name: str = ""
    source_id: str = ""
    destination_metadata_id: str = ""
    enabled: bool = True
    condition: str = Field("", alias="if")
    drop: bool = False
    new_event_name: str = ""
    property_renames: list[PropertyRename] = Field([])
    property_value_transformations: list[PropertyValue] = Field([])
    fql_defined_properties: Annotated[list[DefinedProperty], Field(max_length=1)] = Field([])
    allow_properties: list[str] = Field([])
    hash_properties_configuration: HashConfiguration = Field(
        default_factory=lambda: HashConfiguration(algorithm="", paths=[])
    )


class CreateTransformation(UpdateTransformation):
    """Body of createTransformation."""

    name: str
    source_id: str
    enabled: bool
    condition: str = Field(alias="if")


@api.operation("listTransformations", "GET /transformations")
def list_transformations(context: RequestContext) -> Data:
    """List the transformations."""
    return page(context, "transformations", "transformations")


@api.operation("getTransformation", "GET /transformations/{transformationId}")
def get_transformation(context: RequestContext) -> Data:
    """Return one transformation."""
    return _show(context, context.require("transformations", "transformationId"))


@api.operation("createTransformation", "POST /transformations", body=CreateTransformation)
def create_transformation(context: RequestContext, body: CreateTransformation) -> Data:
    """Create a transformation of a source's events."""
    fields = body.set_fields()
    _check_references(context, fields)
    transformation = {"id": context.new_id(), "workspaceId": context.workspace["id"]} | fields
    context.store.add("transformations", [transformation])
    return _show(context, transformation)


@api.operation("updateTransformation", "PATCH /transformations/{transformationId}", body=UpdateTransformation)
def update_transformation(context: RequestContext, body: UpdateTransformation) -> Data:
    """Change the fields that the body sets."""
    transformation = context.require("transformations", "transformationId")
    fields = body.set_fields()
    _check_references(context, fields)
    context.store.put("transformations", transformation | fields)
    return _show(context, transformation)


@api.operation("deleteTransformation", "DELETE /transformations/{transformationId}")
def delete_transformation(context: RequestContext) -> Data:
    """Delete a transformation."""
    context.delete("transformations", "transformationId")
    return SUCCESS


def _check_references(context: RequestContext, fields: Record) -> None:
    kinds = {"sourceId": "sources", "destinationMetadataId": "destinationsCatalog"}

    def check(name: str) -> Any:
        return context.refer(kinds[name], name, fields[name])

    run_checks(
        lambda: check_condition(context, fields.get("if")),
        *((lambda name=name: check(name)) for name in kinds if name in fields),
    )


def _show(context: RequestContext, transformation: Record) -> str:
    return context.show("transformations", transformation["id"], "transformation")
