"""Results of the trigger: locally every flow is started manually, with a trigger payload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from connector.flows.file.model import FlowDefinition, Integration

PROPERTIES = (
    "headers",
    "queryParameters",
    "rawBody",
    "body",
    "pathFragment",
    "webhookUrls",
    "webhookApiKeys",
    "invokeUrl",
    "executionId",
    "customer",
    "instance",
    "user",
    "integration",
    "flow",
    "startedAt",
    "globalDebug",
)
"""Properties of the results of a trigger, as in Prismatic."""


def trigger_results(
    integration: Integration,
    flow: FlowDefinition,
    run: str,
    payload: Any,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the results of a trigger; the payload is the body, already parsed."""
    body = {"data": payload, "contentType": "application/json"}
    local = {"id": "local", "name": "local", "externalId": "local"}
    return {
        "headers": dict(headers or {}),
        "queryParameters": dict(query or {}),
        "rawBody": body,
        "body": body,
        "pathFragment": "",
        "webhookUrls": {},
        "webhookApiKeys": {},
        "invokeUrl": "",
        "executionId": run,
        "customer": local,
        "instance": {"id": "local", "name": integration.name},
        "user": {**local, "email": ""},
        "integration": {"id": "local", "name": integration.name, "versionSequenceId": "", "externalVersion": ""},
        "flow": {"id": "local", "name": flow.name, "stableId": ""},
        "startedAt": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "globalDebug": False,
    }
