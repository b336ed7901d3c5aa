"""What the records of a journal say about a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from connector.errors import ConnectorError, JournalError
from connector.journal import file as journal_file
from connector.journal import postgres
from connector.journal import sqlite as journal_database
from connector.journal.intents import OpenIntents
from connector.journal.journals import database_of, journal_path, located
from connector.journal.positions import Positions
from connector.journal.postgres_address import location_of
from connector.journal.protocol import Decision, Journal, Record, UnknownRunError, check_header
from connector.journal.writes import AppliedWrites, Write


@dataclass(frozen=True, slots=True)
class _Decided:
    """A write as it was before someone decided about it: a later decision can correct the first.

    Attributes:
        write: The write.
        intents: How many attempts of it were in doubt.
        ignored: Whether its error was ignored.
        finished: Position of earlier results of the step, as of a loop that is retried.
    """

    write: Write
    intents: int
    ignored: bool = False
    finished: int | None = None


@dataclass(slots=True)
class JournalContents:
    """The records of a journal, summed up; results stay in the journal until they are asked for.

    Attributes:
        location: What `resume` and `undo` accept.
        header: What the run was started with.
        read: Returns the record at a position.
        status: `done`, `failed`, or `cancelled`; empty for a run that did not come to an end.
        error: What the run failed with.
        exit_code: Exit code of that error; 0 without one.
        run_results: Results of a finished run.
        response: Response of Stop Execution of a finished run.
        finished: Position of the results of each finished step, by its path.
        without_results: Paths of steps that ended without results: their error was ignored, or they were skipped.
        unknown: Writes with an unknown outcome by path, in order.
        retries: Paths of those that someone decided to retry.
        skipped: Writes that someone decided to take as applied, without results, by path.
        writes: Writes that were applied, in order.
        undone: Numbers of the writes whose creations were deleted.
        intents: How many attempts of each write may have been applied.
        reopened: How often someone let it go on after its end.
        decisions: What someone decided about a write, by path, until it is sent again.
        in_flight: Path of the write whose attempt has no outcome yet; it is not in doubt while a process holds the run.
    """

    location: str
    header: dict[str, Any]
    read: Callable[[int], dict[str, Any]] = field(repr=False)
    status: str = ""
    error: str = ""
    exit_code: int = 0
    run_results: Any = None
    response: Any = None
    finished: Positions = field(default_factory=Positions)
    without_results: set[str] = field(default_factory=set)
    unknown: dict[str, Write] = field(default_factory=dict)
    retries: set[str] = field(default_factory=set)
    skipped: dict[str, Write] = field(default_factory=dict)
    writes: AppliedWrites = field(init=False)
    undone: set[int] = field(default_factory=set)
    intents: OpenIntents = field(default_factory=OpenIntents, repr=False)
    reopened: int = 0
    decisions: dict[str, Decision] = field(default_factory=dict)
    in_flight: str = ""
    _decided: dict[str, _Decided] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.writes = AppliedWrites(self.read)

    def results(self, path: str) -> Any:
        """Return the results of a finished step."""
        return self.results_at(self.finished[path])

    def branch(self, path: str) -> str | None:
        """Return the branch that a finished step takes; None if it does not branch."""
        branch: str | None = self.read(self.finished[path]).get("branch")
        return branch

    def results_at(self, position: int) -> Any:
        """Return the results in the record at a position."""
        return self.read(position)["results"]

    def add(self, record: Record, position: int) -> None:
        """Take in one record."""
        match record["type"]:
            case "undone":
                self.undone.add(record["write"])
                self._decided.clear()
            case "start" | "connected":
                self.header.update({key: part for key, part in record.items() if key != "type"})
            case "end":
                self.status, self.error = record["status"], record.get("error", "")
                self.exit_code = exit_code_of(record)
                self.run_results, self.response = record.get("results"), record.get("response")
            case "resumed" | "reopened" as kind:
                self.status = self.error = self.in_flight = ""
                self.exit_code = 0
                self.reopened += kind == "reopened"
            case "decision":
                self.decide(record["path"], record["decision"], position)
                self.decisions[record["path"]] = record["decision"]
            case _ if "path" in record:
                self._decided.clear()
                self.in_flight = record["path"] if record["type"] == "intent" else ""
                self._add_step(record["path"], record, position)

    def writes_in_doubt(self, *, is_running: bool) -> dict[str, Write]:
        """Return the writes with an unknown outcome by path, without the one that a running process has just sent."""
        return {path: write for path, write in self.unknown.items() if not is_running or path != self.in_flight}

    def _add_step(self, path: str, record: Record, position: int) -> None:
        match record["type"]:
            case "intent":
                self.unknown[path] = Write.of(record, position)
                self.decisions.pop(path, None)
                self.intents.start(path)
                self.retries.discard(path)
            case "refused":
                # Says something about the last intent only: an earlier one may have been applied all the same.
                if self.intents.reject(path):
                    self._settle(path)
            case "done":
                self.finished[path] = position
                self._apply(path, position)
            case "failed" if record["ignored"]:
                self.without_results.add(path)

    def may_be_settled(self, *, happened: bool) -> dict[str, Write]:
        """Return the writes about which someone may decide, by path.

        They are those with an unknown outcome, and those that were decided on while nothing followed the decision. A
        skipped write may get its results at any time.
        """
        decided = {path: before.write for path, before in self._decided.items()}
        return {**(self.skipped if happened else {}), **decided, **self.unknown}

    def decide(self, path: str, decision: Decision, position: int = 0) -> None:
        """Take in a decision about a write of unknown outcome. It replaces an earlier decision."""
        self._put_in_doubt(path)
        if path in self.unknown:
            ignored, finished = path in self.without_results, self.finished.get(path)
            self._decided[path] = _Decided(self.unknown[path], self.intents.get(path, 1), ignored, finished)
        match decision:
            case "retry":
                self.retries.add(path)
            case "skip":
                self.without_results.add(path)
                write = self._settle(path)
                if write is not None:
                    self.skipped[path] = write
            case "happened":
                self.finished[path] = position
                self._apply(path, position)
            case "did-not-happen":
                self._settle(path)

    def _put_in_doubt(self, path: str) -> None:
        """Forget the decision about a write, which is in doubt again."""
        skipped, earlier = self.skipped.pop(path, None), self.finished.get(path)
        before = self._decided.pop(path, None) or (None if skipped is None else _Decided(skipped, 1, finished=earlier))
        if before is None or path in self.unknown:
            return
        self.unknown[path] = before.write
        self.intents[path] = before.intents
        if not before.ignored:
            self.without_results.discard(path)
        self.writes.remove(before.write)
        self.finished.pop(path, None)
        if before.finished is not None:
            self.finished[path] = before.finished

    def _apply(self, path: str, position: int) -> None:
        write = self._settle(path)
        if write is not None:
            self.writes.add(write, position)

    def _settle(self, path: str) -> Write | None:
        self.intents.settle(path)
        self.retries.discard(path)
        return self.unknown.pop(path, None)


def exit_code_of(end: Record) -> int:
    """Return the exit code in the last record of a run."""
    # An earlier version did not record it.
    code: int = end.get("exit_code", ConnectorError.exit_code if end.get("error") else 0)
    return code


def contents_of(journal: Journal) -> JournalContents:
    """Return the contents of a journal that is held.

    Raises:
        JournalError: If it is not a journal, or damaged.
    """
    return _contents(journal.location, journal.records(), journal.read)


def read_history(name: str | Path) -> JournalContents:
    """Return the contents of a journal, even if another process holds it; see `reopen_journal` for the name.

    Raises:
        UnknownRunError: If there is no such run.
        JournalError: If it is not a journal, or damaged.
    """
    return _contents(*_stored(name))


def read_all(name: str | Path) -> Iterator[Record]:
    """Iterate over the records of a journal, even if another process holds it; see `read_history`."""
    location, records, _ = _stored(name)
    numbered = iter(records)
    yield _first(location, numbered)
    for _, record in numbered:
        yield record


def _stored(name: str | Path) -> tuple[str, Iterable[tuple[int, Any]], Callable[[int], dict[str, Any]]]:
    """Return the location of a journal, its numbered records, and a function that reads one again."""
    name = located(name)
    if server := postgres.postgres_of(name):
        url, run = server
        location = f"{location_of(url)}#{run}"
        return location, postgres.read_history_records(url, run), partial(postgres.read_record, url, run)
    database = database_of(name)
    if database is not None:
        file, run = database
        journal_database.check_exists(file, run)
        records = journal_database.read_records(file, run)
        return str(name), records, partial(journal_database.read_record, file, run)
    path = journal_path(name)
    journal_file.header_of(path)
    return str(path), journal_file.read_records(path), partial(journal_file.read_record, path)


def _first(location: str, numbered: Iterator[tuple[int, Any]]) -> dict[str, Any]:
    first = next(numbered, None)
    if first is None:  # a run is stored together with its first records, and a file was looked at before
        raise UnknownRunError(f'unknown run "{location}"')
    return check_header(first[1], f'"{location}"')


def _contents(
    location: str, records: Iterable[tuple[int, Any]], read: Callable[[int], dict[str, Any]]
) -> JournalContents:
    numbered = iter(records)
    contents = JournalContents(location, _first(location, numbered), read)
    for position, record in numbered:
        try:
            contents.add(record, position)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise JournalError(f'journal "{location}" is damaged at byte {position}') from None
    return contents
