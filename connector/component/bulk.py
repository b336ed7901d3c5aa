"""One call of an action per row, resumable: no write is sent twice, even after a kill."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from connector.component.bulk_journal import (
    DONE,
    MAX_LISTED,
    SKIPPED,
    BulkJournal,
    Unknown,
    digest_of,
    unknown_outcome,
)
from connector.component.component import error_context
from connector.component.context import Context
from connector.component.definitions import Payload
from connector.component.recorded_write import perform_recorded, without_rate_limit_waits
from connector.errors import (
    AuthenticationError,
    CallCancelledError,
    ConnectorError,
    DeadlineError,
    JournalError,
    PolicyError,
    SetupError,
    UnreachableError,
    UsageError,
)
from connector.rest.hosts import is_loopback

if TYPE_CHECKING:
    from connector.component.runner import Runner

WINDOW = 4
"""Rows per worker that may be finished before the row whose turn it is."""

OF_EVERY_ROW = (AuthenticationError, CallCancelledError, DeadlineError, PolicyError, SetupError, UnreachableError)
"""Errors that every other row would meet too: they end a run that otherwise keeps going."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Attributes:
        row: Number of the row, from 1.
        status: `done`; `failed`: nothing was applied, or the write is idempotent and can be sent again; `unknown`: the
            write may have been applied; or `skipped`: its outcome was unknown, and the caller decided that it was
            applied.
        payload: Payload of a row that is done.
        error: Error of a row that failed, or whose outcome is unknown.
        is_earlier: True if an earlier process performed the row.
    """

    row: int
    status: Literal["done", "failed", "unknown", "skipped"]
    payload: Payload | None = None
    error: ConnectorError | None = None
    is_earlier: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON: `{"row", "status"}` with `payload` or `error`."""
        line: dict[str, Any] = {"row": self.row, "status": self.status}
        if self.payload is not None:
            line["payload"] = self.payload
        return line | (self.error.to_dict() if self.error else {})


