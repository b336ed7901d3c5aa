"""What a handler calls: `context.api`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connector.errors import UsageError
from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import Request, Response, json_bytes, path_of

if TYPE_CHECKING:
    from connector.rest.transport import Transport


class HttpClient:
    """Calls a service and answers `{"data": <response body>}`.

    Path segments are given raw and are percent-encoded one by one, so an id can never lead to another resource.
    """

    def __init__(self, endpoint: Endpoint, transport: Transport, send: Callable[[Request], Response]) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._send = send

    def get(self, *path: str, query: Mapping[str, Any] | None = None, media_type: str | None = None) -> dict[str, Any]:
        """GET; see `request`."""
        return self.request("GET", *path, query=query, media_type=media_type)

    def post(self, *path: str, json: Any = None, media_type: str | None = None) -> dict[str, Any]:
        """POST; see `request`."""
        return self.request("POST", *path, json=json, media_type=media_type)

    def patch(self, *path: str, json: Any = None, media_type: str | None = None) -> dict[str, Any]:
        """PATCH; see `request`."""
        return self.request("PATCH", *path, json=json, media_type=media_type)

    def delete(
        self, *path: str, query: Mapping[str, Any] | None = None, media_type: str | None = None
    ) -> dict[str, Any]:
        """DELETE; see `request`."""
        return self.request("DELETE", *path, query=query, media_type=media_type)

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        media_type: str | None = None,
        content_type: str | None = None,
    ) -> dict[str, Any]:
        """Send one request and read the JSON it is answered with.

        Args:
            method: HTTP method.
            path: Raw segments of the path.
            query: Query parameters, in order.
            json: Value of the body; None sends no body.
            media_type: `Accept`, and the body's type, where they differ from the endpoint's.
            content_type: The body's type, where it differs from `media_type`.

        Returns:
            `{"data": body}`; `{"data": None}` for an answer that has no body by its status.

        Raises:
            RequestError: The subclass says what to do; see `connector.errors`.
            UsageError: A path segment is empty, `.` or `..`, or the body has what JSON cannot hold.
        """
        request = Request(method, path_of(path, query))
        if media_type is not None:
            request.headers["Accept"] = media_type
        if json is not None:
            request.body = _body(json)
            request.headers["Content-Type"] = content_type or media_type or "application/json"
        reply = self.send(request)
        if reply.status == 204:
            return {"data": None}
        try:
            return {"data": reply.json()}
        except (ValueError, RecursionError):
            reason = "not JSON" if reply.content.strip() else "empty"
        from connector.rest.api_errors import invalid_body_error

        raise invalid_body_error(self.endpoint, request, reply, reason)

    def send(self, request: Request) -> Response:
        """Send a request as it is and answer a reply whose status is 2xx.

        Raises:
            RequestError: The status is another one, or there was no answer.
        """
        reply = self._send(request)
        if 200 <= reply.status < 300:
            return reply
        raise self._transport.status_error(self.endpoint, request, reply)


def _body(value: Any) -> bytes:
    try:
        return json_bytes(value)
    except ValueError as error:
        reason = str(error)
    hint = "Give texts in UTF-8, finite numbers, and nothing but objects, lists, texts, numbers, true, false and null."
    raise UsageError(f"a value cannot be sent as JSON: {reason}.", hint=hint)
