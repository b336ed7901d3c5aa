"""The request that starts a flow, and the results of the trigger: locally every flow is started manually."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json

from connector.errors import UsageError
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


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """The request that starts a flow.

    Attributes:
        data: Body, parsed if it is JSON.
        raw: Body as it was sent; None if it is the parsed body once more.
        content_type: Type of the body.
        headers: Headers; None if none are set.
        query: Query parameters; None if none are set.
    """

    data: Any = None
    raw: str | None = None
    content_type: str = JSON
    headers: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None

    @property
    def has_body(self) -> bool:
        """True if the request has a body."""
        return self.data is not None or self.raw is not None

    @property
    def parts(self) -> dict[str, Any]:
        """The results of the trigger that the request sets."""
        body = {"data": self.data, "contentType": self.content_type}
        raw = body if self.raw is None else {**body, "data": self.raw}
        parts = {"body": body, "rawBody": raw} if self.has_body else {}
        return parts | {
            name: dict(part)
            for name, part in (("headers", self.headers), ("queryParameters", self.query))
            if part is not None
        }


def webhook_request(
    payload: Any = None,
    *,
    body: str | bytes | None = None,
    form: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    content_type: str | None = None,
) -> WebhookRequest:
    """Return the request with a JSON payload, a raw body, or the fields of a form; see `connector.flows.Flow.run`.

    Raises:
        UsageError: If several of them are passed, or a body is not valid for its content type.
    """
    if sum(part is not None for part in (payload, body, form)) > 1:
        raise UsageError("payload, body, and form cannot be used together", hint="Pass one of them.")
    raw = urlencode(form, doseq=True) if form is not None else _decoded(body)
    default = FORM if form is not None else TEXT if body is not None else JSON
    header = next((value for name, value in (headers or {}).items() if name.lower() == "content-type"), None)
    kind = content_type or header or default
    data = payload if raw is None else _parsed(raw) if _is_json(kind) else raw
    if (raw is not None or content_type) and header is None:
        headers = {**(headers or {}), "Content-Type": kind}
    return WebhookRequest(data, raw, kind, headers, query)


def _decoded(body: str | bytes | None) -> str | None:
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise UsageError(f"body is not UTF-8 (byte {error.start})", hint="Pass text.") from None


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith("+json")


def _parsed(raw: str) -> Any:
    try:
        return from_json(raw)
    except ValueError as error:
        reason = str(error)
    raise UsageError(f"body is not JSON: {reason}", hint="Pass another content type.")


def trigger_results(
    integration: Integration, flow: FlowDefinition, run: str, request: WebhookRequest, stub: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the results of a trigger: those of a request, and those of a stub for what the request does not set."""
    body = {"data": None, "contentType": request.content_type}
    local = {"id": "local", "name": "local", "externalId": "local"}
    results = {
        "headers": {},
        "queryParameters": {},
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
        **stub,
    }
    if isinstance(stub.get("body"), Mapping):
        results["body"] = {**body, **stub["body"]}
    if "body" in stub and "rawBody" not in stub:
        results["rawBody"] = results["body"]
    return {**results, **request.parts}