class BulkRun:
    """A run of an action for each row: iterate over it for the results, in the order of the rows.

    Only the rows on their way are in memory. If a row fails, it is yielded, and its error is raised at the end, unless
    the run keeps going.

    Attributes:
        run: ID of the run, for `resume`.
        is_done: True when every row is done or skipped.
    """

    def __init__(
        self,
        runner: Runner,
        key: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        journal: bool | str | Path = True,
        resume: str | Path | None = None,
        unknown: Unknown | Mapping[int, Unknown] = "stop",
        on_error: Literal["stop", "keep-going"] = "stop",
        parallel: int = 1,
        max_wait: float | None = None,
        deadline: float | None = None,
        credentials: str = "",
    ) -> None:
        """Create or reopen the journal; see `Runner.each`.

        `credentials` names where they are from, such as a profile. A run is resumed only with the same, since others
        can be for another workspace on the same host.
        """
        if parallel < 1:
            raise UsageError(f"parallel must be 1 or more, got {parallel}", action=key)
        self._action = runner.component.action(key)
        self._runner = runner
        self._limits = without_rate_limit_waits(runner.context(max_wait, deadline).limits)
        self._rows = rows
        self._keep_going = on_error == "keep-going"
        self._parallel = parallel
        self._stopping = threading.Event()
        self._on_their_way: set[int] = set()  # rows whose write was sent, and not rejected
        connection = runner.connection.definition.key
        header = {
            "component": runner.component.key,
            "action": key,
            "connection": connection,
            "host": _host(runner),
            "base path": runner.connection.endpoint(None).base_path,
        } | ({"credentials": credentials} if credentials else {})
        if resume is None:
            self._journal = BulkJournal.create(journal, header, len(rows) if isinstance(rows, Sized) else None)
        else:
            self._journal = BulkJournal.reopen(resume, header)
            try:
                self._check_rows()
                self._decide(unknown)
            except BaseException:
                self._journal.close(is_done=False)
                raise
        self.run = self._journal.run
        self.is_done = False
        self._results = self._iterate()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RowResult:
        return next(self._results)

    def close(self) -> None:
        """Wait for the rows on their way, and let another process resume the run."""
        self._stopping.set()
        self._results.close()
        self._journal.close(is_done=self.is_done)

    @property
    def location(self) -> str:
        """Path of the journal; empty without one."""
        return self._journal.location

    @property
    def can_resume(self) -> bool:
        """True if the run is not done, and its journal knows of a row."""
        return self._journal.can_resume and not self.is_done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _check_rows(self) -> None:
        """Check rows that can be read twice before one of them is sent; others are checked as they come.

        Raises:
            UsageError: If they are not the rows that the run started with.
        """
        if isinstance(self._rows, Sized):
            self._journal.check_number(len(self._rows))
            for number, row in enumerate(self._rows, 1):
                self._journal.state(number, digest_of(self._journal.run, row))

    def _decide(self, unknown: Unknown | Mapping[int, Unknown]) -> None:
        """Record what to do with each write of unknown outcome.

        Raises:
            JournalError: If nothing is decided about one of them.
            UsageError: If something is decided about another row.
        """
        rows = self._journal.unknown_rows()
        for row in () if isinstance(unknown, str) else unknown:
            if row not in rows:
                listed = ", ".join(map(str, rows[:MAX_LISTED]))
                hint = f"Rows of unknown outcome: {listed}." if rows else "Leave out the decision about it."
                raise UsageError(f"row {row} of run {self._journal.run} has no unknown outcome", hint=hint)
        decisions = {row: unknown if isinstance(unknown, str) else unknown.get(row, "stop") for row in rows}
        if self._action.idempotent:
            decisions = {row: "retry" if decision == "stop" else decision for row, decision in decisions.items()}
        undecided = [row for row, decision in decisions.items() if decision == "stop"]
        if undecided:
            raise unknown_outcome(self._journal.run, undecided)
        for row, decision in decisions.items():
            self._journal.decided(row, decision)

    def _iterate(self) -> Generator[RowResult]:
        """Yield the results; what ends the run, ends it after the rows that are on their way."""
        pending: deque[Future[RowResult | None]] = deque()
        failures: list[ConnectorError] = []
        is_clean = True
        pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="connector-each")
        try:
            for result in self._in_order(pool, pending):
                if result.error is not None:
                    is_clean = False
                    failures += [result.error] if self._ends_run(result.error) and not failures else []
                yield result
            if failures:
                raise failures[0]
            self.is_done = is_clean
        finally:
            self._stopping.set()
            for future in pending:
                future.cancel()
            pool.shutdown()
            self._journal.close(is_done=self.is_done)

    def _ends_run(self, error: ConnectorError) -> bool:
        return not self._keep_going or isinstance(error, OF_EVERY_ROW)

    def _in_order(self, pool: ThreadPoolExecutor, pending: deque[Future[RowResult | None]]) -> Iterator[RowResult]:
        number = 0
        for number, row in enumerate(self._rows, 1):
            if self._stopping.is_set():
                break
            pending.append(self._submit(pool, number, row))
            while pending and (pending[0].done() or len(pending) >= WINDOW * self._parallel):
                yield from _performed(pending.popleft())
        else:
            self._journal.ended(number)
        while pending:
            yield from _performed(pending.popleft())

    def _submit(self, pool: ThreadPoolExecutor, number: int, row: Mapping[str, Any]) -> Future[RowResult | None]:
        digest = digest_of(self.run, row)
        state = self._journal.state(number, digest)
        if state not in (DONE, SKIPPED):
            return pool.submit(self._perform, number, digest, row)
        earlier: Future[RowResult | None] = Future()
        if state == DONE:
            earlier.set_result(RowResult(number, "done", self._journal.payload(number), is_earlier=True))
        else:
            earlier.set_result(RowResult(number, "skipped", is_earlier=True))
        return earlier

    def _perform(self, number: int, digest: int, row: Mapping[str, Any]) -> RowResult | None:
        """Perform one row; None if an earlier one ended the run."""
        if self._stopping.is_set():
            return None
        try:
            with error_context(self._action.key):
                payload = self._payload(number, digest, row)
            self._journal.done(number, digest, payload)
        except JournalError:
            self._stopping.set()
            raise
        except ConnectorError as error:
            if self._ends_run(error):
                self._stopping.set()
            is_unknown = number in self._on_their_way and not self._action.idempotent
            return RowResult(number, "unknown" if is_unknown else "failed", error=error)
        finally:
            self._on_their_way.discard(number)
        return RowResult(number, "done", payload)

    def _payload(self, number: int, digest: int, row: Mapping[str, Any]) -> Payload:
        inputs = self._action.inputs.from_values(row)
        is_write = self._action.effect_of(inputs) != "read"
        runner = self._runner

        def started() -> None:
            if is_write:
                self._journal.started(number, digest)
                self._on_their_way.add(number)

        def rejected(reason: str) -> None:
            if is_write:
                self._journal.rejected(number, reason)
                self._on_their_way.discard(number)

        runner.policy.check(self._action, inputs)
        return perform_recorded(
            runner.component,
            self._action,
            Context(runner.component, runner.connection, limits=self._limits, policy=runner.policy),
            inputs,
            started=started,
            rejected=rejected,
            wait=self._wait,
        )

    def _wait(self, seconds: float, reason: str) -> None:
        if self._runner.on_wait:
            self._runner.on_wait(seconds, reason)
        if self._stopping.wait(seconds):
            raise CallCancelledError("the run stopped while the call waited", hint="Resume the run.")


def _performed(future: Future[RowResult | None]) -> Iterator[RowResult]:
    """Yield the result of a row, unless the row was not performed."""
    result = future.result()
    if result is not None:
        yield result


def _host(runner: Runner) -> str:
    """Return the host that a run goes to; a local server, such as a sandbox, has another port each time."""
    host = runner.connection.endpoint(None).host
    return "localhost" if is_loopback(urlsplit(f"//{host}").hostname or "") else host
