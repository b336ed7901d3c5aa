"""Who belongs to a group of users: users and invited people, by e-mail address."""

from __future__ import annotations

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, invalid, page_of, problem

from . import api
from .pagination import page_request, pagination_of
from .query_lists import strings
from .segment import SUCCESS

api.resource(
    "userGroupMembers",
    id=("userGroupId", "email"),
    scope="userGroupId",
    key="email",
    belongs_to={"userGroupId": "userGroups"},
)

_GROUP = "{userGroupId}"


class Emails(Body):
    """Body of the operations that change who belongs to a group."""

    emails: list[str]


def shown_group(context: RequestContext, group: Record) -> Record:
    """Return a group with the number of its members."""
    return group | {"memberCount": context.store.count("userGroupMembers", group["id"])}


def groups_of(context: RequestContext, email: str) -> Data:
    """Return the response that lists the groups of a user."""
    ids = [each["userGroupId"] for each in context.store.find("userGroupMembers", email)]
    groups = [group for id_ in ids if (group := context.store.get("userGroups", id_))]
    page = page_of([{name: group[name] for name in ("id", "name")} for group in groups], page_request(context))
    return {"groups": page.items, "pagination": pagination_of(context, page)}


def remove_member(context: RequestContext, email: str) -> None:
    """Remove a user or an invited person from every group."""
    context.store.remove("userGroupMembers", key=email)


@api.operation("listUsersFromUserGroup", f"GET /groups/{_GROUP}/users")
def list_users(context: RequestContext) -> Data:
    """List the users of a group."""
    users = [user for email in _emails_of(context) for user in context.store.find("users", email)]
    page = page_of([{name: user[name] for name in ("id", "name", "email")} for user in users], page_request(context))
    return {"users": page.items, "pagination": pagination_of(context, page)}


@api.operation("listInvitesFromUserGroup", f"GET /groups/{_GROUP}/invites")
def list_invites(context: RequestContext) -> Data:
    """List the addresses of the invited people of a group."""
    page = page_of([each for each in _emails_of(context) if context.store.get("invites", each)], page_request(context))
    return {"emails": page.items, "pagination": pagination_of(context, page)}


@api.operation("addUsersToUserGroup", f"POST /groups/{_GROUP}/users", body=Emails)
def add_users(context: RequestContext, body: Emails) -> Data:
    """Add users and invited people to a group."""
    return _add(context, body.emails)


@api.operation("replaceUsersInUserGroup", f"PUT /group/{_GROUP}/users", body=Emails)
def replace_users(context: RequestContext, body: Emails) -> Data:
    """Replace the members of a group."""
    group = context.require("userGroups", "userGroupId")
    _check(context, body.emails)
    context.store.remove("userGroupMembers", scope=group["id"])
    return _add(context, body.emails)


@api.operation("removeUsersFromUserGroup", f"DELETE /group/{_GROUP}/users")
def remove_users(context: RequestContext) -> Data:
    """Remove users and invited people from a group."""
    group = context.require("userGroups", "userGroupId")
    emails = strings(context, "emails", delimiter=",")
    if not emails:
        raise invalid("emails", "is required")
    for email in emails:
        context.store.remove("userGroupMembers", id_=f"{group['id']}/{email}")
    return SUCCESS


def _emails_of(context: RequestContext) -> list[str]:
    group = context.require("userGroups", "userGroupId")
    return [each["email"] for each in context.store.all("userGroupMembers", group["id"])]


def _add(context: RequestContext, emails: list[str]) -> Data:
    group = context.require("userGroups", "userGroupId")
    _check(context, emails)
    for email in emails:
        if context.store.get("userGroupMembers", f"{group['id']}/{email}") is None:
            context.store.add("userGroupMembers", [{"userGroupId": group["id"], "email": email}])
    return {"userGroup": shown_group(context, group)}


def _check(context: RequestContext, emails: list[str]) -> None:
    unknown = [
        problem(f"emails.{number}", "belongs to no user and no invitation")
        for number, email in enumerate(emails)
        if not context.store.find("users", email) and not context.store.find("invites", email)
    ]
    if unknown:
        raise ApiError(int(context.assume("missing-in-body")), unknown)
