"""What a journal says about a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connector.common.private_files import parse_line
from connector.errors import JournalError

VERSION = 1


@dataclass(frozen=True, slots=True)
class Write:
    """A write that a run began.

    Attributes:
        at: Where in the run; see `connector.flows.run.events.StepEvent`.
        step: Name of the step.
        action: `component.action`.
        connection: Name of the connection's config variable.
        inputs: Its inputs.
        position: Position in the file of its results; a step in a loop that is repeated has several in one place.
    """

    at: str
    step: str
    action: str
    connection: str
    inputs: dict[str, Any]
    position: int = 0


@dataclass(slots=True)
class JournalContents:
    """A journal, read; results stay in the file until they are asked for.

    Attributes:
        path: The file.
        header: What the run was started with.
        size: Bytes of the file that hold whole records.
        status: `done`, `stopped` or `failed`; empty for a run that did not come to an end.
        error: What the run failed with.
        finished: Position in the file of the results of each finished step, by where it was in the run.
        ignored: Steps whose error the flow ignored.
        unknown: Writes that may have happened, in order.
        doubted: Where those are that an earlier process left: a repetition that is refused says nothing about them.
        writes: Writes that happened, in order.
        undone: Positions of the writes that were taken back.
    """

    path: Path
    header: dict[str, Any]
    size: int = 0
    status: str = ""
    error: str = ""
    finished: dict[str, int] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    unknown: dict[str, Write] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    writes: list[Write] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def results(self, at: str) -> Any:
        """The results of a finished step."""
        return self.results_at(self.finished[at])

    def results_at(self, position: int) -> Any:
        """The results that stand at a position in the file."""
        with self.path.open("rb") as file:
            file.seek(position)
            return parse_line(file.readline())["results"]

    def add(self, record: dict[str, Any], position: int) -> None:
        """Take in one record."""
        at = record.get("at", "")
        match record["type"]:
            case "intent":
                parts = (record[key] for key in ("step", "action", "connection", "inputs"))
                self.unknown[at] = Write(at, *parts)
            case "done":
                self.finished[at] = position
                if at in self.unknown:
                    self.writes.append(replace(self.unknown.pop(at), position=position))
            case "failed":
                if not record["unknown"] and at not in self.doubted:
                    self.unknown.pop(at, None)
                if record["ignored"]:
                    self.ignored.add(at)
            case "undone":
                self.undone.add(record["position"])
            case "end":
                self.status, self.error = record["status"], record.get("error", "")
            case "resumed":
                self.status = self.error = ""
                self.doubted |= self.unknown.keys()


def read_history(path: Path) -> JournalContents:
    """Read a journal; a last record that was cut off when its process died does not count.

    Raises:
        JournalError: It is no journal, or damaged in its middle.
    """
    records = _records(path)
    position, header = next(records, (0, None))
    if header is None or header.get("type") != "run" or header.get("version") != VERSION:
        raise JournalError(f"{path} is no journal of a run.", hint="See connector flow runs.")
    history = JournalContents(path, header)
    for position, record in records:
        if record is None:
            history.size = position
            return history
        history.add(record, position)
    history.size = path.stat().st_size
    return history


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Position and content of each record; None for a last one that was cut off."""
    position = 0
    with path.open("rb") as file:
        for line in file:
            whole = line.endswith(b"\n")
            try:
                record = parse_line(line) if whole else None
            except ValueError:
                raise JournalError(f"the journal {path} is damaged at byte {position}.") from None
            yield position, record
            position += len(line)
