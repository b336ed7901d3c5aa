"""The requests: send, follow redirects of reads, and return the body in the requested form."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode, urljoin

from pydantic import MISSING
from pydantic_core import from_json

from connector.component.connections import Connection
from connector.component.context import Context
from connector.component.definitions import Payload, action
from connector.component.inputs import value_or
from connector.errors import InputError, UsageError
from connector.flows.steps.binary_values import as_content, binary_value
from connector.flows.values.javascript import as_text
from connector.rest import File, Request, Response, multipart

from .http_inputs import BodyRequest, FormRequest, HttpRequest

MAX_REDIRECTS = 5


@action("httpGet", has_example=False)
def http_get(context: Context, inputs: HttpRequest) -> Payload:
    """Send a GET request."""
    return _send(context, inputs, Request("GET", _target(inputs)))


@action("httpPost", effect="write", has_example=False)
def http_post(context: Context, inputs: BodyRequest) -> Payload:
    """Send a POST request."""
    return _send(context, inputs, _with_body("POST", inputs))


@action("httpPut", effect="write", idempotent=True, has_example=False)
def http_put(context: Context, inputs: BodyRequest) -> Payload:
    """Send a PUT request."""
    return _send(context, inputs, _with_body("PUT", inputs))


@action("httpPatch", effect="write", has_example=False)
def http_patch(context: Context, inputs: BodyRequest) -> Payload:
    """Send a PATCH request."""
    return _send(context, inputs, _with_body("PATCH", inputs))


@action("httpDelete", effect="destructive", idempotent=True, has_example=False)
def http_delete(context: Context, inputs: HttpRequest) -> Payload:
    """Send a DELETE request."""
    return _send(context, inputs, Request("DELETE", _target(inputs)))


@action("httpPostFormData", effect="write", has_example=False)
def http_post_form_data(context: Context, inputs: FormRequest) -> Payload:
    """Send fields and files as a multipart form."""
    request = Request(value_or(inputs.http_method, "post").upper(), _target(inputs))
    names = value_or(inputs.file_data_file_names, {})
    fields: dict[str, Any] = {name: as_text(part) for name, part in value_or(inputs.form_data, {}).items()}
    for name, part in value_or(inputs.file_data, {}).items():
        fields[name] = _file(part, names.get(name, ""))
    request.body, request.headers["Content-Type"] = multipart(fields)
    return _send(context, inputs, request)


def _file(value: Any, name: str) -> File:
    try:
        return File(*as_content(value), name)
    except ValueError as error:
        raise UsageError(str(error), hint="Correct the content type of the file.") from None


def _target(inputs: HttpRequest) -> str:
    pairs = [
        (name, as_text(entry))
        for name, value in value_or(inputs.query_params, {}).items()
        for entry in (value if isinstance(value, list) else [value])
        if entry is not None
    ]
    joined = "&" if "?" in inputs.target else "?"
    return f"{inputs.target}{joined}{urlencode(pairs)}" if pairs else inputs.target


def _with_body(method: str, inputs: BodyRequest) -> Request:
    request = Request(method, _target(inputs))
    if inputs.data is not MISSING:
        request.body, request.headers["Content-Type"] = _body(inputs.data)
    return request


def _body(data: Any) -> tuple[bytes, str]:
    if isinstance(data, str):
        try:
            from_json(data)
        except ValueError:
            return data.encode("utf-8", "replace"), "text/plain; charset=utf-8"
        return data.encode(), "application/json"
    return as_content(data)


def _send(context: Context, inputs: HttpRequest, request: Request) -> Payload:
    headers = value_or(inputs.headers, {})
    if any(name.lower() == "content-type" for name in headers):
        request.headers.clear()
    request.headers |= headers
    request.read_timeout = value_or(inputs.timeout, 0) / 1000 or None
    request.retries = value_or(inputs.max_retries, 0) or None
    request.retry_all_errors = value_or(inputs.retry_on_all_errors, default=False)
    if request.retries and not value_or(inputs.use_exponential_backoff, default=False):
        request.retry_delay = value_or(inputs.retry_delay_ms, 0) / 1000 or None
    with ExitStack() as stack:
        response = _followed(context, inputs, request, stack)
    if value_or(inputs.debug_request, default=False):
        context.logger.info("%s %s -> %d", request.method, inputs.origin, response.status)
    return {"data": _results_of(inputs, response)}


def _followed(context: Context, inputs: HttpRequest, request: Request, stack: ExitStack) -> Response:
    """Send a request and follow the redirects of its response with reads."""
    for _ in range(MAX_REDIRECTS):
        response = context.api.exchange(request)
        if not _is_followed(request, response):
            break
        origin = inputs.origin
        inputs = _redirected(inputs, response.headers["Location"])
        headers = {name: text for name, text in request.headers.items() if name.lower() != "content-type"}
        if inputs.origin != origin:
            # Another host gets neither the secret of the connection nor the headers of the step.
            headers = {}
            anonymous = Connection(context.component.connection("none"), {})
            stack.callback(anonymous.close)
            context = Context(context.component, anonymous, limits=context.limits, policy=context.policy)
        request = Request("GET", inputs.target, headers, read_timeout=request.read_timeout, retries=request.retries)
        context = context.started(context.key or "httpGet", inputs)
    return context.api.checked(request, response)


def _is_followed(request: Request, response: Response) -> bool:
    # 307 and 308 repeat the method, and a write is never sent a second time.
    statuses = {301, 302, 303, 307, 308} if request.is_safe else {301, 302, 303}
    return response.status in statuses and bool(response.headers.get("Location"))


def _redirected(inputs: HttpRequest, location: str) -> HttpRequest:
    try:
        return HttpRequest.from_values({"url": urljoin(inputs.url, location)})
    except InputError as error:
        error.message = "invalid redirect"
        raise


def _results_of(inputs: HttpRequest, response: Response) -> Any:
    body = _body_of(response, value_or(inputs.response_type, "json"))
    if not value_or(inputs.include_full_response, default=False):
        return body
    headers = {name.lower(): value for name, value in response.headers.items()}
    return {"data": body, "status": response.status, "statusText": response.reason, "headers": headers}


def _body_of(response: Response, response_type: str) -> Any:
    """Return the body of a response; a body that is not JSON is returned as a string, as in Prismatic."""
    if response_type in {"binary", "arraybuffer"}:
        return binary_value(response.content, response.headers.get("Content-Type", ""))
    if response_type == "json":
        try:
            return response.json()
        except (ValueError, RecursionError):
            pass
    return response.text()
