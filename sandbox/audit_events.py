"""Audit events, as the seed has them."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext, page_of

from . import api
from .pagination import page_request, pagination_of

api.resource(
    "auditEvents",
    required=("id", "timestamp", "type", "actor", "resourceId", "resourceType", "resourceName"),
)


@api.operation("listAuditEvents", "GET /audit-events")
def list_audit_events(context: RequestContext) -> Data:
    """List the audit events that the query selects."""
    start, end = context.query.string("startTime") or "", context.query.string("endTime") or "9999"
    selected = {name: context.query.string(name) for name in ("resourceId", "resourceType")}
    events = [
        event
        for event in context.store.all("auditEvents")
        if start <= event["timestamp"] <= end and all(value in (None, event[name]) for name, value in selected.items())
    ]
    page = page_of(events, page_request(context))
    return {"events": page.items, "pagination": pagination_of(context, page)}
