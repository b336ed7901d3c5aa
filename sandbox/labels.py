"""Labels."""

from __future__ import annotations

from pydantic import Field

from connector.sandbox_kit import Body, Data, RequestContext, invalid

from . import api
from .segment import SUCCESS

api.resource("labels", id=("key", "value"), standard=True)

api.assumption("label-exists", "Creating a label that exists", ("422", "409", "same-response"))


class Label(Body):
    """A label of sources and permissions."""

    key: str
    value: str
    description: str = Field("")


class CreateLabel(Body):
    """Body of createLabel."""

    label: Label


@api.operation("listLabels", "GET /labels")
def list_labels(context: RequestContext) -> Data:
    """List the labels; this list has no pages."""
    return {"labels": context.store.all("labels")}


@api.operation("createLabel", "POST /labels", status=201, body=CreateLabel)
def create_label(context: RequestContext, body: CreateLabel) -> Data:
    """Create a label."""
    label = body.label.set_fields()
    if context.store.get("labels", f"{label['key']}/{label['value']}"):
        choice = context.assume("label-exists")
        if choice != "same-response":
            raise invalid("label", "already exists", int(choice))
    else:
        context.store.add("labels", [label])
    return {"label": label}


@api.operation("deleteLabel", "DELETE /labels/{key}/{value}")
def delete_label(context: RequestContext) -> Data:
    """Delete a label."""
    if not context.store.remove("labels", id_=f"{context.params['key']}/{context.params['value']}"):
        raise context.missing("key")
    return SUCCESS
