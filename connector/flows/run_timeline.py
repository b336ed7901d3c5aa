"""The timeline of a run, from its journal: when each step began and ended, and what it waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from connector.flows.file.model import FlowDefinition, Step
from connector.flows.file.parse import read_text
from connector.flows.run.events import Event, RunEvent, StepEvent
from connector.flows.steps.step_call import StepPath
from connector.journal.follow import JournalReader, follow
from connector.journal.protocol import Record

RunStatus = Literal["queued", "running", "done", "failed", "cancelled", "killed"]

MAX_PLACES = 120
"""Number of paths in a run above which its timeline has one row for each step instead of each path."""

MAX_MARKS = 200
"""Number of waits, and of failed attempts, that a row lists; beyond it, they are only counted."""

_OPEN = {"running", "waiting", "retrying"}

_ABBREVIATED: dict[int, tuple[Any, ...]] = {2: (None, "running", 1, ""), 3: ("done", 1, ""), 6: ()}
"""What a note leaves out, by the number of its parts; see `StepNote`."""


class Wait(NamedTuple):
    """A wait of a step.

    Attributes:
        began: Seconds since the start of the run.
        seconds: How long it was to last.
        reason: `rate limit`, `retry`, or what else it waited for.
    """

    began: float
    seconds: float
    reason: str


@dataclass(slots=True)
class TimelineRow:
    """What one step did, at one path or over the whole run. Times are seconds since the start of the run.

    Attributes:
        path: Path of the step in the run, such as `loop.0/create`; of a row for all iterations, its last part.
        step: Name of the step.
        action: `component.action`.
        is_loop: Whether it has steps inside that it repeats.
        began: When it began first; None if it never did.
        ended: When it ended last; None while it runs.
        seconds: How long it took, in all.
        state: State of the step; `killed` if its process died before it ended.
        ends: How often it ended, by state.
        attempts: Number of attempts in all.
        waits: Its first waits.
        waited: Seconds of all waits.
        retries: When its first failed attempts ended.
        text: The last error, or why it was skipped.
    """

    path: str
    step: str
    action: str
    is_loop: bool = False
    began: float | None = None
    ended: float | None = None
    seconds: float = 0
    state: str = "running"
    ends: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    waits: list[Wait] = field(default_factory=list)
    waited: float = 0
    retries: list[float] = field(default_factory=list)
    text: str = ""
    _open_since: float | None = field(default=None, repr=False)

    @property
    def iterations(self) -> list[int]:
        """Numbers of the iterations around it, the outermost first."""
        return _iterations(self.path)

    @property
    def outcome(self) -> str:
        """Its state, or `ignored` if an error of it was ignored before."""
        return "ignored" if self.state == "done" and self.ends["ignored"] else self.state

    def note(self, began: float, seconds: float | None, state: str, attempt: int, text: str) -> None:
        """Take in a note of the journal; see `StepNote`."""
        self.began = began if self.began is None else min(self.began, began)
        self.state = state
        if state == "waiting":
            self.waited += seconds or 0
            if len(self.waits) < MAX_MARKS:
                self.waits.append(Wait(began, seconds or 0, text))
        elif state == "retrying":
            self.text = text
            if len(self.retries) < MAX_MARKS:
                self.retries.append(began)
        if state in _OPEN:
            self.ended = None
            self._open_since = began if self._open_since is None else self._open_since
            return
        self.ended = began + (seconds or 0)
        # A loop whose process died goes on in another one, which knows only its own part of the time.
        is_one_part = self.is_loop and self._open_since is not None
        self.seconds += max(seconds or 0, self.ended - (self._open_since or 0) if is_one_part else 0)
        self._open_since = None
        self.ends[state] += 1
        self.attempts += attempt
        self.text = text

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON without empty parts."""
        parts = {name: getattr(self, name) for name in self.__slots__ if not name.startswith("_")}
        parts["waits"] = [wait._asdict() for wait in self.waits]
        return {name: value for name, value in parts.items() if value not in ("", None, [], {}, False)}


