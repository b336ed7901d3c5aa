"""What a handler calls: `context.api`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from pydantic import MISSING

from connector.errors import InputError, Problem, UsageError
from connector.rest.endpoint import Endpoint
from connector.rest.http_messages import (
    NonFiniteError,
    Request,
    Response,
    header_values,
    json_bytes,
    path_of,
    relative_path,
)
from connector.rest.multipart import multipart
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.rest.transport import Transport

Written = TypeVar("Written")


class HttpClient:
    """Calls a service and returns `{"data": <response body>}`.

    Path segments are passed raw and percent-encoded one by one, so an ID can never lead to another resource.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        attempt: Callable[[Request], Response] | None = None,
        limits: CallLimits | None = None,
        prepare: Callable[[Request], None] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._transport = transport
        self._attempt = attempt
        self._limits = limits or CallLimits()
        self._prepare = prepare

    def get(self, *path: str, query: Mapping[str, Any] | None = None, media_type: str | None = None) -> dict[str, Any]:
        """GET; see `request`."""
        return self.request("GET", *path, query=query, media_type=media_type)

    def post(
        self,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        media_type: str | None = None,
    ) -> dict[str, Any]:
        """POST; see `request`."""
        return self.request("POST", *path, query=query, json=json, form=form, media_type=media_type)

    def put(
        self,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        media_type: str | None = None,
    ) -> dict[str, Any]:
        """PUT; see `request`."""
        return self.request("PUT", *path, query=query, json=json, form=form, media_type=media_type)

    def patch(
        self,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        media_type: str | None = None,
    ) -> dict[str, Any]:
        """PATCH; see `request`."""
        return self.request("PATCH", *path, query=query, json=json, form=form, media_type=media_type)

    def delete(
        self, *path: str, query: Mapping[str, Any] | None = None, json: Any = None, media_type: str | None = None
    ) -> dict[str, Any]:
        """DELETE; see `request`."""
        return self.request("DELETE", *path, query=query, json=json, media_type=media_type)

    def get_page(
        self, *path: str, query: Mapping[str, Any] | None = None, link: Any = None, media_type: str | None = None
    ) -> dict[str, Any]:
        """GET a page of a list whose `Link` header names the next one (RFC 8288).

        Args:
            path: Raw segments of the path.
            query: Query parameters, in order.
            link: Link of the page, as the page before names it; then path and query do not matter. None or MISSING
                for the first page.
            media_type: See `request`.

        Returns:
            `{"data": {"records": BODY, "next": LINK}}`, as `Pagination(style="link")` expects it. There is no `next` on
            the last page.

        Raises:
            RequestError: See `request`.
            InputError: If `link` is not a path of the service.
            InvalidResponseError: If the next page is on another host.
        """
        target = path_of(path, query) if link is None or link is MISSING else followed(str(link))
        request = Request("GET", target)
        if media_type is not None:
            request.headers["Accept"] = media_type
        return {"data": self.send_for_page(request)}

    def send_for_page(self, request: Request) -> dict[str, Any]:
        """Send the request for a page and return `{"records": BODY, "next": LINK}`; see `get_page`."""
        response = self.send(request)
        page = {"records": self.read_json(request, response)}
        following = self._next_link(request, response)
        return page if following is None else {**page, "next": following}

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        media_type: str | None = None,
        content_type: str | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the JSON of its response.

        Args:
            method: HTTP method.
            path: Raw segments of the path.
            query: Query parameters, in order.
            json: Value of the body; None sends no body.
            form: Fields of a multipart form, in place of `json`. A `File` is sent as a file, a string unchanged, and
                any other value as JSON.
            media_type: `Accept`, and the type of a JSON body, where they differ from the endpoint's.
            content_type: The type of a JSON body, where it differs from `media_type`.

        Returns:
            `{"data": body}`, or `{"data": None}` for a status without a body.

        Raises:
            RequestError: If the request fails; the subclass says what to do, see `connector.errors`.
            UsageError: If a path segment is empty, `.` or `..`, if the body cannot be written as JSON, or if both
                `json` and `form` are set.
        """
        request = Request(method, path_of(path, query))
        if media_type is not None:
            request.headers["Accept"] = media_type
        if form is not None:
            if json is not None:
                raise UsageError("a request has both json and form", hint="Pass one of them.")
            request.body, request.headers["Content-Type"] = _written(multipart, form)
        elif json is not None:
            request.body = _written(json_bytes, json)
            request.headers["Content-Type"] = content_type or media_type or "application/json"
        response = self.send(request)
        return {"data": self.read_json(request, response)}

    def send(self, request: Request) -> Response:
        """Send a request and return its response, whose status is 2xx.

        Raises:
            RequestError: If the status is another one, or if there is no response.
            InputError: If the body has the mask of a secret; nothing was sent.
        """
        return self.checked(request, self.exchange(request))

    def exchange(self, request: Request) -> Response:
        """Send a request and return its response, whatever its status.

        Raises:
            RequestError: If there is no response.
            InputError: If the body has the mask of a secret; nothing was sent.
        """
        if request.body is not None and not request.is_safe:
            self._check_masks(request.body)
        if self._prepare is not None:
            self._prepare(request)
        return self._transport.send(self.endpoint, request, self._limits, self._attempt)

    def checked(self, request: Request, response: Response) -> Response:
        """Return a response whose status is 2xx.

        Raises:
            RequestError: If the status is another one.
        """
        if 200 <= response.status < 300:
            return response
        raise self._transport.status_error(self.endpoint, request, response)

    def read_json(self, request: Request, response: Response) -> Any:
        """Return the JSON of a response, or None for a status without a body.

        Raises:
            InvalidResponseError: If the body is not JSON.
        """
        if response.status in {204, 205}:
            return None
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            reason = _json_problem(response, error)
        raise self._invalid(request, response, reason)

    def _next_link(self, request: Request, response: Response) -> str | None:
        """Return the path of the next page below the base URL, or None."""
        # Only such a list needs it, and importing requests takes a tenth of a short program's time.
        from requests.utils import parse_header_links

        for link in parse_header_links(", ".join(header_values(response.headers, "Link"))):
            if "next" in link.get("rel", "").lower().split():
                url = urljoin(self.endpoint.base_url + request.path, link["url"])
                if not url.startswith(self.endpoint.base_url + "/"):
                    raise self._invalid(request, response, f"a link to another service, {urlsplit(url).netloc}")
                return self._without_own_query(url.removeprefix(self.endpoint.base_url))
        return None

    def _without_own_query(self, target: str) -> str:
        """Return a path without the query parameters of the endpoint, which are added to each request."""
        path, _, query = target.partition("?")
        if not self.endpoint.query:
            return target
        pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in self.endpoint.query]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def _invalid(self, request: Request, response: Response, reason: str) -> Exception:
        from connector.rest.api_errors import invalid_body_error

        return invalid_body_error(self.endpoint, request, response, reason)

    def _check_masks(self, body: bytes) -> None:
        hint = "Leave it out to keep the stored secret."
        message = "must be the secret itself, not its mask"
        problems = [Problem(path, message, hint=hint) for path in self.endpoint.find_masks(body)]
        if problems:
            raise InputError("a mask would replace the stored secret; nothing was sent", problems=problems)


def followed(link: str) -> str:
    """Return the path that the link of a page names.

    Raises:
        InputError: If it is not a path of the service.
    """
    try:
        return relative_path(link)
    except ValueError as error:
        reason = str(error)
    raise InputError("invalid link of a page", problems=[Problem("link", reason)])


def body_bytes(value: Any) -> bytes:
    """Return a value as JSON for the body of a request.

    Raises:
        UsageError: If JSON cannot hold it.
    """
    return _written(json_bytes, value)


def _written(write: Callable[[Any], Written], value: Any) -> Written:
    try:
        return write(value)
    except ValueError as error:
        reason = str(error)
    hint = "Pass only objects, lists, strings, finite numbers, true, false, and null."
    raise UsageError(f"not JSON-serializable: {reason}", hint=hint)


def _json_problem(response: Response, error: Exception) -> str:
    if not response.content.strip():
        return "empty"
    return f"not JSON, {error}" if isinstance(error, NonFiniteError) else "not JSON"
