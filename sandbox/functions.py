"""Functions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal, get_args

from pydantic import Field

from connector.sandbox_kit.record_types import Record

from .errors import invalid
from .operations import SUCCESS, Data, RequestContext, new_id, operation, show
from .pagination import page
from .request_bodies import Body
from .store import Row, dumps

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
    """Of updateFunction."""

    code: str = ""
    settings: list[FunctionSetting] = Field([])
    display_name: str = ""
    logo_url: str = ""
    description: str = ""


class CreateFunction(UpdateFunction):
    """Of createFunction."""

    code: str
    display_name: str
    resource_type: ResourceType


def listed_view(_call: RequestContext, row: Row) -> str:
    """A function as a list shows it: without code and settings."""
    function = json.loads(row.body)
    return dumps({name: value for name, value in function.items() if name not in _HIDDEN_IN_LISTS})


@operation("listFunctions", "GET /functions")
def list_functions(call: RequestContext) -> Data:
    """All functions of one type."""
    choices = get_args(ResourceType)
    given = call.query.text("resourceType")
    if given is None:
        raise invalid("resourceType", "is required")
    if given not in choices:
        raise invalid("resourceType", f"must be one of {', '.join(choices)}")
    return page(call, "functions", "functions", scope=given, view=listed_view)


@operation("getFunction", "GET /functions/{functionId}")
def get_function(call: RequestContext) -> Data:
    """One function."""
    id_ = call.params["functionId"]
    if call.store.get("functions", id_) is None and call.assume("missing-function") == "null":
        return {"function": None}
    return _show(call, call.require("functions", "functionId"))


@operation("createFunction", "POST /functions", body=CreateFunction)
def create_function(call: RequestContext, body: CreateFunction) -> Data:
    """Makes a function."""
    catalog_id = new_id()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    function: Record = {
        "id": f"sfnc_{catalog_id}",
        "workspaceId": call.workspace["id"],
        "displayName": body.display_name,
        "description": body.description,
        "logoUrl": body.logo_url,
        "code": body.code,
        "createdAt": now,
        **_creator(call),
        "previewWebhookUrl": "",
        "settings": [setting.given() for setting in body.settings],
        "catalogId": catalog_id,
        "batchMaxCount": 0,
        "resourceType": body.resource_type,
    }
    if body.resource_type == "DESTINATION":
        name = call.workspace["name"]
        styled = f"({name})" if call.assume("function-name") == "parentheses" else name
        function["displayName"] = f"{body.display_name} {styled}"
    call.store.add("functions", [function])
    return _show(call, function)


@operation("updateFunction", "PATCH /functions/{functionId}", body=UpdateFunction)
def update_function(call: RequestContext, body: UpdateFunction) -> Data:
    """Changes what the body holds."""
    function = call.require("functions", "functionId")
    call.store.put("functions", function | body.given())
    return _show(call, function)


@operation("deleteFunction", "DELETE /functions/{functionId}")
def delete_function(call: RequestContext) -> Data:
    """Removes a function."""
    call.store.remove("functions", id_=call.require("functions", "functionId")["id"])
    return SUCCESS


def _creator(call: RequestContext) -> dict[str, str]:
    """The owner of the token, who is taken to be the first user."""
    owners = call.store.rows("users", "", after=0, skip=0, count=1)
    return {"createdBy": owners[0].id} if owners and call.assume("created-by") == "first-user" else {}


def _show(call: RequestContext, function: Record) -> str:
    return show(call, "functions", function["id"], "function")
