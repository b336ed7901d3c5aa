"""Labels of sources."""

from __future__ import annotations

from connector.sandbox_kit import ApiError, Body, Data, Record, RequestContext, problem

from . import api
from .labels import Label

_PATH = "/sources/{sourceId}/labels"


class Labels(Body):
    """Body of addLabelsToSource and replaceLabelsInSource."""

    labels: list[Label]


@api.operation("addLabelsToSource", f"POST {_PATH}", body=Labels)
def add_labels(context: RequestContext, body: Labels) -> Data:
    """Add existing labels to a source."""
    source = context.require("sources", "sourceId")
    return _store(context, source, [*source["labels"], *_existing(context, body)])


@api.operation("replaceLabelsInSource", f"PUT {_PATH}", body=Labels)
def replace_labels(context: RequestContext, body: Labels) -> Data:
    """Replace the labels of a source."""
    source = context.require("sources", "sourceId")
    return _store(context, source, _existing(context, body))


def _existing(context: RequestContext, body: Labels) -> list[Record]:
    labels = [context.store.get("labels", f"{label.key}/{label.value}") for label in body.labels]
    missing = [number for number, label in enumerate(labels) if label is None]
    if missing:
        problems = [problem(f"labels.{number}", "does not exist in labels") for number in missing]
        raise ApiError(int(context.assume("missing-in-body")), problems)
    return [label for label in labels if label]


def _store(context: RequestContext, source: Record, labels: list[Record]) -> Data:
    unique = list({(label["key"], label["value"]): label for label in labels}.values())
    context.store.put("sources", source | {"labels": unique})
    return {"labels": unique}
