"""Transformations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from connector.sandbox_kit.record_types import Record

from .operations import SUCCESS, Data, RequestContext, new_id, operation, show, together
from .pagination import page
from .request_bodies import Body


class PropertyRename(Body):
    """A property's other name."""

    old_name: str
    new_name: str


class PropertyValue(Body):
    """A value that properties get."""

    property_paths: Annotated[list[str], Field(max_length=10)]
    property_value: str


class DefinedProperty(Body):
    """A property reckoned by FQL."""

    fql: str
    property_name: str


class HashConfiguration(Body):
    """Which properties are hashed, and how."""

    algorithm: str
    key: str = ""
    encoding: Literal["BASE16", "BASE64", "BASE64URL", "HEX"] = "HEX"
    paths: list[str]


class UpdateTransformation(Body):
    """Of updateTransformation."""

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
    """Of createTransformation."""

    name: str
    source_id: str
    enabled: bool
    condition: str = Field(alias="if")


@operation("listTransformations", "GET /transformations")
def list_transformations(call: RequestContext) -> Data:
    """All transformations."""
    return page(call, "transformations", "transformations")


@operation("getTransformation", "GET /transformations/{transformationId}")
def get_transformation(call: RequestContext) -> Data:
    """One transformation."""
    return _show(call, call.require("transformations", "transformationId"))


@operation("createTransformation", "POST /transformations", body=CreateTransformation)
def create_transformation(call: RequestContext, body: CreateTransformation) -> Data:
    """Makes a transformation of a source's events."""
    given = body.given()
    _check_references(call, given)
    transformation = {"id": new_id(), "workspaceId": call.workspace["id"]} | given
    call.store.add("transformations", [transformation])
    return _show(call, transformation)


@operation("updateTransformation", "PATCH /transformations/{transformationId}", body=UpdateTransformation)
def update_transformation(call: RequestContext, body: UpdateTransformation) -> Data:
    """Changes what the body holds."""
    transformation = call.require("transformations", "transformationId")
    given = body.given()
    _check_references(call, given)
    call.store.put("transformations", transformation | given)
    return _show(call, transformation)


@operation("deleteTransformation", "DELETE /transformations/{transformationId}")
def delete_transformation(call: RequestContext) -> Data:
    """Removes a transformation."""
    call.store.remove("transformations", id_=call.require("transformations", "transformationId")["id"])
    return SUCCESS


def _check_references(call: RequestContext, given: Record) -> None:
    kinds = {"sourceId": "sources", "destinationMetadataId": "destinationsCatalog"}

    def check(name: str) -> Any:
        return call.refer(kinds[name], name, given[name])

    together(*((lambda name=name: check(name)) for name in kinds if name in given))


def _show(call: RequestContext, transformation: Record) -> str:
    return show(call, "transformations", transformation["id"], "transformation")
