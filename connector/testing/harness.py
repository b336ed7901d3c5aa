"""Running a component with stubbed responses instead of a network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

from pydantic_core import to_json

from connector.component.component import Component
from connector.component.definitions import Payload
from connector.component.runner import Runner
from connector.describe.summaries import example_inputs
from connector.errors import MissingExtraError, UsageError
from connector.testing.examples import dummy_fields, example_pages, example_payload, response_of
from connector.testing.stubs import SentRequest, Stub, StubQueue


class Harness:
    """A component whose responses the test stubs; use it in a `with` block.

    Inside the block the library `responses` patches the whole process: every request made through `requests`, in any
    thread, by this component or anything else, gets a stub and never leaves the process. So a program that creates its
    own `Runner` can be tested. Other HTTP libraries are not patched. Each stub responds to one matching request; a stub
    for the request's method and path goes before a stub for any, and an earlier stub before a later one. Leaving the
    block fails if a stub was not used, or a request matched none.

    The harness never sleeps: a 429 raises at once, and with a `max_wait` the retry follows at once.

    Args:
        component: Component to run.
        connection: Key of the connection. Default: the component's first one.
        fields: Fields of the connection that matter to the test; the other required ones get a dummy.
        allow: See `Runner`.
        block: See `Runner`.
        read_only: See `Runner`.
        max_wait: Maximum seconds to wait for rate limits and retries, per request.

    Raises:
        ConnectionInputError: If a field is invalid.
        UnknownKeyError: If the component has no such connection, or nothing with a key to allow or block.
    """

    def __init__(
        self,
        component: Component,
        *,
        connection: str | None = None,
        fields: Mapping[str, Any] | None = None,
        allow: Collection[str] | None = None,
        block: Collection[str] = (),
        read_only: bool = False,
        max_wait: float = 0,
    ) -> None:
        definition = component.connection(connection)
        credentials = {"key": definition.key, "fields": {**dummy_fields(definition), **(fields or {})}}
        self.component = component
        self._runner = Runner(component, credentials, allow=allow, block=block, read_only=read_only, max_wait=max_wait)
        self._stubs = StubQueue()
        self._stack = ExitStack()
        self._is_open = False

    @property
    def runner(self) -> Runner:
        """The runner, for pages, records and limits.

        Raises:
            UsageError: If the harness is not in a `with` block, so that requests would go over the network.
        """
        if not self._is_open:
            hint = "Write: with Harness(component) as harness: ..."
            raise UsageError('Harness must be used in a "with" block', hint=hint)
        return self._runner

    @property
    def requests(self) -> list[SentRequest]:
        """The requests that were sent, in order, including retries."""
        return list(self._stubs.requests)

    @property
    def last_request(self) -> SentRequest:
        """The last request that was sent.

        Raises:
            AssertionError: If no request was sent.
        """
        if not self._stubs.requests:
            raise AssertionError("no request was sent")
        return self._stubs.requests[-1]

    def invoke(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Run an action; see `Runner.invoke`."""
        return self.runner.invoke(key, inputs)

    def choices(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Return the choices of a data source; see `Runner.choices`."""
        return self.runner.choices(key, inputs)

    def example_inputs(self, key: str) -> dict[str, Any]:
        """Return an example of every required input of an action.

        Raises:
            UnknownKeyError: If there is no such action.
            UsageError: If a required input has no example.
        """
        return example_inputs(self.component.action(key))

    def respond(
        self,
        body: Any = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
        path: str | None = None,
        repeat: bool = False,
    ) -> None:
        """Stub a response.

        Args:
            body: Bytes or a string, sent unchanged; None for no body; anything else is sent as JSON.
            status: HTTP status.
            headers: Headers of the response.
            method: Respond only to requests with this method.
            path: Respond only to requests with this path, percent-encoded and without a query: `/sources/abc`.
            repeat: Respond to every matching request, even if there is none. Default: exactly one.

        Raises:
            UsageError: If the path has a query or a host.
        """
        content, kind = _content(body)
        self._add(Stub(status=status, headers={**kind, **(headers or {})}, body=content), method, path, repeat)

    def respond_with_example(
        self, key: str, *, method: str | None = None, path: str | None = None, repeat: bool = False
    ) -> Payload:
        """Stub the response from which an action makes its example payload; see `respond`.

        Returns:
            The example payload, which the action will return.

        Raises:
            UnknownKeyError: If there is no such action.
            UsageError: If it has no example payload.
        """
        action = self.component.action(key)
        payload = example_payload(action)
        body, headers = response_of(action, payload)
        self.respond(body, headers=headers, method=method, path=path, repeat=repeat)
        return payload

    def respond_with_pages(
        self, key: str, *pages: Sequence[Any], method: str | None = None, path: str | None = None
    ) -> None:
        """Stub one response per page of a list action: its example, with these records and what leads to the next page.

        See `respond` for method and path.

        Raises:
            UnknownKeyError: If there is no such action.
            UsageError: If it is not a list action, or has no example payload with records.
        """
        action = self.component.action(key)
        for payload in example_pages(action, pages):
            body, headers = response_of(action, payload)
            self.respond(body, headers=headers, method=method, path=path)

    def respond_with_timeout(self, *, method: str | None = None, path: str | None = None, repeat: bool = False) -> None:
        """Stub a timeout; see `respond`."""
        self._add(Stub(status=None), method, path, repeat)

    def assert_all_called(self) -> None:
        """Assert that every stub was used and every request matched. Leaving the block does so as well.

        Raises:
            UnexpectedRequestError: If a request matched no stub, even if its error was caught.
            AssertionError: If a stub was not used.
        """
        self._stubs.check()

    def __enter__(self) -> Self:
        if self._is_open:
            raise UsageError("this harness is already open", hint="Create another one.")
        try:
            from connector.testing.patching import no_waiting, patched
        except ImportError as error:
            hint = "Run: pip install 'segment-connector[testing]'"
            raise MissingExtraError(f"the harness needs {error.name}", hint=hint) from None
        self._stack.enter_context(no_waiting())
        self._stack.enter_context(patched(self._stubs))
        self._stack.callback(self._runner.close)
        self._is_open = True
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._is_open = False
        self._stack.close()
        if kind is None:
            self.assert_all_called()

    def _add(self, stub: Stub, method: str | None, path: str | None, repeat: bool) -> None:
        if path is not None and (not path.startswith("/") or "?" in path):
            raise UsageError(f'invalid path "{path}"', hint="Pass a path without host and query, such as /sources/abc.")
        stub.method, stub.path, stub.repeat = method and method.upper(), path, repeat
        self._stubs.stubs.append(stub)


def _content(body: Any) -> tuple[bytes, dict[str, str]]:
    match body:
        case None:
            return b"", {}
        case bytes():
            return body, {}
        case str():
            return body.encode(), {"Content-Type": "text/plain; charset=utf-8"}
        case _:
            return to_json(body), {"Content-Type": "application/json"}
