"""Running a component with prepared replies instead of a network."""

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
    """A component whose requests are answered by the test; use it in a `with` block.

    Inside the block the whole process is patched, by the library `responses`: every request made through `requests`,
    of this component or of anything else, in any thread, is answered from the prepared replies and never leaves the
    process. So a program that makes a `Runner` of its own is under test, too. Other HTTP libraries are not patched.
    Each reply answers one request that it fits; of several, the one that was prepared for this method and path goes
    before one for any, then the earlier before the later. Leaving the block fails when a reply was never asked for, or
    a request found none.

    No time passes: a 429 raises at once, and with a `max_wait` the repetition follows at once.

    Args:
        component: What to run.
        connection: Key of the connection; the component's first one unless given.
        fields: Fields of the connection that matter to the test; the other required ones get a dummy.
        allow: See `Runner`.
        block: See `Runner`.
        read_only: See `Runner`.
        max_wait: Seconds that one request may wait on rate limits and between tries.

    Raises:
        ConnectionInputError: A field does not fit.
        UnknownKeyError: The component has no such connection, or no such action to allow or block.
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
        given = {"key": definition.key, "fields": {**dummy_fields(definition), **(fields or {})}}
        self.component = component
        self._runner = Runner(component, given, allow=allow, block=block, read_only=read_only, max_wait=max_wait)
        self._script = StubQueue()
        self._stack = ExitStack()
        self._is_open = False

    @property
    def runner(self) -> Runner:
        """The runner, for pages, items and limits.

        Raises:
            UsageError: The harness is not in a `with` block, so that requests would go over the network.
        """
        if not self._is_open:
            hint = "Use it so: with Harness(component) as harness: ..."
            raise UsageError("a harness runs nothing outside its with block.", hint=hint)
        return self._runner

    @property
    def requests(self) -> list[SentRequest]:
        """The requests that were made, in order, the tries that were repeated included."""
        return list(self._script.requests)

    @property
    def last_request(self) -> SentRequest:
        """The last request that was made.

        Raises:
            AssertionError: None was made.
        """
        if not self._script.requests:
            raise AssertionError("no request was made.")
        return self._script.requests[-1]

    def invoke(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Perform an action; see `Runner.invoke`."""
        return self.runner.invoke(key, inputs)

    def choices(self, key: str, inputs: Mapping[str, Any] | None = None) -> Payload:
        """Ask a data source; see `Runner.options`."""
        return self.runner.choices(key, inputs)

    def example_inputs(self, key: str) -> dict[str, Any]:
        """An example of every required input of an action.

        Raises:
            UnknownKeyError: There is no such action.
            UsageError: A required input has no example.
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
        """Prepare a reply.

        Args:
            body: Bytes or text as they are; None for no body; anything else goes out as JSON.
            status: HTTP status.
            headers: Headers of the reply.
            method: Answer only requests of this method.
            path: Answer only requests of this path, which is percent-encoded and has no query: `/sources/abc`.
            repeat: Answer every such request, even if there is none; otherwise exactly one.

        Raises:
            UsageError: The path has a query or a host.
        """
        content, kind = _content(body)
        self._prepare(Stub(status=status, headers={**kind, **(headers or {})}, body=content), method, path, repeat)

    def respond_with_example(
        self, key: str, *, method: str | None = None, path: str | None = None, repeat: bool = False
    ) -> Payload:
        """Prepare the reply from which an action makes its example payload; see `reply`.

        Returns:
            The example payload: what the action is going to answer.

        Raises:
            UnknownKeyError: There is no such action.
            UsageError: It has no example payload.
        """
        payload = example_payload(self.component.action(key))
        self.respond(payload["data"], method=method, path=path, repeat=repeat)
        return payload

    def respond_with_pages(
        self, key: str, *pages: Sequence[Any], method: str | None = None, path: str | None = None
    ) -> None:
        """Prepare one reply a page of an action that lists: its example, with these records and a cursor to the next.

        See `reply` for method and path.

        Raises:
            UnknownKeyError: There is no such action.
            UsageError: It does not list, or has no example payload with records.
        """
        for payload in example_pages(self.component.action(key), pages):
            self.respond(payload["data"], method=method, path=path)

    def respond_with_timeout(self, *, method: str | None = None, path: str | None = None, repeat: bool = False) -> None:
        """Prepare that a request goes out and is not answered in time; see `reply`."""
        self._prepare(Stub(status=None), method, path, repeat)

    def assert_all_called(self) -> None:
        """See that every prepared reply was asked for, and every request answered; leaving the block does it, too.

        Raises:
            UnexpectedRequestError: A request found no reply, even if its error was caught on the way.
            AssertionError: A reply was never asked for.
        """
        self._script.check()

    def __enter__(self) -> Self:
        if self._is_open:
            raise UsageError("this harness is open already.", hint="Use it as it is, or make another one.")
        try:
            from connector.testing.patching import no_waiting, patched
        except ImportError as error:
            hint = "Install it: pip install 'segment-connector[testing]'"
            raise MissingExtraError(f"the harness needs the library {error.name}.", hint=hint) from None
        self._stack.enter_context(no_waiting())
        self._stack.enter_context(patched(self._script))
        self._stack.callback(self._runner.close)
        self._is_open = True
        return self

    def __exit__(self, kind: object, *_rest: object) -> None:
        self._is_open = False
        self._stack.close()
        if kind is None:
            self.assert_all_called()

    def _prepare(self, stub: Stub, method: str | None, path: str | None, repeat: bool) -> None:
        if path is not None and (not path.startswith("/") or "?" in path):
            raise UsageError(f'a reply cannot be for the path "{path}".', hint="Give it like /sources/abc, alone.")
        stub.method, stub.path, stub.repeat = method and method.upper(), path, repeat
        self._script.stubs.append(stub)


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
