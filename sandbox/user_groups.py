"""Groups of users."""

from __future__ import annotations

import json

from connector.sandbox_kit import Body, Data, Record, RequestContext, Row, dumps

from . import api
from .pagination import page
from .permissions import Permissions, change_permissions
from .segment import SUCCESS
from .user_group_members import shown_group


class NamedGroup(Body):
    """Body of createUserGroup and updateUserGroup."""

    name: str


def group_view(context: RequestContext, row: Row) -> str:
    """Return a group with the number of its members."""
    return dumps(shown_group(context, json.loads(row.body)))


api.resource("userGroups", required=("id", "name"), defaults={"permissions": []}, view=group_view)

_GROUP = "/groups/{userGroupId}"


@api.operation("listUserGroups", "GET /groups")
def list_user_groups(context: RequestContext) -> Data:
    """List the groups of users."""
    return page(context, "userGroups", "userGroups")


@api.operation("getUserGroup", f"GET {_GROUP}")
def get_user_group(context: RequestContext) -> Data:
    """Return one group."""
    return {"userGroup": shown_group(context, _required(context))}


@api.operation("createUserGroup", "POST /groups", body=NamedGroup)
def create_user_group(context: RequestContext, body: NamedGroup) -> Data:
    """Create a group without members and permissions."""
    group = {"id": context.new_id(), "name": body.name, "permissions": []}
    context.store.add("userGroups", [group])
    return {"userGroup": shown_group(context, group)}


@api.operation("updateUserGroup", f"PATCH {_GROUP}", body=NamedGroup)
def update_user_group(context: RequestContext, body: NamedGroup) -> Data:
    """Rename a group."""
    group = _required(context) | {"name": body.name}
    context.store.put("userGroups", group)
    return {"userGroup": shown_group(context, group)}


@api.operation("deleteUserGroup", f"DELETE {_GROUP}")
def delete_user_group(context: RequestContext) -> Data:
    """Delete a group; its members stay."""
    context.delete("userGroups", "userGroupId")
    return SUCCESS


@api.operation("replacePermissionsForUserGroup", f"PUT {_GROUP}/permissions", body=Permissions)
def replace_permissions(context: RequestContext, body: Permissions) -> Data:
    """Replace the permissions of a group."""
    return change_permissions(context, "userGroups", _required(context), body, keep=False)


@api.operation("addPermissionsToUserGroup", f"POST {_GROUP}/permissions", body=Permissions)
def add_permissions(context: RequestContext, body: Permissions) -> Data:
    """Add to the permissions of a group."""
    return change_permissions(context, "userGroups", _required(context), body, keep=True)


def _required(context: RequestContext) -> Record:
    return context.require("userGroups", "userGroupId")
