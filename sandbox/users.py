"""Users and roles."""

from __future__ import annotations

import json

from connector.sandbox_kit import Data, RequestContext, Row, dumps, invalid

from . import api
from .pagination import page
from .permissions import Permissions, change_permissions
from .query_lists import strings
from .segment import SUCCESS
from .user_group_members import groups_of, remove_member

api.resource("roles", required=("id", "name"), defaults={"description": ""}, standard=True)
api.resource("users", key="email", required=("id", "email"), defaults={"name": ""})

api.assumption("unknown-user", "An unknown id in deleteUsers, or e-mail address in deleteInvites", ("404", "ignore"))


def first_user(context: RequestContext) -> str:
    """Return the id of the first user, who is assumed to be the owner of the token; empty if there is none."""
    users = context.store.rows("users", "", after=0, skip=0, count=1)
    return users[0].id if users else ""


def listed_view(_context: RequestContext, row: Row) -> str:
    """Return a user as lists show it, without permissions."""
    user = json.loads(row.body)
    return dumps({name: user[name] for name in ("id", "name", "email")})


@api.operation("listRoles", "GET /roles")
def list_roles(context: RequestContext) -> Data:
    """List the roles."""
    return page(context, "roles", "roles")


@api.operation("listUsers", "GET /users")
def list_users(context: RequestContext) -> Data:
    """List the users."""
    return page(context, "users", "users", view=listed_view)


@api.operation("getUser", "GET /users/{userId}")
def get_user(context: RequestContext) -> Data:
    """Return one user with permissions."""
    return {"user": context.require("users", "userId")}


@api.operation("deleteUsers", "DELETE /users")
def delete_users(context: RequestContext) -> Data:
    """Delete all of the users, or none if one is unknown."""
    ids = strings(context, "userIds", delimiter=",")
    if not ids:
        raise invalid("userIds", "is required")
    users = [context.store.get("users", id_) for id_ in ids]
    if None in users and context.assume("unknown-user") == "404":
        raise context.missing("userIds")
    for user in users:
        if user:
            context.store.remove("users", id_=user["id"])
            remove_member(context, user["email"])
    return SUCCESS


@api.operation("listUserGroupsFromUser", "GET /users/{userId}/groups")
def list_user_groups(context: RequestContext) -> Data:
    """List the groups of a user."""
    return groups_of(context, context.require("users", "userId")["email"])


@api.operation("replacePermissionsForUser", "PUT /users/{userId}/permissions", body=Permissions)
def replace_permissions(context: RequestContext, body: Permissions) -> Data:
    """Replace the permissions of a user."""
    return change_permissions(context, "users", context.require("users", "userId"), body, keep=False)


@api.operation("addPermissionsToUser", "POST /users/{userId}/permissions", body=Permissions)
def add_permissions(context: RequestContext, body: Permissions) -> Data:
    """Add to the permissions of a user."""
    return change_permissions(context, "users", context.require("users", "userId"), body, keep=True)
