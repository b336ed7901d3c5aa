"""One call of an action per row, submitted to workers in shards: each shard is a run of a flow that loops over rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from connector.common.private_files import dump_line
from connector.component.component import Component
from connector.errors import ConnectorError, OutcomeUnknownError, UsageError
from connector.flows.file.parse import read_text
from connector.flows.run.prepare import CheckedFlow, check_flow
from connector.flows.run.submitted import ENDED, store_submission
from connector.flows.steps.trigger import webhook_request
from connector.journal.journals import check_id, default_database, new_id
from connector.journal.past_runs import PastRun, past_run
from connector.journal.reader import read_all
from connector.workers.submissions import PRIORITY, check_placing, check_profiles, submit_again, wait

if TYPE_CHECKING:
    from connector.flows.flow import Components
    from connector.flows.run.resume import Unknown

ROWS = 500
"""Rows of a shard: what one worker takes at once."""

BYTES = 2**20
"""Size of a shard from which it takes no further row; a worker has the rows of its shards in memory."""

_LOOP, _CALL = "rows", "call"

_NO_RESPONSE = OutcomeUnknownError("the worker ended between the request and its response").to_dict()["error"]

Status = Literal["done", "failed", "unknown", "skipped", "pending"]


@dataclass(frozen=True, slots=True)
class Shard:
    """Some rows of a submitted file, one after the other.

    Attributes:
        run: ID of the run that performs them.
        first: Number of the first row, from 1.
        rows: Number of rows.
    """

    run: str
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class SubmittedRow:
    """What became of one row.

    Attributes:
        row: Number of the row, from 1.
        status: `done`, `failed`, `unknown`, or `skipped`, as in `RowResult`; `pending`: it was not performed, since
            its shard ended before.
        payload: Payload of a row that is done.
        error: Why it failed or its outcome is unknown, as `ConnectorError.to_dict` has it. A pending row has the error
            of its shard, unless another row of the shard says why.
    """

    row: int
    status: Status
    payload: Any = None
    error: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON, in the form of `RowResult`."""
        line: dict[str, Any] = {"row": self.row, "status": self.status}
        if self.status == "done":
            line["payload"] = self.payload
        if self.error is not None:
            line["error"] = dict(self.error)
        return line


@dataclass(frozen=True, slots=True)
class SubmittedRows:
    """A file of rows that was submitted.

    Attributes:
        id: Its ID; the runs of its shards are `ID.1`, `ID.2`, and so on.
        database: URL of the database.
        shards: The shards, in the order of the rows.
        is_new: False if all shards were submitted before.
    """

    id: str
    database: str = field(repr=False)
    shards: Sequence[Shard] = field(repr=False)
    is_new: bool = True

    def results(self, timeout: float | None = None) -> Iterator[SubmittedRow]:
        """Iterate over the results in the order of the rows. Wait for each shard; one is in memory.

        Raises:
            JournalError: If a shard was deleted, or the database cannot be used.
            TimeoutError: If a shard has not ended in time.
        """
        until = None if timeout is None else time.monotonic() + timeout
        for shard in self.shards:
            run = wait(shard.run, database=self.database, timeout=None if until is None else until - time.monotonic())
            yield from _rows_of(self.database, shard, run)

    def submit_again(
        self, components: Components = None, *, unknown: Unknown | Mapping[int, Unknown] = "stop"
    ) -> list[str]:
        """Let the shards that failed or were cancelled go on, and return their IDs; see `submit_again` of a run.

        Args:
            components: See `Flow.run`.
            unknown: What to do with the write of each row of unknown outcome, or of a row by its number.

        Raises:
            JournalError: If a write has an unknown outcome, and nothing is decided about it.
        """
        again = []
        for shard in self.shards:
            run = past_run(f"{self.database}#{shard.run}")
            if run.status in ENDED and run.status != "done":
                submit_again(shard.run, components, database=self.database, unknown=_by_path(shard, unknown))
                again.append(shard.run)
        return again


def submit_each(
    component: Component,
    key: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    database: str | None = None,
    id: str | None = None,  # noqa: A002 - the ID of the run, as everywhere
    on_error: Literal["stop", "keep-going"] = "stop",
    profiles: Mapping[str, str] | None = None,
    priority: int = PRIORITY,
    delay: float = 0,
) -> SubmittedRows:
    """Submit one call of an action per row; only the rows of one shard are in memory.

    Args:
        component: Component of the action.
        key: Key of the action.
        rows: Inputs by key for each call.
        database: See `Worker`.
        id: ID of the whole. The same ID again with the same rows changes nothing.
        on_error: End a shard at its first row that fails, or keep going.
        profiles: See `submit`.
        priority: See `submit`.
        delay: See `submit`.

    Raises:
        UnknownKeyError: If there is no such action.
        UsageError: If an argument or a row is invalid, or the ID was used for other rows.
        JournalError: If the database cannot be used.
    """
    from connector.workers.queue import RunQueue  # imports DBOS, which takes most of a second

    if on_error not in {"stop", "keep-going"}:
        raise UsageError(f'on_error must be "stop" or "keep-going", got {on_error!r}')
    check_placing(priority, delay)
    checked = _checked(component, key, keep_going=on_error == "keep-going")
    check_profiles(checked, profiles or {})
    url, run_id = database or default_database(), check_id(new_id() if id is None else id)
    reused = _reused(run_id)
    shards, is_new = [], False
    with closing(RunQueue(url)) as queue:
        for shard, payload in split(run_id, rows):
            request = webhook_request({"rows": payload})
            is_new |= store_submission(
                checked, request, database=url, run_id=shard.run, profiles=profiles or {}, reused=reused
            )
            queue.put(shard.run, priority=priority, delay=delay)
            shards.append(shard)
    return SubmittedRows(run_id, url, shards, is_new or not shards)


