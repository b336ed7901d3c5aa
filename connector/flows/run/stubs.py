"""The stubs of a run: results of steps, and responses to HTTP requests, that a caller sets up."""

from __future__ import annotations

import http.client
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from connector.common.private_files import reason_of
from connector.common.text import did_you_mean
from connector.errors import UsageError
from connector.flows.file.model import Integration, Step
from connector.flows.steps.stub import Stub
from connector.rest.http_messages import Response

StubValues = Mapping[str, Any] | str | Path | None
"""Stubs by name, or a folder of them; see `Stubs`."""

HTTP = "http"
"""Key of Prismatic's HTTP component."""

RESPONSES = "responses"
"""Name of the file in a folder of stubs that has the HTTP responses, without its suffix."""

_REQUEST = re.compile(r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +(?P<url>\S+)\Z")


@dataclass(frozen=True, slots=True)
class StubResponse:
    """An HTTP response that a stub returns.

    Attributes:
        body: Bytes or a string to return unchanged; anything else is returned as JSON.
        status: HTTP status.
        headers: Headers. Default: the content type of the body.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_response(self) -> Response:
        """Return the response as the transport has it."""
        from requests.structures import CaseInsensitiveDict

        body, headers = self.body, dict(self.headers)
        if not isinstance(body, bytes | str) and body is not None:
            body = json.dumps(body, ensure_ascii=False)
            headers = {"Content-Type": "application/json", **headers}
        content = body.encode() if isinstance(body, str) else body or b""
        reason = http.client.responses.get(self.status, "")
        return Response(self.status, reason, CaseInsensitiveDict(headers), content)


@dataclass(frozen=True, slots=True)
class _RequestStub:
    """A response to every request with a method and a URL, in which `*` is any text."""

    method: str
    url: str
    value: Any

    def matches(self, method: str, url: str) -> bool:
        """Return True for a request that the stub is for. Without a query of its own, it is for any query."""
        if "?" not in self.url:
            url = url.partition("?")[0]
        pattern = ".*".join(re.escape(part) for part in self.url.split("*"))
        return self.method == method and re.fullmatch(pattern, url, re.DOTALL) is not None

    @property
    def rank(self) -> tuple[int, int]:
        """Order of the stubs: a URL without `*` comes first, then the longer one."""
        return self.url.count("*"), -len(self.url)


class Stubs:
    """The stubs of one run.

    Args:
        integration: The file.
        values: Values by the name of a step, its name in references, `component.action`, or `METHOD URL`; or a folder
            with a file for each of them. See `connector.flows.Flow.run`.

    Raises:
        UsageError: If a name fits nothing in the file, or a value is invalid.
    """

    def __init__(self, integration: Integration, values: StubValues = None) -> None:
        self._values = read_folder(Path(values)) if isinstance(values, str | Path) else dict(values or {})
        if isinstance(self._values.get(RESPONSES), dict):
            self._values |= _responses(self._values.pop(RESPONSES), RESPONSES)
        steps = [step for flow in integration.flows for step in flow.walk()]
        known = {name: step for step in steps for name in (step.kind, step.variable, step.name)}
        requests = [name for name in self._values if name not in known and _REQUEST.match(name)]
        self._requests = sorted(map(self._request_stub, requests), key=lambda stub: stub.rank)
        for name in self._values.keys() - known.keys() - set(requests):
            hint = did_you_mean(name, known) or f"Use the name of a step: {', '.join(step.name for step in steps)}."
            raise UsageError(f'unknown stub "{name}"', hint=hint)

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def names(self) -> list[str]:
        """The names of the stubs."""
        return sorted(self._values)

    @property
    def has_responses(self) -> bool:
        """True if there are responses to HTTP requests. Then no HTTP request is sent."""
        return bool(self._requests)

    def is_offline(self, step: Step) -> bool:
        """Return True if a step reaches no service: it has a stub, or its requests have responses."""
        return self.of(step) is not None or (step.component == HTTP and self.has_responses)

    def of(self, step: Step) -> Stub | None:
        """Return the stub of a step; None if the step is to be performed.

        Raises:
            UsageError: If the value names no branch of a step with branches.
        """
        if not self._values:
            return None
        name = next((name for name in (step.name, step.variable, step.kind) if name in self._values), None)
        if name is None:
            return None
        branches = tuple(branch.name for branch in step.branches) or None
        stub = Stub(step.name, self._values[name], branches)
        stub.check()
        return stub

    def response(self, method: str, url: str) -> Response | None:
        """Return the response to an HTTP request; None to send it.

        Raises:
            UsageError: If there are responses, but none for this request: it must not reach the real service.
            Exception: The error that the stub stands for.
        """
        if not self._requests:
            return None
        stub = next((stub for stub in self._requests if stub.matches(method, url)), None)
        if stub is None:
            names = ", ".join(f"{each.method} {each.url}" for each in self._requests)
            raise UsageError(f"no stub for {method} {url}", hint=f"Available stubs: {names}.")
        value, _ = Stub(f"{method} {stub.url}", stub.value).perform({"method": method, "url": url})
        return (value if isinstance(value, StubResponse) else StubResponse(value)).to_response()

    def _request_stub(self, name: str) -> _RequestStub:
        match = _REQUEST.match(name)
        assert match is not None  # noqa: S101 - the caller has matched it
        return _RequestStub(match["method"], match["url"], self._values[name])


def read_stub(name: str, path: Path) -> Any:
    """Return the value of a stub in a file: JSON, or a string if the suffix says that it is another format.

    Raises:
        UsageError: If the file cannot be read, or is not JSON.
    """
    content = _read(path)
    if _REQUEST.match(name):
        kind = mimetypes.guess_type(path.name)[0] or "application/json"
        return StubResponse(content, headers={"Content-Type": kind})
    if path.suffix.lower() in ("", ".json"):
        return _parsed(content, path)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UsageError(f'stub file "{path}" is not UTF-8') from None


def read_folder(folder: Path) -> dict[str, Any]:
    """Return the stubs in a folder by name: `NAME.json` for a step, and `responses.json` for HTTP requests.

    Raises:
        UsageError: If a file cannot be read or is not JSON, or two files have the same name.
    """
    try:
        files = sorted(file for file in folder.expanduser().iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise UsageError(f'cannot read folder of stubs "{folder}": {reason_of(error)}') from None
    stubs: dict[str, Any] = {}
    for file in files:
        for name, value in _stubs_in(file):
            if name in stubs:
                raise UsageError(f'"{folder}" has several stubs with the name "{name}"')
            stubs[name] = value
    return stubs


def _stubs_in(file: Path) -> Iterator[tuple[str, Any]]:
    if file.stem != RESPONSES:
        yield file.stem, read_stub(file.stem, file)
        return
    yield from _responses(_parsed(_read(file), file), str(file)).items()


def _responses(values: Any, source: str) -> dict[str, StubResponse]:
    """Return the responses of `responses.json` by `METHOD URL`."""
    if not isinstance(values, dict):
        raise UsageError(f'"{source}" must be an object with a response for each "METHOD URL"')
    for name, parts in values.items():
        if not isinstance(parts, dict) or "body" not in parts or parts.keys() - {"status", "headers", "body"}:
            message = f'response of "{name}" in "{source}" must have "body", and may have "status" and "headers"'
            raise UsageError(message)
    return {name: StubResponse(**parts) for name, parts in values.items()}


def _read(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f'cannot read stub file "{path}": {reason_of(error)}') from None


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return from_json(content)
    except ValueError as error:
        reason = str(error)
    raise UsageError(f'stub file "{path}" must be JSON: {reason}')
