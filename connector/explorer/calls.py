"""Calls from the page, performed or only shown, each with the requests that it sent; the last ones are kept."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.common.redaction import REDACTED, Redactor
from connector.component.dry_run import DryRun, redacted_request
from connector.component.inputs import EMPTY
from connector.component.pagination import first_value, has_next_page, records_of
from connector.component.runner import Runner
from connector.errors import ConnectorError, InputError
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.definitions import Action
    from connector.rest import Request

State = Literal["done", "failed", "shown", "ask"]

KEPT_CALLS = 50
MAX_WAIT_SECONDS = 20.0
DEADLINE_SECONDS = 60.0

_SENT: ContextVar[list[dict[str, Any]] | None] = ContextVar("connector explorer requests", default=None)
"""The requests of the call in this context; None outside of the calls of a page."""


class RequestLog:
    """A plugin that logs the requests of the page's own calls.

    Hooks belong to the component, which other threads use as well, so it goes by the context of the call.
    """

    @hookimpl(wrapper=True, trylast=True)
    def send_request(self, context: Context, request: Request) -> Any:
        """Log one request and its status."""
        sent = _SENT.get()
        if sent is None or context.inputs is None:
            return (yield)
        line = {**redacted_request(context.inputs, context.endpoint, request), "status": None}
        sent.append(line)
        began = time.perf_counter()
        try:
            response = yield
            line["status"] = response.status
            return response
        finally:
            line["ms"] = round((time.perf_counter() - began) * 1000, 1)


REQUEST_LOG = RequestLog()
PLUGIN_NAME = "explorer"


@dataclass
class Call:
    """One call.

    Attributes:
        id: Its number.
        key: Key of the action.
        inputs: Its inputs, without secrets.
        time: Seconds since 1970.
        state: `done`, `failed`, `shown` without being sent, or `ask` for a confirmation.
        seconds: How long it took.
        payload: What the action returned.
        request: The request of a call that was only shown.
        error: The error as JSON.
        requests: The requests that were sent.
        next: Inputs of the next page of a list; None if there is none.
        secrets: How many values of the payload are redacted in the page.
    """

    id: int
    key: str
    inputs: dict[str, Any]
    time: float = field(default_factory=time.time)
    state: State = "done"
    seconds: float = 0.0
    payload: Any = field(default=None, repr=False)
    request: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    next: dict[str, Any] | None = None
    secrets: int = 0


class Calls:
    """Performs the calls of the page.

    Args:
        runner: The runner, whose policy may reject writes.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        # It never sends anything, so that a write can also be shown where none may be sent.
        self._rehearsing = Runner(runner.component, runner.connection)
        self._calls: OrderedDict[int, Call] = OrderedDict()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        plugins = runner.component.plugins
        if not plugins.has_plugin(PLUGIN_NAME):
            runner.component.add_plugin(REQUEST_LOG, PLUGIN_NAME)

    def latest(self) -> list[Call]:
        """Return the calls, newest first."""
        with self._lock:
            return list(reversed(self._calls.values()))

    def find(self, number: int) -> Call | None:
        """Return a call by its number."""
        return self._calls.get(number)

    def request_of(self, key: str, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the first request of a call, redacted, without sending anything; None if there is none.

        Raises:
            InputError: If the inputs are invalid.
        """
        try:
            return self._rehearsing.dry_run(key, inputs, send_reads=False, max_wait=0).request
        except InputError:
            raise
        except ConnectorError:
            return None

    def show(self, key: str, inputs: Mapping[str, Any], state: State = "shown") -> Call:
        """Return what a call would send, without sending anything."""
        call = self._call(key, inputs)
        with self._timed(call):
            result: DryRun = self._rehearsing.dry_run(key, inputs, send_reads=False, max_wait=0)
            call.request, call.state = result.request, state
        return self._store(call)

    def perform(self, key: str, inputs: Mapping[str, Any]) -> Call:
        """Run an action."""
        action = self.runner.component.action(key)
        call = self._call(key, inputs)
        token = _SENT.set(call.requests)
        try:
            with self._timed(call):
                call.payload = self.runner.invoke(key, inputs, max_wait=MAX_WAIT_SECONDS, deadline=DEADLINE_SECONDS)
                call.next = next_page(action, call.inputs, call.payload)
                call.secrets = count_redacted(redacted_payload(action, call.payload), call.payload)
        finally:
            _SENT.reset(token)
        return self._store(call)

    def to_dict(self, call: Call, *, reveal: bool = False) -> dict[str, Any]:
        """Return a call as JSON.

        Args:
            call: The call.
            reveal: Whether to show the secrets of the payload.
        """
        values = {name: getattr(call, name) for name in call.__dataclass_fields__}
        if not reveal:
            values["payload"] = redacted_payload(self.runner.component.action(call.key), call.payload)
        return values

    def _call(self, key: str, inputs: Mapping[str, Any]) -> Call:
        secret = self.runner.component.action(key).inputs.secret_keys()
        visible = {name: REDACTED if name in secret else value for name, value in inputs.items()}
        return Call(next(self._numbers), key, visible)

    @contextmanager
    def _timed(self, call: Call) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        except ConnectorError as error:
            call.state, call.error = "failed", error.to_dict()["error"]
        call.seconds = time.perf_counter() - began

    def _store(self, call: Call) -> Call:
        if call.error is None or call.error["type"] != InputError.__name__:
            with self._lock:
                self._calls[call.id] = call
                while len(self._calls) > KEPT_CALLS:
                    self._calls.popitem(last=False)
        return call


def needs_confirmation(action: Action[Any], inputs: Mapping[str, Any]) -> bool:
    """Return whether an action is to be confirmed: a destructive one, and a write whose effect depends on its inputs.

    Raises:
        InputError: If the inputs are invalid.
    """
    effect = action.effect_of(action.inputs.from_values(inputs))
    return effect == "destructive" or (action.effect_depends_on_inputs and effect != "read")


def form_inputs(raw_inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs in which an empty string, which the form sends only on purpose, is one."""
    return {key: EMPTY if value == "" else value for key, value in raw_inputs.items()}


def next_page(action: Action[Any], inputs: Mapping[str, Any], payload: Any) -> dict[str, Any] | None:
    """Return the inputs of the next page of a list; None if there is none."""
    pagination = action.pagination
    if pagination is None or not has_next_page(action, payload):
        return None
    info = action.inputs.model_fields[pagination.cursor_input]
    name = info.alias or pagination.cursor_input
    if pagination.cursor:
        return {**inputs, name: first_value(pagination.cursor, payload)}
    before = int(inputs.get(name) or (0 if pagination.style == "offset" else pagination.first_page))
    step = len(records_of(action, payload)) if pagination.style == "offset" else 1
    return {**inputs, name: before + step}


def redacted_payload(action: Action[Any], payload: Any) -> Any:
    """Return a payload without the values that the API description marks as secret, or whose names sound so."""
    names = action.operation.secret_fields if action.operation else ()
    return Redactor((), names).record(payload)


def count_redacted(redacted: Any, value: Any) -> int:
    """Return how many values of a payload are redacted."""
    if isinstance(redacted, dict) and isinstance(value, dict):
        return sum(count_redacted(part, value.get(key)) for key, part in redacted.items())
    if isinstance(redacted, list) and isinstance(value, list):
        return sum(map(count_redacted, redacted, value))
    return int(redacted != value)