def _reused(run_id: str) -> UsageError:
    # A new ID would send the rows that are done once more, so that it must not be the first advice.
    text = f'ID "{run_id}" was used with other rows, another action, or another --on-error (on_error in Python)'
    hint = "To go on with the run, pass the rows, -i, and --on-error of before. Use another ID only for other rows."
    return UsageError(text, hint=hint)


def split(run_id: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Shard, list[dict[str, Any]]]]:
    """Split rows into shards; the same rows are always split alike.

    Raises:
        UsageError: If a row is not a mapping.
    """
    number, first, size = 1, 1, 0
    part: list[dict[str, Any]] = []
    for row in rows:
        if not isinstance(row, Mapping):
            raise UsageError(f"row {first + len(part)} must be inputs by key, got {type(row).__name__}")
        part.append(dict(row))
        size += len(dump_line(row))
        if len(part) >= ROWS or size >= BYTES:
            yield Shard(f"{run_id}.{number}", first, len(part)), part
            number, first, size, part = number + 1, first + len(part), 0, []
    if part:
        yield Shard(f"{run_id}.{number}", first, len(part)), part


def _checked(component: Component, key: str, *, keep_going: bool) -> CheckedFlow:
    """Return a flow that performs an action for each row of its payload."""
    action = component.action(key)
    inputs = {
        name: {"type": "reference", "value": f"{_LOOP}.currentItem.{name}"} for name in action.inputs.definitions()
    }
    call: dict[str, Any] = {"name": _CALL, "action": _of(component.key, key), "inputs": inputs}
    if keep_going:
        call["errorConfig"] = {"errorHandlerType": "ignore"}
    items = {"type": "reference", "value": "trigger.results.body.data.rows"}
    trigger = {
        "name": "trigger",
        "isTrigger": True,
        "action": _of("webhook-triggers", "webhook"),
        "inputs": {},
    }
    loop = {"name": _LOOP, "action": _of("loop", "loopOverItems"), "inputs": {"items": items}, "steps": [call]}
    flow = {"name": f"{key} for each row", "steps": [trigger, loop]}
    document = {"name": component.key, "definitionVersion": 7, "flows": [flow]}
    integration = read_text(dump_line(document).decode(), "--each")
    return check_flow(integration, integration.flows[0], {component.key: component}, {})


def _of(component: str, action: str) -> dict[str, Any]:
    return {"key": action, "component": {"key": component}}


def _path(index: int) -> str:
    return f"{_LOOP}.{index}/{_CALL}"


def _by_path(shard: Shard, unknown: Unknown | Mapping[int, Unknown]) -> Unknown | Mapping[str, Unknown]:
    if isinstance(unknown, str):
        return unknown
    own = {row: decision for row, decision in unknown.items() if shard.first <= row < shard.first + shard.rows}
    return {_path(row - shard.first): decision for row, decision in own.items()}


def _rows_of(database: str, shard: Shard, run: PastRun) -> Iterator[SubmittedRow]:
    by_path: dict[str, SubmittedRow] = {}
    is_explained = False  # whether a row ended the shard
    for record in read_all(f"{database}#{shard.run}"):
        path = record.get("path", "")
        if path.startswith(f"{_LOOP}.") and path.endswith(f"/{_CALL}"):
            row = shard.first + int(path[len(_LOOP) + 1 :].partition("/")[0])
            by_path[path] = _after(by_path.get(path) or SubmittedRow(row, "pending"), record)
            is_explained = record["type"] == "intent" or (record["type"] == "failed" and not record["ignored"])
        elif record["type"] == "reopened":
            is_explained = False
    pending = None if run.status == "done" or is_explained else _error_of(run)
    for index in range(shard.rows):
        yield by_path.get(_path(index)) or SubmittedRow(shard.first + index, "pending", error=pending)


def _after(before: SubmittedRow, record: Mapping[str, Any]) -> SubmittedRow:
    """Return what is known of a row after one more record."""
    match record["type"]:
        case "intent":
            return SubmittedRow(before.row, "unknown", error=_NO_RESPONSE)
        case "refused":
            return SubmittedRow(before.row, "failed", error=ConnectorError(record["error"]).to_dict()["error"])
        case "failed":
            status: Status = "unknown" if record["unknown"] else "failed"
            return SubmittedRow(before.row, status, error=record["details"])
        case "done" | "decision" if record.get("decision", "happened") == "happened":
            return SubmittedRow(before.row, "done", {"data": record["results"]})
        case "decision" if record["decision"] == "skip":
            return SubmittedRow(before.row, "skipped")
    return before


def _error_of(run: PastRun) -> dict[str, Any]:
    """Return the error of a shard, of which its journal has the text."""
    message, _, hint = run.error.partition("\nhint: ")
    error: dict[str, Any] = ConnectorError(" ".join(message.split()), hint=hint).to_dict()["error"]
    return error
