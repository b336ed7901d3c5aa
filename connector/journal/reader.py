"""What the records of a journal say about a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connector.errors import JournalError
from connector.journal.file import header_of, read_record, read_records
from connector.journal.protocol import Journal, Record, check_header


@dataclass(frozen=True, slots=True)
class Write:
    """A write that a run started.

    Attributes:
        path: Path of the step in the run.
        step: Name of the step.
        action: `component.action`.
        connection: Name of the connection's config variable.
        inputs: Its inputs.
        position: Position of the record with its results; a step of a loop that is retried has several records.
    """

    path: str
    step: str
    action: str
    connection: str
    inputs: dict[str, Any]
    position: int = 0


@dataclass(slots=True)
class JournalContents:
    """The records of a journal, summed up; results stay in the journal until they are asked for.

    Attributes:
        location: What `resume` and `undo` accept.
        header: What the run was started with.
        read: Returns the record at a position.
        status: `done` or `failed`; empty for a run that did not come to an end.
        error: What the run failed with.
        finished: Position of the results of each finished step, by its path.
        ignored: Paths of the steps whose error the flow ignored.
        unknown: Writes with an unknown outcome by path, in order.
        doubted: Paths of those that an earlier process left: a retry that is rejected says nothing about them.
        writes: Writes that were applied, in order.
        undone: Positions of the writes whose creations were deleted.
    """

    location: str
    header: dict[str, Any]
    read: Callable[[int], dict[str, Any]] = field(repr=False)
    status: str = ""
    error: str = ""
    finished: dict[str, int] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    unknown: dict[str, Write] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    writes: list[Write] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def results(self, path: str) -> Any:
        """Return the results of a finished step."""
        return self.results_at(self.finished[path])

    def results_at(self, position: int) -> Any:
        """Return the results in the record at a position."""
        return self.read(position)["results"]

    def add(self, record: Record, position: int) -> None:
        """Take in one record."""
        path = record.get("path", "")
        match record["type"]:
            case "intent":
                parts = (record[key] for key in ("step", "action", "connection", "inputs"))
                self.unknown[path] = Write(path, *parts)
            case "done":
                self.finished[path] = position
                if path in self.unknown:
                    self.writes.append(replace(self.unknown.pop(path), position=position))
            case "failed":
                if not record["unknown"] and path not in self.doubted:
                    self.unknown.pop(path, None)
                if record["ignored"]:
                    self.ignored.add(path)
            case "undone":
                self.undone.add(record["position"])
            case "end":
                self.status, self.error = record["status"], record.get("error", "")
            case "resumed":
                self.status = self.error = ""
                self.doubted |= self.unknown.keys()


def contents_of(journal: Journal) -> JournalContents:
    """Return the contents of a journal that is held.

    Raises:
        JournalError: If it is not a journal, or damaged.
    """
    return _contents(journal.location, journal.records(), journal.read)


def read_history(path: Path) -> JournalContents:
    """Return the contents of a journal in a file, whoever holds it.

    Raises:
        JournalError: If it is not a journal, or damaged.
    """
    header_of(path)
    return _contents(str(path), read_records(path), lambda position: read_record(path, position))


def _contents(
    location: str, records: Iterable[tuple[int, Any]], read: Callable[[int], dict[str, Any]]
) -> JournalContents:
    numbered = iter(records)
    _, header = next(numbered, (0, None))
    contents = JournalContents(location, check_header(header, f'"{location}"'), read)
    for position, record in numbered:
        try:
            contents.add(record, position)
        except (KeyError, TypeError, AttributeError):
            raise JournalError(f'journal "{location}" is damaged at byte {position}') from None
    return contents
