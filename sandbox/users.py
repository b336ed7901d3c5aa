"""Users and invitations."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .errors import SandboxError, invalid, problem
from .operations import SUCCESS, Data, RequestContext, new_id, operation, together
from .pagination import page
from .request_bodies import Body
from .store import Row, Store, dumps

_KINDS = {"FUNCTION": "functions", "SOURCE": "sources", "WAREHOUSE": "warehouses"}


class Resource(Body):
    """What a permission is for."""

    id: str
    type: Literal["FUNCTION", "SOURCE", "SPACE", "WAREHOUSE", "WORKSPACE"]


class Label(Body):
    """A label that a permission is for."""

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
    """Of createInvites."""

    invites: list[Invite]


def listed_view(_call: RequestContext, row: Row) -> str:
    """A user as a list shows it: without permissions."""
    user = json.loads(row.body)
    return dumps({name: user[name] for name in ("id", "name", "email")})


@operation("listUsers", "GET /users")
def list_users(call: RequestContext) -> Data:
    """All users."""
    return page(call, "users", "users", view=listed_view)


@operation("getUser", "GET /users/{userId}")
def get_user(call: RequestContext) -> Data:
    """One user with permissions."""
    return {"user": call.require("users", "userId")}


@operation("deleteUsers", "DELETE /users")
def delete_users(call: RequestContext) -> Data:
    """Removes users: all of those named, or none when one is unknown."""
    ids = call.query.texts("userIds")
    if not ids:
        raise invalid("userIds", "is required")
    missing = [id_ for id_ in ids if call.store.get("users", id_) is None]
    if missing and call.assume("unknown-user") == "404":
        raise call.missing("userIds")
    for id_ in ids:
        call.store.remove("users", id_=id_)
    return SUCCESS


@operation("createInvites", "POST /invites", status=201, body=CreateInvites)
def create_invites(call: RequestContext, body: CreateInvites) -> Data:
    """Invites; a later invitation of the same address takes the earlier one's place."""
    together(
        *(
            (lambda index=index, invite=invite: _check(call, f"invites.{index}", invite))
            for index, invite in enumerate(body.invites)
        )
    )
    for invite in body.invites:
        call.store.remove("invites", key=invite.email)
        call.store.add("invites", [invite.given()])
    return {"emails": [invite.email for invite in body.invites]}


def _check(call: RequestContext, place: str, invite: Invite) -> None:
    checks: list[Any] = [lambda: _check_email(call, f"{place}.email", invite.email)]
    for number, permission in enumerate(invite.permissions):
        at = f"{place}.permissions.{number}"
        checks.append(lambda at=at, id_=permission.role_id: _check_role(call, f"{at}.roleId", id_))
        checks += [
            lambda at=at, index=index, resource=resource: _check_resource(call, f"{at}.resources.{index}.id", resource)
            for index, resource in enumerate(permission.resources)
        ]
    together(*checks)


def _check_email(call: RequestContext, place: str, email: str) -> None:
    known = call.store.find("users", email) or call.store.find("invites", email)
    if known and call.assume("repeat-invite") == "422":
        raise invalid(place, "is invited or a user already")


def _check_role(call: RequestContext, place: str, role_id: str) -> None:
    if call.store.get("roles", role_id) is None and call.assume("unknown-role") == "422":
        raise invalid(place, "names no role")


def _check_resource(call: RequestContext, place: str, resource: Resource) -> None:
    if resource.type == "WORKSPACE" and resource.id != call.workspace["id"]:
        raise ApiError(int(call.assume("missing-in-body")), [problem(place, "is not this workspace")])
    if resource.type in _KINDS:
        call.refer(_KINDS[resource.type], place, resource.id)


def accept_invite(store: Store, email: str) -> Record:
    """Makes a user of an invitation, in a transaction of its own.

    Raises:
        SandboxError: Nobody invited this address.
    """
    with store.transaction():
        invites = store.find("invites", email)
        if not invites:
            raise SandboxError(f"there is no invitation for {email}.")
        permissions = [_granted(store, permission) for permission in invites[0].get("permissions", [])]
        known = store.find("users", email)
        user: Record = known[0] if known else {"id": new_id(), "name": "", "email": email}
        user["permissions"] = permissions
        store.remove("invites", key=email)
        if known:
            store.put("users", user)
        else:
            store.add("users", [user])
        return user


def _granted(store: Store, permission: Record) -> Record:
    role = store.get("roles", permission["roleId"])
    return {
        "roleId": permission["roleId"],
        "roleName": role["name"] if role else permission["roleId"],
        "resources": [resource | {"labels": []} for resource in permission.get("resources", [])],
        "labels": permission.get("labels", []),
    }
