"""Invitations of users."""

from __future__ import annotations

import re

from pydantic import Field

from connector.sandbox_kit import (
    Body,
    Data,
    Record,
    RequestContext,
    SandboxError,
    Workspace,
    invalid,
    page_of,
    run_checks,
)

from . import api
from .pagination import page_request, pagination_of
from .permissions import Label, Permission, Resource, check_permissions, granted
from .query_lists import strings
from .segment import SUCCESS
from .user_group_members import remove_member

api.resource("invites", id=("email",), key="email")

api.assumption("invalid-email", "An invitation of a string that is not an e-mail address", ("accept", "422"))
api.assumption("no-invites", "createInvites with an empty list", ("accept", "422"))
api.assumption("repeat-invite", "Inviting a known e-mail address again", ("allow", "422"))


class InvitePermission(Permission):
    """A permission that an invited user gets."""

    resources: list[Resource] = Field([])
    labels: list[Label] = Field([])


class Invite(Body):
    """One invitation."""

    email: str
    permissions: list[InvitePermission] = Field([])


class CreateInvites(Body):
    """Body of createInvites."""

    invites: list[Invite]


@api.operation("listInvites", "GET /invites")
def list_invites(context: RequestContext) -> Data:
    """List the e-mail addresses of the invitations."""
    page = page_of([invite["email"] for invite in context.store.all("invites")], page_request(context))
    return {"invites": page.items, "pagination": pagination_of(context, page)}


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


@api.operation("deleteInvites", "DELETE /invites")
def delete_invites(context: RequestContext) -> Data:
    """Delete all of the invitations, or none if one is unknown."""
    emails = strings(context, "emails", delimiter=",")
    if not emails:
        raise invalid("emails", "is required")
    missing = [email for email in emails if context.store.get("invites", email) is None]
    if missing and context.assume("unknown-user") == "404":
        raise context.missing("emails")
    for email in emails:
        context.store.remove("invites", id_=email)
        remove_member(context, email)
    return SUCCESS


def _check(context: RequestContext, path: str, invite: Invite) -> None:
    run_checks(
        lambda: _check_email(context, f"{path}.email", invite.email),
        lambda: check_permissions(context, f"{path}.permissions", invite.permissions),
    )


def _check_email(context: RequestContext, path: str, email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email) and context.assume("invalid-email") == "422":
        raise invalid(path, "must be an e-mail address")
    known = context.store.find("users", email) or context.store.find("invites", email)
    if known and context.assume("repeat-invite") == "422":
        raise invalid(path, "already belongs to a user or an invitation")


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
        permissions = [granted(store, {"labels": []} | each) for each in invites[0].get("permissions", [])]
        known = store.find("users", email)
        user: Record = known[0] if known else {"id": workspace.handler.new_id(), "name": "", "email": email}
        user["permissions"] = permissions
        store.remove("invites", key=email)
        if known:
            store.put("users", user)
        else:
            store.add("users", [user])
        return {"user": user}
