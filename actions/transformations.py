"""Transformations: changes to events on their way."""

from typing import Annotated, Literal, NotRequired

from pydantic import MISSING, Field
from typing_extensions import TypedDict

from connector import Context, Input, Payload, Undo, action
from connector.component.inputs import wire_shape

from .inputs import DestinationMetadataId, PageInputs, SegmentInputs, SourceId, TransformationId, lists


@wire_shape
class PropertyRename(TypedDict):
    """A property's old name and its new one."""

    oldName: str
    newName: str


@wire_shape
class PropertyValueTransformation(TypedDict):
    """Properties, and the value that they get."""

    propertyPaths: Annotated[list[str], Field(max_length=10)]
    propertyValue: str


@wire_shape
class FqlDefinedProperty(TypedDict):
    """A property, and the FQL that computes it."""

    fql: str
    propertyName: str


@wire_shape
class HashProperties(TypedDict):
    """Which properties are hashed, and how."""

    algorithm: str
    key: NotRequired[str]
    encoding: NotRequired[Literal["BASE16", "BASE64", "BASE64URL", "HEX"]]
    paths: list[str]


Name = Annotated[
    str,
    Input(label="Name", comments="The Transformation's name.", example="Name of the new transformation"),
]
Enabled = Annotated[
    bool,
    Input(label="Enabled", comments="Whether the Transformation is applied.", type="boolean", example=True),
]
If = Annotated[str, Input(label="If", comments="Which events are changed, in FQL.", example='event="my-event"')]
Drop = Annotated[
    bool,
    Input(
        label="Drop",
        in_prismatic=False,
        comments="Drop the events; every other change is then ignored.",
        type="boolean",
        example=False,
    ),
]
NewEventName = Annotated[
    str,
    Input(label="New Event Name", comments="Renames the event; track events only.", example="my-updated-event"),
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
        comments="Properties to give a fixed value, as a JSON list; at most 10 properties.",
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
        comments="A property to compute in FQL, as a JSON list of at most one.",
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
        comments="The only properties that are kept, as a JSON list of their paths.",
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
    """Inputs of the actions on one Transformation."""

    transformation_id: TransformationId


class NewTransformation(SegmentInputs):
    """What a Transformation must have, and to which events it applies."""

    name: Name
    source_id: SourceId
    destination_metadata_id: DestinationMetadataId | MISSING = MISSING
    enabled: Enabled
    if_input: Annotated[If, Field(serialization_alias="if")]


class ChangedTransformation(OneTransformation):
    """What of a Transformation can be changed."""

    name: Name | MISSING = MISSING
    source_id: SourceId | MISSING = MISSING
    destination_metadata_id: DestinationMetadataId | MISSING = MISSING
    enabled: Enabled | MISSING = MISSING
    if_input: Annotated[If | MISSING, Field(serialization_alias="if")] = MISSING


class Changes(SegmentInputs):
    """The changes that a Transformation makes."""

    drop: Drop | MISSING = MISSING
    new_event_name: NewEventName | MISSING = MISSING
    property_renames: PropertyRenames | MISSING = MISSING
    property_value_transformations: PropertyValueTransformations | MISSING = MISSING
    fql_defined_properties: FqlDefinedProperties | MISSING = MISSING
    allow_properties: AllowProperties | MISSING = MISSING
    hash_properties_configuration: HashPropertiesConfiguration | MISSING = MISSING

    def transformation(self) -> dict[str, object]:
        """Everything that was given of a Transformation, as the API takes it."""
        return self.model_dump(exclude={"region", "transformation_id"})


class CreateTransformation(Changes, NewTransformation):
    """Inputs of Create Transformation."""


class UpdateTransformation(Changes, ChangedTransformation):
    """Inputs of Update Transformation."""


@action(
    "createTransformation",
    effect="write",
    undo=Undo(action="deleteTransformation", inputs={"transformationId": "results.data.transformation.id"}),
    prismatic_bug="it sends enabled as text where the API wants a boolean",
)
def create_transformation(context: Context, inputs: CreateTransformation) -> Payload:
    """POST /transformations."""
    return context.api.post("transformations", json=inputs.transformation())


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
    prismatic_bug="it sends enabled as text where the API wants a boolean, and an empty if unless it is set",
)
def update_transformation(context: Context, inputs: UpdateTransformation) -> Payload:
    """PATCH /transformations/{transformationId}."""
    return context.api.patch("transformations", inputs.transformation_id, json=inputs.transformation())
