"""Regulations: requests to delete or suppress the data of users. They finish at once and delete nothing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext, page_of

from . import api
from .pagination import page_request, pagination_of
from .query_lists import strings
from .segment import timestamp

api.resource(
    "regulations",
    in_workspace=True,
    defaults={
        "overallStatus": "FINISHED",
        "streamStatus": [],
        "regulationType": "DELETE_ONLY",
        "subjectType": "USER_ID",
        "subjectIds": [],
    },
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


@api.operation("listWorkspaceRegulations", "GET /regulations")
def list_regulations(context: RequestContext) -> Data:
    """List the regulations, of the status and the types that the query names."""
    status, types = context.query.string("status"), strings(context, "regulationTypes", delimiter=",")
    selected = [
        _entry(each)
        for each in context.store.all("regulations")
        if status in (None, each["overallStatus"]) and (not types or each["regulationType"] in types)
    ]
    page = page_of(selected, page_request(context))
    return {"regulations": page.items, "pagination": pagination_of(context, page)}


@api.operation("listSuppressions", "GET /suppressions")
def list_suppressions(context: RequestContext) -> Data:
    """List the subjects that are suppressed."""
    suppressed: dict[str, list[str]] = {}
    for each in context.store.all("regulations"):
        ids = suppressed.setdefault(each["subjectType"], [])
        if each["regulationType"].startswith("SUPPRESS"):
            ids += [id_ for id_ in each["subjectIds"] if id_ not in ids]
        elif each["regulationType"] == "UNSUPPRESS":
            suppressed[each["subjectType"]] = [id_ for id_ in ids if id_ not in each["subjectIds"]]
    subjects = [{"subjectType": name, "subjectIds": ids} for name, ids in suppressed.items() if ids]
    page = page_of(subjects, page_request(context))
    return {"suppressed": page.items, "pagination": pagination_of(context, page)}


def _entry(regulation: Record) -> Record:
    names = ("id", "subjectType", "createdAt", "regulationType", "finishedAt")
    entry = {name: regulation[name] for name in names if name in regulation}
    return entry | {"subjects": regulation["subjectIds"], "status": regulation["overallStatus"]}


@api.operation("getRegulation", "GET /regulations/{regulateId}")
def get_regulation(context: RequestContext) -> Data:
    """Return the state of a regulation."""
    regulation = context.require("regulations", "regulateId")
    hidden = ("regulationType", "subjectType", "subjectIds")
    return {"regulation": {name: value for name, value in regulation.items() if name not in hidden}}
