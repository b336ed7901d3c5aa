"""Functions."""

from __future__ import annotations

import json
from typing import Literal, get_args

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext, Row, dumps, invalid

from . import api
from .pagination import page
from .segment import SUCCESS

api.resource("functions", scope="resourceType", key="catalogId", required=("id", "resourceType"))

api.assumption(
    "created-by",
    "The user in a function's `createdBy`: the owner of the token, assumed to be the first user, or none",
    ("first-user", "absent"),
)
api.assumption(
    "function-name",
    "How the workspace's name is appended to a destination function's name",
    ("parentheses", "plain"),
    "documented: it is appended; the form is not",
)
api.assumption(
    "missing-function", "getFunction with an unknown id", ("404", "null"), "documented: `function` may be null"
)

ResourceType = Literal["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"]
_HIDDEN_IN_LISTS = ("code", "settings", "previewWebhookUrl", "buildpack", "batchMaxCount")


class FunctionSetting(Body):
    """A setting that the function declares."""

    name: str
    label: str
    description: str
    type: Literal["ARRAY", "BOOLEAN", "STRING", "TEXT_MAP"]
    required: bool
    sensitive: bool


class UpdateFunction(Body):
    """Body of updateFunction."""

    code: str = ""
    settings: list[FunctionSetting] = Field([])
    display_name: str = ""
    logo_url: str = ""
    description: str = ""


class CreateFunction(UpdateFunction):
    """Body of createFunction."""

    code: str
    display_name: str
    resource_type: ResourceType


def listed_view(_context: RequestContext, row: Row) -> str:
    """Return a function as lists show it, without code and settings."""
    function = json.loads(row.body)
    return dumps({name: value for name, value in function.items() if name not in _HIDDEN_IN_LISTS})


@api.operation("listFunctions", "GET /functions")
def list_functions(context: RequestContext) -> Data:
    """List the functions of one type."""
    choices = get_args(ResourceType)
    requested = context.query.string("resourceType")
    if requested is None:
        raise invalid("resourceType", "is required")
    if requested not in choices:
        raise invalid("resourceType", f"must be one of {', '.join(choices)}")
    return page(context, "functions", "functions", scope=requested, view=listed_view)


@api.operation("getFunction", "GET /functions/{functionId}")
def get_function(context: RequestContext) -> Data:
    """Return one function."""
    id_ = context.params["functionId"]
    if context.store.get("functions", id_) is None and context.assume("missing-function") == "null":
        return {"function": None}
    return _show(context, context.require("functions", "functionId"))


@api.operation("createFunction", "POST /functions", body=CreateFunction)
def create_function(context: RequestContext, body: CreateFunction) -> Data:
    """Create a function."""
    catalog_id = context.new_id()
    now = context.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    function: Record = {
        "id": f"sfnc_{catalog_id}",
        "workspaceId": context.workspace["id"],
        "displayName": body.display_name,
        "description": body.description,
        "logoUrl": body.logo_url,
        "code": body.code,
        "createdAt": now,
        **_creator(context),
        "previewWebhookUrl": "",
        "settings": [setting.set_fields() for setting in body.settings],
        "catalogId": catalog_id,
        "batchMaxCount": 0,
        "resourceType": body.resource_type,
    }
    if body.resource_type == "DESTINATION":
        name = context.workspace["name"]
        styled = f"({name})" if context.assume("function-name") == "parentheses" else name
        function["displayName"] = f"{body.display_name} {styled}"
    context.store.add("functions", [function])
    return _show(context, function)


@api.operation("updateFunction", "PATCH /functions/{functionId}", body=UpdateFunction)
def update_function(context: RequestContext, body: UpdateFunction) -> Data:
    """Change the fields that the body sets."""
    function = context.require("functions", "functionId")
    context.store.put("functions", function | body.set_fields())
    return _show(context, function)


@api.operation("deleteFunction", "DELETE /functions/{functionId}")
def delete_function(context: RequestContext) -> Data:
    """Delete a function."""
    context.delete("functions", "functionId")
    return SUCCESS


def _creator(context: RequestContext) -> dict[str, str]:
    """Return the owner of the token, who is assumed to be the first user."""
    owners = context.store.rows("users", "", after=0, skip=0, count=1)
    return {"createdBy": owners[0].id} if owners and context.assume("created-by") == "first-user" else {}


def _show(context: RequestContext, function: Record) -> str:
    return context.show("functions", function["id"], "function")