class Timeline:
    """The timeline of a run. Times are seconds since its start, without the time in which no process ran it.

    Attributes:
        location: What `resume` and `undo` accept.
        id: ID of the run.
        integration: Name of the integration.
        flow: The flow.
        status: `queued`, `running`, `done`, `failed`, `cancelled`, or `killed`.
        error: What the run failed with.
        created: When the run was started or submitted, in seconds since 1970.
        started: When it was started, in seconds since 1970; None until a worker takes it.
        resumed: When the run was resumed. A worker that is the first to take a run starts it.
        undone: Number of writes whose creations were deleted.
    """

    def __init__(self, location: str = "") -> None:
        self.location = location
        self.id = self.integration = self.error = ""
        self.flow: FlowDefinition | None = None
        self.status: RunStatus = "running"
        self.created = 0.0
        self.started: float | None = None
        self.resumed: list[float] = []
        self.undone = 0
        self._flow_name = ""
        self._origin = 0.0
        self._last = 0.0
        self._steps: dict[str, Step] = {}
        self._order: dict[str, int] = {}
        self._places: dict[str, TimelineRow] | None = {}
        self._sums: dict[str, TimelineRow] = {}
        self._without_note: dict[str, str] = {}
        self._ended: dict[str, str] = {}
        self._repeated: dict[str, str] = {}

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken until now."""
        is_running = self.status == "running" and self.started is not None
        return max(self._last, time.time() - self._origin) if is_running else self._last

    @property
    def rows(self) -> list[TimelineRow]:
        """One row for each path in the order of time; one for each step if there are more than `MAX_PLACES`."""
        if self._places is None:
            return list(self.by_step.values())
        rows = [self._finished(row) for row in self._places.values()]
        return sorted(rows, key=lambda row: (row.began or 0, self._order.get(_variable(row.path), 0)))

    @property
    def by_step(self) -> dict[str, TimelineRow]:
        """One row for each step that ran, by its name, in the order of the file."""
        rows = sorted(self._sums.values(), key=lambda row: self._order.get(row.path, 0))
        return {row.step: self._finished(row) for row in rows}

    def add(self, record: Record) -> list[Event]:
        """Take in a record of the journal, and return what happened."""
        match record["type"]:
            case "run":
                self.id, self.integration = str(record["id"]), str(record.get("integration", ""))
                self._flow_name, self.created = str(record.get("flow", "")), float(record.get("started") or 0)
                return [] if record.get("submitted") else [self._start(self.created)]
            case "start":
                self._read_flow(record)
            case "reopened":
                self.status, self.error = "running", ""
            case "resumed":
                self.status, self.error = "running", ""
                return [self._start(record["time"])]
            case "end":
                self.status, self.error = record["status"], record.get("error", "")
                return [self._end(record["time"], is_late=bool(record.get("late")))]
            case "undone":
                self.undone += 1
            case "done" | "failed":
                state = "done" if record["type"] == "done" else "ignored" if record["ignored"] else "failed"
                self._without_note[record["path"]] = state
            case "notes":
                return [event for note in record["notes"] for event in self._add_note(note)]
        return []

    def to_dict(self) -> dict[str, Any]:
        """Return the timeline as JSON."""
        names = ("id", "integration", "status", "error", "created", "started", "seconds", "resumed", "undone")
        parts = {name: getattr(self, name) for name in names}
        return {**parts, "flow": self._flow_name, "rows": [row.to_dict() for row in self.rows]}

    def lines(self) -> list[dict[str, Any]]:
        """Return one line for each step, and one for the end of the run, as a trace has them."""
        steps = [
            {
                "type": "step",
                "step": row.step,
                "state": row.outcome,
                "count": sum(row.ends.values()) or 1,
                "seconds": row.seconds,
                "waited": row.waited,
                "attempts": row.attempts,
                "error": row.text,
            }
            for row in self.by_step.values()
        ]
        state = f"{self.status}, undone" if self.undone else self.status
        return [*steps, {"type": "run", "state": state, "flow": self._flow_name, "seconds": self.seconds}]

    def _start(self, moment: float) -> Event:
        if self.started is None:
            self.started = moment
        else:
            self.resumed.append(self._last)
        self._origin = moment - self._last
        self._repeated = dict(self._ended)
        return self._run_event("started", moment)

    def _end(self, moment: float, *, is_late: bool) -> Event:
        if self.started is not None and not is_late:
            self._last = max(self._last, moment - self._origin)
        return self._run_event(self.status, moment, seconds=self._last, error=self.error)

    def _read_flow(self, record: Record) -> None:
        self.flow = read_text(record["text"], record["source"]).definition(self._flow_name)
        for number, step in enumerate(self.flow.walk()):
            self._steps[step.variable] = step
            self._order[step.variable] = number

    def _add_note(self, note: Sequence[Any]) -> Iterator[Event]:
        path, moment, seconds, state, attempt, text = (*note, *_ABBREVIATED[len(note)])
        began = max(0.0, moment - self._origin)
        if state not in _OPEN:
            self._without_note.pop(path, None)
        self._last = max(self._last, began + (seconds or 0) if state != "waiting" else began)
        step = self._steps.get(_variable(path))
        if step is not None and step.is_trigger:
            return
        if not self._is_repeated(path):
            self._add_to_rows(path, began, seconds, state=state, attempt=attempt, text=text)
        is_error = state in {"failed", "ignored", "retrying"}
        yield StepEvent(
            self._flow_name,
            step.name if step else _variable(path),
            StepPath(path),
            state,
            step.kind if step else "",
            seconds=seconds,
            attempt=attempt or None,
            reason="" if is_error else text,
            error=text if is_error else "",
            time=moment,
        )

    def _is_repeated(self, path: str) -> bool:
        """Return True for a step that a resumed run performs again, though it had ended: one that has no effect.

        Iterations follow one another, so it is enough to know the last path at which each step had ended.
        """
        last = self._repeated.get(_variable(path))
        return last is not None and _iterations(path) <= _iterations(last)

    def _add_to_rows(
        self, path: str, began: float, seconds: float | None, *, state: str, attempt: int, text: str
    ) -> None:
        for loop in _loops(path):
            for row in self._rows_of(loop):
                if row.began is None or row.state not in _OPEN:
                    row.note(began, None, "running", 0, "")
        for row in self._rows_of(path):
            row.note(began, seconds, state, attempt, text)
        variable = _variable(path)
        self._repeated.pop(variable, None)
        if state not in _OPEN and state != "failed":
            self._ended[variable] = path

    def _rows_of(self, path: str) -> Iterator[TimelineRow]:
        """Yield the row of a path, and the one of its step."""
        variable = _variable(path)
        if self._places is not None:
            if path not in self._places and len(self._places) >= MAX_PLACES:
                self._places = None
            else:
                yield self._places.get(path) or self._places.setdefault(path, self._new_row(path, variable))
        yield self._sums.get(variable) or self._sums.setdefault(variable, self._new_row(variable, variable))

    def _new_row(self, path: str, variable: str) -> TimelineRow:
        step = self._steps.get(variable)
        if step is None:
            return TimelineRow(path, variable, "")
        return TimelineRow(path, step.name, step.kind, is_loop=bool(step.steps))

    def _finished(self, row: TimelineRow) -> TimelineRow:
        """Say of a step without an end what is known: its process may have died before it was noted."""
        if self.status == "running" or row.state not in _OPEN:
            return row
        if row.path in self._without_note:
            row.note(row.began or 0, self._last - (row.began or 0), self._without_note[row.path], 1, row.text)
        else:
            row.state, row.ended = "killed", self._last
        return row

    def _run_event(self, state: Any, moment: float, *, seconds: float | None = None, error: str = "") -> RunEvent:
        return RunEvent(self._flow_name, self.id, state, self.location, seconds, error, moment)


def timeline(run: str | Path) -> Timeline:
    """Return the timeline of a run that was started anywhere: on the command line, in Python, or by a server.

    Args:
        run: ID of the run, path of its journal, or the URL of its database with `#ID`.

    Raises:
        UnknownRunError: If there is no such run.
        JournalError: If its journal is damaged.
    """
    with JournalReader(run) as reader:
        result = Timeline(reader.location)
        for record in reader.new():
            result.add(record)
        if result.status == "running" and not reader.is_running():
            result.status = "queued" if reader.is_submitted else "killed"
    return result


def follow_run(run: str | Path) -> Iterator[tuple[Timeline, Sequence[Event]]]:
    """Yield the timeline of a run and what happened since, several times a second until the run ends or is killed.

    Args:
        run: See `timeline`.

    Raises:
        JournalError: See `timeline`.
    """
    with JournalReader(run) as reader:
        result = Timeline(reader.location)
        for records in follow(reader):
            yield result, [event for record in records for event in result.add(record)]
        if not reader.has_ended:
            result.status = "killed"
            yield result, []


def _variable(path: str) -> str:
    return path.rpartition("/")[2]


def _iterations(path: str) -> list[int]:
    return [int(part.rpartition(".")[2]) for part in path.split("/")[:-1]]


def _loops(path: str) -> Iterable[str]:
    """Return the paths of the loops around a step, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join([*parts[:number], part.rpartition(".")[0]]) for number, part in enumerate(parts)]
