"""Run a component with stubbed responses instead of a network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

from pydantic_core import to_json

from connector.component.component import Component
from connector.component.definitions import Payload
from connector.component.runner import Runner
from connector.errors import MissingExtraError, UsageError
from connector.testing.examples import dummy_fields, example_inputs, example_pages, example_payload
from connector.testing.stubs import SentRequest, Stub, StubQueue


class Harness:
    """Run a component with stubbed responses; use it in a `with` block.

    Inside the block, the library `responses` patches the whole process: every request made through `requests`, by this
    component or by anything else, in any thread, gets the response of a stub and never leaves the process. So a program
    that creates its own `Runner` is under test as well. Other HTTP libraries are not patched.

    Each stub serves one request that matches it. Stubs for a method and a path come before stubs for any request, then
    earlier ones before later ones. Leaving the block fails if a stub is unused or a request was unmatched.

    The harness never sleeps: a 429 raises at once, and with a `max_wait` the retry follows at once.

    Args:
        component: Component to run.
        connection: Key of the connection. Default: the first connection of the component.
        fields: Fields of the connection that matter to the test; the other required ones get a dummy.
        allow: See `Runner`.
        block: See `Runner`.
        read_only: See `Runner`.
        max_wait: Maximum seconds to wait for rate limits and retries, per request.

    Raises:
        ConnectionInputError: If a field is invalid.
        UnknownKeyError: If the component has no such connection, or no such action to allow or block.
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
        values = {"key": definition.key, "fields": {**dummy_fields(definition), **(fields or {})}}
        self.component = component
        self._runner = Runner(component, values, allow=allow, block=block, read_only=read_only, max_wait=max_wait)
        self._queue = StubQueue()
        self._stack = ExitStack()
        self._is_open = False

    @property
    def runner(self) -> Runner:
        """The runner, for pages, records, and limits.

        Raises:
            UsageError: If the harness is not in a `with` block, so that requests would go over the network.
        """
        if not self._is_open:
            hint = "Write: with Harness(component) as harness: ..."
            raise UsageError('harness must be used in a "with" block', hint=hint)
        return self._runner

    @property
    def requests(self) -> list[SentRequest]:
        """The requests in order, every attempt of a retried request included."""
        return list(self._queue.requests)

    @property
    def last_request(self) -> SentRequest:
        """The last request.

        Raises:
            AssertionError: If no request was made.
        """
        if not self._queue.requests:
            raise AssertionError("no request was made")
        return self._queue.requests[-1]

    def invoke(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Run an action and return its payload; see `Runner.invoke`."""
        return self.runner.invoke(key, inputs)

    def choices(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Return the choices of a data source; see `Runner.choices`."""
        return self.runner.choices(key, inputs)

    def example_inputs(self, key: str) -> dict[str, Any]:
        """Return an example of every required input of an action.

        Raises:
            UnknownKeyError: If the component has no such action.
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
            body: Bytes or a string, sent unchanged; None for no body; any other value is sent as JSON.
            status: HTTP status.
            headers: Headers of the response.
            method: Match only requests of this method.
            path: Match only requests of this path, percent-encoded and without a query: `/sources/abc`.
            repeat: Serve any number of requests, even none. Default: exactly one.

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
            UnknownKeyError: If the component has no such action.
            UsageError: If the action has no example payload.
        """
        payload = example_payload(self.component.action(key))
        self.respond(payload["data"], method=method, path=path, repeat=repeat)
        return payload

    def respond_with_pages(
        self, key: str, *pages: Sequence[Any], method: str | None = None, path: str | None = None
    ) -> None:
        """Stub one response per page of a list action: its example, with these records and the cursor of the next page.

        See `respond` for method and path.

        Raises:
            UnknownKeyError: If the component has no such action.
            UsageError: If the action is not a list action, or has no example payload with records.
        """
        for payload in example_pages(self.component.action(key), pages):
            self.respond(payload["data"], method=method, path=path)

    def respond_with_timeout(self, *, method: str | None = None, path: str | None = None, repeat: bool = False) -> None:
        """Stub a timeout: the request is sent and gets no response; see `respond`."""
        self._add(Stub(status=None), method, path, repeat)

    def assert_all_called(self) -> None:
        """Assert that every stub was used and every request matched. Leaving the block does the same.

        Raises:
            UnexpectedRequestError: If a request was unmatched, even if the program caught its error.
            AssertionError: If a stub is unused.
        """
        self._queue.check()

    def __enter__(self) -> Self:
        if self._is_open:
            raise UsageError("harness is already open", hint="Use the open harness, or create another one.")
        try:
            from connector.testing.patching import no_waiting, patched
        except ImportError as error:
            hint = "Run: pip install 'segment-connector[testing]'"
            raise MissingExtraError(f"the harness needs {error.name}", hint=hint) from None
        self._stack.enter_context(no_waiting())
        self._stack.enter_context(patched(self._queue))
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
            raise UsageError(f'invalid path "{path}"', hint="Pass a path such as /sources/abc, without host and query.")
        stub.method, stub.path, stub.repeat = method and method.upper(), path, repeat
        self._queue.stubs.append(stub)


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
