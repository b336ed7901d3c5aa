"""Regulations: requests to delete or suppress the data of users. They finish at once and delete nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext

from . import api
from .segment import timestamp

api.resource(
    "regulations",
    in_workspace=True,
    defaults={"overallStatus": "FINISHED", "streamStatus": []},
    required=("id", "createdAt"),
)


class CreateRegulation(Body):
    """Body of createWorkspaceRegulation."""

    regulation_type: Literal[
        "DELETE_INTERNAL",
        "DELETE_ONLY",
        "SUPPRESS_ONLY",
        "SUPPRESS_WITH_DELETE",
        "SUPPRESS_WITH_DELETE_INTERNAL",
        "UNSUPPRESS",
    ]
    subject_type: Literal["OBJECT_ID", "USER_ID"]
    subject_ids: Annotated[list[str], Field(max_length=5000)]


@api.operation("createWorkspaceRegulation", "POST /regulations", body=CreateRegulation)
def create_regulation(context: RequestContext, body: CreateRegulation) -> Data:
    """Create a regulation, which is finished at once."""
    now = timestamp(context)
    regulation: Record = {
        "id": f"reg_{context.new_id()}",
        "workspaceId": context.workspace["id"],
        "overallStatus": "FINISHED",
        "createdAt": now,
        "finishedAt": now,
        "streamStatus": [],
        **body.set_fields(),
    }
    context.store.add("regulations", [regulation])
    return {"regulateId": regulation["id"]}


@api.operation("getRegulation", "GET /regulations/{regulateId}")
def get_regulation(context: RequestContext) -> Data:
    """Return the state of a regulation."""
    regulation = context.require("regulations", "regulateId")
    hidden = ("regulationType", "subjectType", "subjectIds")
    return {"regulation": {name: value for name, value in regulation.items() if name not in hidden}}
