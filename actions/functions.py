"""Functions: code that Segment runs."""

from typing import Annotated, Literal

from pydantic import MISSING
from typing_extensions import TypedDict

from connector import Context, Input, Payload, Undo, action, wire_shape

from .differences import dropped_json, sample_data
from .inputs import FunctionId, PageInputs, ResourceType, SegmentInputs, lists


@wire_shape
class FunctionSetting(TypedDict):
    """One setting of a function."""

    name: str
    label: str
    description: str
    type: Literal["ARRAY", "BOOLEAN", "STRING", "TEXT_MAP"]
    required: bool
    sensitive: bool


Code = Annotated[
    str,
    Input(
        label="Code",
        comments="JavaScript of the function.",
        type="code",
        language="javascript",
        example="async function onRequest(request, settings) {}",
    ),
]
DisplayName = Annotated[
    str,
    Input(
        label="Display Name",
        comments="Display name of the function. Segment appends the workspace name to destination functions.",
        example="PAPI Source Function",
    ),
]
Settings = Annotated[
    list[FunctionSetting],
    Input(
        label="Function Settings",
        comments="Settings of the function, as a JSON list. An update replaces all of them.",
        type="code",
        language="json",
        example=[
            {
                "name": "apiKey",
                "label": "api key",
                "description": "api key",
                "type": "STRING",
                "required": False,
                "sensitive": False,
            }
        ],
    ),
]
LogoUrl = Annotated[
    str,
    Input(
        label="Logo URL",
        comments="URL of the logo.",
        example="https://placekitten.com/200/139",
    ),
]
Description = Annotated[
    str, Input(label="Description", comments="Purpose of the function.", example="My source function")
]


class OneFunction(SegmentInputs):
    """Inputs of the actions on one function."""

    function_id: FunctionId


class OneKind(SegmentInputs):
    """The type of the functions."""

    resource_type: ResourceType


class ListFunctions(PageInputs, OneKind):
    """Inputs of List Functions."""


class CreateFunction(SegmentInputs):
    """Inputs of Create Function."""

    code: Code
    display_name: DisplayName
    resource_type: ResourceType
    settings: Settings | MISSING = MISSING
    logo_url: LogoUrl | MISSING = MISSING
    description: Description | MISSING = MISSING


class UpdateFunction(SegmentInputs):
    """Inputs of Update Function."""

    update_fields = ("code", "settings", "display_name", "logo_url", "description")

    function_id: FunctionId
    code: Code | MISSING = MISSING
    settings: Settings | MISSING = MISSING
    display_name: DisplayName | MISSING = MISSING
    logo_url: LogoUrl | MISSING = MISSING
    description: Description | MISSING = MISSING


@action(
    "createFunction",
    effect="write",
    undo=Undo(action="deleteFunction", inputs={"functionId": "results.data.function.id"}),
    differences=(
        sample_data("settings"),
        dropped_json("settings"),
    ),
)
def create_function(context: Context, inputs: CreateFunction) -> Payload:
    """POST /functions."""
    body = inputs.body("code", "display_name", "resource_type", "settings", "logo_url", "description")
    return context.api.post("functions", json=body)


@action("deleteFunction", effect="destructive", idempotent=True)
def delete_function(context: Context, inputs: OneFunction) -> Payload:
    """DELETE /functions/{functionId}."""
    return context.api.delete("functions", inputs.function_id)


@action("getFunction")
def get_function(context: Context, inputs: OneFunction) -> Payload:
    """GET /functions/{functionId}; the API may return a null function."""
    return context.api.get("functions", inputs.function_id)


@action("listFunctions", pagination=lists("functions"))
def list_functions(context: Context, inputs: ListFunctions) -> Payload:
    """GET /functions."""
    return context.api.get("functions", query={**inputs.page(), "resourceType": inputs.resource_type})


@action(
    "updateFunction",
    effect="write",
    idempotent=True,
    differences=(
        sample_data("settings"),
        dropped_json("settings"),
    ),
)
def update_function(context: Context, inputs: UpdateFunction) -> Payload:
    """PATCH /functions/{functionId}."""
    body = inputs.body(*inputs.update_fields)
    return context.api.patch("functions", inputs.function_id, json=body)
