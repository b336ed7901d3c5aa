"""Functions."""

from __future__ import annotations

import json
from typing import Literal, get_args

from pydantic import Field

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, Row, dumps, invalid

from . import api
from .function_types import put_function, remove_function
from .pagination import page
from .segment import SUCCESS, timestamp
from .users import first_user

api.resource("functions", scope="resourceType", key="catalogId", required=("id", "resourceType"))

api.assumption(
    "created-by",
    "The user in a function's `createdBy`: the owner of the token, assumed to be the first user, or none",
    ("first-user", "absent"),
)
api.assumption(
    "function-name",
    "How the workspace's name is appended to the name of a destination or insert function",
    ("parentheses", "plain"),
    "documented: it is appended; the form is not",
)
api.assumption(
    "patched-function-name",
    "A new name in updateFunction is stored as sent, or with the workspace's name",
    ("as-sent", "with-workspace"),
    "two published programs contradict each other",
)
api.assumption(
    "missing-function", "getFunction with an unknown id", ("404", "null"), "documented: `function` may be null"
)

api.assumption(
    "deployed-id",
    "createFunctionDeployment deploys only the instance of a source function, `sfn_` and the id of the source, or also "
    "the function by its own id",
    ("instance", "function"),
    "the documented example, and a published template in which any other id is a 400",
)

ResourceType = Literal["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"]
_NAMED_AFTER_WORKSPACE = ("DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE")
_HEXADECIMAL = {"DESTINATION": "dfn_", "INSERT_DESTINATION": "ifnd_", "INSERT_SOURCE": "ifns_"}
"""Prefixes of ids that continue with the catalog id, in hexadecimal; those of insert functions are documented."""
_HIDDEN_IN_LISTS = ("code", "settings", "previewWebhookUrl", "buildpack", "batchMaxCount")


class FunctionSetting(Body):
    """A setting that the function declares."""

    # The sandbox describes its bodies itself: if it used those of `actions/`, both could be wrong together.
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
    """Create a function, which is also an item of the catalog."""
    function: Record = {
        **_new_ids(context, body.resource_type),
        "workspaceId": context.workspace["id"],
        "displayName": body.display_name,
        "description": body.description,
        "logoUrl": body.logo_url,
        "code": body.code,
        "createdAt": timestamp(context),
        **_creator(context),
        "previewWebhookUrl": "",
        "settings": [setting.set_fields() for setting in body.settings],
        "batchMaxCount": 0,
        "resourceType": body.resource_type,
    }
    function["displayName"] = _with_workspace(context, function)
    context.store.add("functions", [function])
    put_function(context, function)
    return _show(context, function)


@api.operation("updateFunction", "PATCH /functions/{functionId}", body=UpdateFunction)
def update_function(context: RequestContext, body: UpdateFunction) -> Data:
    """Change the fields that the body sets; a destination function is also deployed."""
    function = context.require("functions", "functionId")
    changed = function | body.set_fields()
    renamed = "displayName" in body.set_fields() and changed["resourceType"] in _NAMED_AFTER_WORKSPACE
    if renamed and context.assume("patched-function-name") == "with-workspace":
        changed["displayName"] = _with_workspace(context, changed)
    if changed["resourceType"] == "DESTINATION":
        changed["deployedAt"] = _seconds(context)
    context.store.put("functions", changed)
    put_function(context, changed)
    return _show(context, changed)


@api.operation("deleteFunction", "DELETE /functions/{functionId}")
def delete_function(context: RequestContext) -> Data:
    """Delete a function, and the instances of an insert function."""
    function = context.require("functions", "functionId")
    context.delete("functions", "functionId")
    context.store.remove("insertFunctionInstances", key=function["catalogId"])
    remove_function(context, function)
    return SUCCESS


@api.operation("createFunctionDeployment", "POST /functions/{functionId}/deploy")
def create_function_deployment(context: RequestContext) -> Data:
    """Deploy a source function: the id is that of its instance, `sfn_` and the id of the source."""
    function = _function_of_instance(context)
    context.store.put("functions", function | {"deployedAt": _seconds(context)})
    return {"functionDeployment": {"status": "SUCCESS"}}


def _function_of_instance(context: RequestContext) -> Record:
    id_ = context.params["functionId"]
    source = context.store.get("sources", id_.removeprefix("sfn_")) or {}
    functions = context.store.find("functions", source.get("metadataId", ""))
    if functions and id_.startswith("sfn_"):
        return functions[0]
    function = context.store.get("functions", id_)
    if function is None and not functions:
        raise context.missing("functionId")
    if context.assume("deployed-id") == "instance":
        raise ApiError(400, [{"message": "Provide a valid Source function instance ID."}])
    if function is None or function["resourceType"] != "SOURCE":
        raise invalid("functionId", "must be the id of a source function")
    return function


def _new_ids(context: RequestContext, resource_type: str) -> dict[str, str]:
    if prefix := _HEXADECIMAL.get(resource_type):
        catalog_id = context.new_text(24, "0123456789abcdef")
        return {"id": f"{prefix}{catalog_id}", "catalogId": catalog_id}
    catalog_id = context.new_id()
    return {"id": f"sfnc_{catalog_id}", "catalogId": catalog_id}


def _with_workspace(context: RequestContext, function: Record) -> str:
    name: str = function["displayName"]
    if function["resourceType"] not in _NAMED_AFTER_WORKSPACE:
        return name
    workspace = context.workspace["name"]
    return f"{name} ({workspace})" if context.assume("function-name") == "parentheses" else f"{name} {workspace}"


def _seconds(context: RequestContext) -> str:
    return context.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _creator(context: RequestContext) -> dict[str, str]:
    owner = first_user(context)
    return {"createdBy": owner} if owner and context.assume("created-by") == "first-user" else {}


def _show(context: RequestContext, function: Record) -> str:
    return context.show("functions", function["id"], "function")
