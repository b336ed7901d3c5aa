"""Users of the workspace, and invitations to it."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from connector import Context, Difference, Input, Payload, action, wire_shape

from .differences import dropped_json
from .inputs import Id, PageInputs, SegmentInputs, UserId, lists, numbered


@wire_shape
class Resource(TypedDict):
    """Resource of a permission."""

    id: str
    type: Literal["FUNCTION", "SOURCE", "SPACE", "WAREHOUSE", "WORKSPACE"]


@wire_shape
class Label(TypedDict):
    """Label that restricts a permission."""

    key: str
    value: str
    description: NotRequired[str]


@wire_shape
class Permission(TypedDict):
    """A role, and the resources it applies to."""

    roleId: str
    resources: NotRequired[list[Resource]]
    labels: NotRequired[list[Label]]


@wire_shape
class Invite(TypedDict):
    """One person to invite, and their permissions."""

    email: str
    permissions: NotRequired[list[Permission]]


class OneUser(SegmentInputs):
    """Inputs of Get User."""

    user_id: UserId


class CreateUserInvites(SegmentInputs):
    """Inputs of Create User Invite."""

    invites: Annotated[
        list[Invite],
        Input(
            label="Invites",
            comments="People to invite, as a JSON list: each with an email and permissions.",
            type="code",
            language="json",
            example=[{"email": "foo@example.com", "permissions": [{"roleId": "1WDUuRLxv84rrfCNUwvkrRtkxnS"}]}],
        ),
    ]


class DeleteUsers(SegmentInputs):
    """Inputs of Delete Users."""

    user_ids: Annotated[
        list[Id],
        Field(min_length=1),
        Input(
            label="User IDs",
            comments="IDs of the users to remove.",
            data_source="users",
            collection="valuelist",
            example=["sgJDWk3K21k6LE3tLU9nRK"],
        ),
    ]


@action("createUserInvites", operation="createInvites", effect="write", differences=(dropped_json("invites"),))
def create_user_invites(context: Context, inputs: CreateUserInvites) -> Payload:
    """POST /invites."""
    return context.api.post("invites", json=inputs.body("invites"))


@action(
    "deleteUser",
    operation="deleteUsers",
    effect="destructive",
    idempotent=True,
    differences=(
        Difference(prismatic="removes no user if the first of userIds is 000xxx", ours="ignores such a list"),
    ),
)
def delete_user(context: Context, inputs: DeleteUsers) -> Payload:
    """DELETE /users."""
    return context.api.delete("users", query=numbered("userIds", inputs.user_ids))


@action("getUser")
def get_user(context: Context, inputs: OneUser) -> Payload:
    """GET /users/{userId}."""
    return context.api.get("users", inputs.user_id)


@action("listUsers", pagination=lists("users"))
def list_users(context: Context, inputs: PageInputs) -> Payload:
    """GET /users."""
    return context.api.get("users", query=inputs.page())
