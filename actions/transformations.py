"""Transformations: changes to events in transit."""

from typing import Annotated, Literal, NotRequired

from pydantic import MISSING, Field
from typing_extensions import TypedDict

from connector import Context, Input, Payload, Undo, action, wire_shape

from .differences import dropped_json, sample_data
from .inputs import DestinationMetadataId, PageInputs, SegmentInputs, SourceId, TransformationId, lists


@wire_shape
class PropertyRename(TypedDict):
    """Old and new name of a property."""

    oldName: str
    newName: str


@wire_shape
class PropertyValueTransformation(TypedDict):
    """Properties and their new value."""

    propertyPaths: Annotated[list[str], Field(max_length=10)]
    propertyValue: str


@wire_shape
class FqlDefinedProperty(TypedDict):
    """A property and the FQL that computes it."""

    fql: str
    propertyName: str


@wire_shape
class HashProperties(TypedDict):
    """Properties to hash, and the algorithm."""

    algorithm: str
    key: NotRequired[str]
    encoding: NotRequired[Literal["BASE16", "BASE64", "BASE64URL", "HEX"]]
    paths: list[str]


Name = Annotated[
    str,
    Input(label="Name", comments="Name of the transformation.", example="Name of the new transformation"),
]
Enabled = Annotated[
    bool,
    Input(label="Enabled", comments="Apply the transformation.", type="boolean", example=True),
]
If = Annotated[str, Input(label="If", comments="Events to change, in FQL.", example='event="my-event"')]
Drop = Annotated[
    bool,
    Input(
        label="Drop",
        in_prismatic=False,
        comments="Drop the events; all other changes are ignored.",
        type="boolean",
        example=False,
    ),
]
NewEventName = Annotated[
    str,
    Input(label="New Event Name", comments="New name of the event. Track events only.", example="my-updated-event"),
]
PropertyRenames = Annotated[
    list[PropertyRename],
    Input(
        label="Property Renames",
        comments="Properties to rename, as a JSON list.",
        type="code",
        language="json",
        example=[{"oldName": "old-property", "newName": "new-property"}],
    ),
]
PropertyValueTransformations = Annotated[
    list[PropertyValueTransformation],
    Input(
        label="Property Value Transformations",
        comments="Properties to set to a fixed value, as a JSON list. At most 10 properties.",
        type="code",
        language="json",
        example=[{"propertyPaths": ["properties.another-property"], "propertyValue": "another property value"}],
    ),
]
FqlDefinedProperties = Annotated[
    list[FqlDefinedProperty],
    Field(max_length=1),
    Input(
        label="FQL Defined Properties",
        comments="Property to compute in FQL, as a JSON list with at most one entry.",
        type="code",
        language="json",
        example=[{"fql": "lowercase(properties.email)", "propertyName": "properties.email"}],
    ),
]
AllowProperties = Annotated[
    list[str],
    Input(
        label="Allow Properties",
        in_prismatic=False,
        comments="Properties to keep, as a JSON list of paths; all others are removed.",
        type="code",
        language="json",
        example=["properties.price"],
    ),
]
HashPropertiesConfiguration = Annotated[
    HashProperties,
    Input(
        label="Hash Properties Configuration",
        in_prismatic=False,
        comments="Properties to hash, and the algorithm, as a JSON object.",
        type="code",
        language="json",
        example={"algorithm": "SHA256", "paths": ["context.traits.email"]},
        secret=True,
    ),
]


class OneTransformation(SegmentInputs):
    """Inputs of the actions on one transformation."""

    transformation_id: TransformationId


class NewTransformation(SegmentInputs):
    """Inputs of a new transformation, and the events it applies to."""

    name: Name
    source_id: SourceId
    destination_metadata_id: DestinationMetadataId | MISSING = MISSING
    enabled: Enabled
    if_input: Annotated[If, Field(serialization_alias="if")]


class ChangedTransformation(OneTransformation):
    """Inputs of a transformation that can be changed."""

    name: Name | MISSING = MISSING
    source_id: SourceId | MISSING = MISSING
    destination_metadata_id: DestinationMetadataId | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    if_input: Annotated[If | MISSING, Field(serialization_alias="if")] = MISSING


class Changes(SegmentInputs):
    """The changes that a transformation makes to events."""

    drop: Drop | MISSING = MISSING
    new_event_name: NewEventName | MISSING = MISSING
    property_renames: PropertyRenames | MISSING = MISSING
    property_value_transformations: PropertyValueTransformations | MISSING = MISSING
    fql_defined_properties: FqlDefinedProperties | MISSING = MISSING
    allow_properties: AllowProperties | MISSING = MISSING
    hash_properties_configuration: HashPropertiesConfiguration | MISSING = MISSING


class CreateTransformation(Changes, NewTransformation):
    """Inputs of Create Transformation."""


class UpdateTransformation(Changes, ChangedTransformation):
    """Inputs of Update Transformation."""

    update_fields = (
        "name",
        "source_id",
        "destination_metadata_id",
        "enabled",
        "if_input",
        "drop",
        "new_event_name",
        "property_renames",
        "property_value_transformations",
        "fql_defined_properties",
        "allow_properties",
        "hash_properties_configuration",
    )


@action(
    "createTransformation",
    effect="write",
    undo=Undo(action="deleteTransformation", inputs={"transformationId": "results.data.transformation.id"}),
    prismatic_bug="it sends enabled as a string, not a boolean",
    differences=(
        sample_data("propertyRenames"),
        sample_data("propertyValueTransformations"),
        dropped_json("propertyRenames"),
        dropped_json("propertyValueTransformations"),
    ),
)
def create_transformation(context: Context, inputs: CreateTransformation) -> Payload:
    """POST /transformations."""
    return context.api.post("transformations", json=inputs.model_dump(exclude={"region"}))


@action("deleteTransformation", effect="destructive", idempotent=True)
def delete_transformation(context: Context, inputs: OneTransformation) -> Payload:
    """DELETE /transformations/{transformationId}."""
    return context.api.delete("transformations", inputs.transformation_id)


@action("getTransformation")
def get_transformation(context: Context, inputs: OneTransformation) -> Payload:
    """GET /transformations/{transformationId}."""
    return context.api.get("transformations", inputs.transformation_id)


@action("listTransformations", pagination=lists("transformations"))
def list_transformations(context: Context, inputs: PageInputs) -> Payload:
    """GET /transformations."""
    return context.api.get("transformations", query=inputs.page())


@action(
    "updateTransformation",
    effect="write",
    idempotent=True,
    prismatic_bug="it sends enabled as a string, not a boolean, and an empty if that is not set",
    differences=(
        sample_data("propertyRenames"),
        sample_data("propertyValueTransformations"),
        dropped_json("propertyRenames"),
        dropped_json("propertyValueTransformations"),
    ),
)
def update_transformation(context: Context, inputs: UpdateTransformation) -> Payload:
    """PATCH /transformations/{transformationId}."""
    return context.api.patch("transformations", inputs.transformation_id, json=inputs.body(*inputs.update_fields))
