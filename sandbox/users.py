"""Users and invitations."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field

from connector.sandbox_kit import (
    ApiError,
    Body,
    Data,
    Record,
    RequestContext,
    Row,
    SandboxError,
    Workspace,
    dumps,
    invalid,
    problem,
    run_checks,
)
from connector.sandbox_kit.store import Store

from . import api
from .pagination import page
from .query_lists import strings
from .segment import SUCCESS

api.resource("roles", required=("id", "name"), defaults={"description": ""}, standard=True)
api.resource("users", key="email", required=("id", "email"), defaults={"name": ""})
api.resource("invites", id=("email",), key="email")

api.assumption("invalid-email", "An invitation of a string that is not an e-mail address", ("accept", "422"))
api.assumption("no-invites", "createInvites with an empty list", ("accept", "422"))
api.assumption("repeat-invite", "Inviting a known e-mail address again", ("allow", "422"))
api.assumption("unknown-role", "An invitation with an unknown role", ("accept", "422"))
api.assumption("unknown-user", "An unknown id in deleteUsers", ("404", "ignore"))

_RESOURCE_KINDS = {"FUNCTION": "functions", "SOURCE": "sources", "WAREHOUSE": "warehouses"}


class Resource(Body):
    """A resource of a permission."""

    id: str
    type: Literal["FUNCTION", "SOURCE", "SPACE", "WAREHOUSE", "WORKSPACE"]


class Label(Body):
    """A label of a permission."""

    key: str
    value: str
    description: str = ""


class Permission(Body):
    """A role on resources."""

    role_id: str
    resources: list[Resource] = Field([])
    labels: list[Label] = Field([])


class Invite(Body):
    """One invitation."""

    email: str
    permissions: list[Permission] = Field([])


class CreateInvites(Body):
    """Body of createInvites."""

    invites: list[Invite]


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
    missing = [id_ for id_ in ids if context.store.get("users", id_) is None]
    if missing and context.assume("unknown-user") == "404":
        raise context.missing("userIds")
    for id_ in ids:
        context.store.remove("users", id_=id_)
    return SUCCESS


@api.operation("createInvites", "POST /invites", status=201, body=CreateInvites)
def create_invites(context: RequestContext, body: CreateInvites) -> Data:
    """Invite users; a later invitation of the same address replaces the earlier one."""
    if not body.invites and context.assume("no-invites") == "422":
        raise invalid("invites", "must have at least 1 entry")
    run_checks(
        *(
            (lambda index=index, invite=invite: _check(context, f"invites.{index}", invite))
            for index, invite in enumerate(body.invites)
        )
    )
    for invite in body.invites:
        context.store.remove("invites", key=invite.email)
        context.store.add("invites", [invite.set_fields()])
    return {"emails": [invite.email for invite in body.invites]}


def _check(context: RequestContext, path: str, invite: Invite) -> None:
    checks: list[Any] = [lambda: _check_email(context, f"{path}.email", invite.email)]
    for number, permission in enumerate(invite.permissions):
        prefix = f"{path}.permissions.{number}"
        checks.append(lambda prefix=prefix, id_=permission.role_id: _check_role(context, f"{prefix}.roleId", id_))
        checks += [
            lambda prefix=prefix, index=index, resource=resource: _check_resource(
                context, f"{prefix}.resources.{index}.id", resource
            )
            for index, resource in enumerate(permission.resources)
        ]
    run_checks(*checks)


def _check_email(context: RequestContext, path: str, email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email) and context.assume("invalid-email") == "422":
        raise invalid(path, "must be an e-mail address")
    known = context.store.find("users", email) or context.store.find("invites", email)
    if known and context.assume("repeat-invite") == "422":
        raise invalid(path, "already belongs to a user or an invitation")


def _check_role(context: RequestContext, path: str, role_id: str) -> None:
    if context.store.get("roles", role_id) is None and context.assume("unknown-role") == "422":
        raise invalid(path, "does not exist in roles")


def _check_resource(context: RequestContext, path: str, resource: Resource) -> None:
    if resource.type == "WORKSPACE" and resource.id != context.workspace["id"]:
        raise ApiError(int(context.assume("missing-in-body")), [problem(path, "is not this workspace")])
    if resource.type in _RESOURCE_KINDS:
        context.refer(_RESOURCE_KINDS[resource.type], path, resource.id)


@api.command("accept-invite")
def accept_invite(workspace: Workspace, email: str) -> Record:
    """Accept the invitation of EMAIL.

    Raises:
        SandboxError: If the address was not invited.
    """
    store = workspace.store
    with store.transaction():
        invites = store.find("invites", email)
        if not invites:
            raise SandboxError(f'no invitation for "{email}"')
        permissions = [_granted(store, permission) for permission in invites[0].get("permissions", [])]
        known = store.find("users", email)
        user: Record = known[0] if known else {"id": workspace.handler.new_id(), "name": "", "email": email}
        user["permissions"] = permissions
        store.remove("invites", key=email)
        if known:
            store.put("users", user)
        else:
            store.add("users", [user])
        return {"user": user}


def _granted(store: Store, permission: Record) -> Record:
    role = store.get("roles", permission["roleId"])
    return {
        "roleId": permission["roleId"],
        "roleName": role["name"] if role else permission["roleId"],
        "resources": [resource | {"labels": []} for resource in permission.get("resources", [])],
        "labels": permission.get("labels", []),
    }
