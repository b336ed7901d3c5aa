"""Instances of insert functions: each connects one to a source or a destination."""

from __future__ import annotations

from typing import Any

from connector.sandbox_kit import Body, Data, Record, RequestContext, invalid, page_of, run_checks

from . import api
from .masks import BULLETS
from .pagination import page_request, pagination_of
from .segment import SUCCESS, timestamp
from .settings import merged_settings

api.resource(
    "insertFunctionInstances",
    key="classId",
    required=("id", "integrationId", "classId", "createdAt", "updatedAt"),
    defaults={"enabled": True, "settings": {}, "encryptedSettings": {}},
)

_PATH = "/insert-function-instances"


class UpdateInstance(Body):
    """Body of updateInsertFunctionInstance."""

    settings: dict[str, Any]
    name: str = ""
    enabled: bool = True


class CreateInstance(Body):
    """Body of createInsertFunctionInstance; `functionId` is the id of the function without its prefix."""

    function_id: str
    integration_id: str
    name: str
    settings: dict[str, Any]
    enabled: bool = True


@api.operation("listInsertFunctionInstances", f"GET {_PATH}", version="v1alpha")
def list_instances(context: RequestContext) -> Data:
    """List the instances of a function."""
    function_id = context.query.string("functionId")
    if not function_id:
        raise invalid("functionId", "is required")
    instances = context.store.find("insertFunctionInstances", function_id.partition("_")[2] or function_id)
    page = page_of(instances, page_request(context))
    return {"instances": page.items, "pagination": pagination_of(context, page)}


@api.operation("getInsertFunctionInstance", f"GET {_PATH}/{{instanceId}}", version="v1alpha")
def get_instance(context: RequestContext) -> Data:
    """Return one instance."""
    return {"insertFunctionInstance": context.require("insertFunctionInstances", "instanceId")}


@api.operation("createInsertFunctionInstance", f"POST {_PATH}", body=CreateInstance, version="v1alpha")
def create_instance(context: RequestContext, body: CreateInstance) -> Data:
    """Connect a function to a source or a destination."""
    function, _ = run_checks(
        lambda: _function(context, body.function_id), lambda: _check_integration(context, body.integration_id)
    )
    instance: Record = {
        "id": context.new_text(24, "0123456789abcdef"),
        "name": body.name,
        "integrationId": body.integration_id,
        "classId": function["catalogId"],
        "enabled": body.enabled,
        **dict.fromkeys(("createdAt", "updatedAt"), timestamp(context)),
        **_settings(function, body.settings),
    }
    context.store.add("insertFunctionInstances", [instance])
    return {"insertFunctionInstance": instance}


@api.operation("updateInsertFunctionInstance", f"PATCH {_PATH}/{{instanceId}}", body=UpdateInstance, version="v1alpha")
def update_instance(context: RequestContext, body: UpdateInstance) -> Data:
    """Change the fields that the body sets."""
    instance, changes = context.require("insertFunctionInstances", "instanceId"), body.set_fields()
    new = _settings(_function(context, instance["classId"]), changes.pop("settings"))
    settings = {name: merged_settings(context, instance[name], new[name]) for name in new}
    instance = instance | changes | settings | {"updatedAt": timestamp(context)}
    context.store.put("insertFunctionInstances", instance)
    return {"insertFunctionInstance": instance}


@api.operation("deleteInsertFunctionInstance", f"DELETE {_PATH}/{{instanceId}}", version="v1alpha")
def delete_instance(context: RequestContext) -> Data:
    """Delete an instance."""
    context.delete("insertFunctionInstances", "instanceId")
    return SUCCESS


def _function(context: RequestContext, catalog_id: str) -> Record:
    for function in context.store.find("functions", catalog_id):
        if function["resourceType"].startswith("INSERT_"):
            return function
    raise invalid("functionId", "does not exist in insert functions", int(context.assume("missing-in-body")))


def _check_integration(context: RequestContext, id_: str) -> None:
    if context.store.get("destinations", id_) is None:
        context.refer("sources", "integrationId", id_)


def _settings(function: Record, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Divide settings into those that are returned, and the sensitive ones, whose values are masked."""
    sensitive = {setting["name"] for setting in function.get("settings", []) if setting["sensitive"]}
    return {
        "settings": {name: value for name, value in settings.items() if name not in sensitive},
        "encryptedSettings": {name: BULLETS for name in settings if name in sensitive},
    }
