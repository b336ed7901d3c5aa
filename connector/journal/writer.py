"""The records that a run writes, and when each of them is safe.

Before a write is sent, its intent is on the disk; after its response, its results are written. So a killed run loses
nothing and does nothing twice. Values are stored whole; credentials are never stored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from connector.errors import ConnectorError, JournalError
from connector.journal.intents import OpenIntents
from connector.journal.protocol import VERSION, Decision, Durability, Journal, Record

if TYPE_CHECKING:
    from connector.journal.reader import JournalContents


def first_records(header: Record, start: Record) -> list[Record]:
    """Return the first records of a run: a short one that lists of runs read, and what the run was started with."""
    return [{"type": "run", "version": VERSION, **header}, {"type": "start", **start}]


class Tally:
    """Counts what a run has done, so that a list of runs has to read the last record only.

    Args:
        history: What an earlier process did.
    """

    def __init__(self, history: JournalContents | None) -> None:
        self._finished = 0 if history is None else len(history.finished)
        self._writes = 0 if history is None else len(history.writes)
        self._intents = OpenIntents() if history is None else OpenIntents(history.intents)
        self._last = ""

    @property
    def counts(self) -> dict[str, int]:
        """Finished steps, applied writes, and writes with an unknown outcome."""
        return {"finished": self._finished, "writes": self._writes, "unknown": len(self._intents)}

    def done(self, path: str) -> None:
        """Count a step that is done."""
        # A plugin that changes the results of a step has them recorded once more.
        if path != self._last:
            self._finished += 1
            self._last = path
        if self._intents and self._intents.settle(path):
            self._writes += 1

    def add(self, record: Record) -> None:
        """Count a record of another kind."""
        match record["type"]:
            case "intent":
                self._intents.start(record["path"])
            case "refused":
                self._intents.reject(record["path"])
            case "decision" if record["decision"] != "retry":
                self._intents.settle(record["path"])


class JournalWriter:
    """Writes the records of one run.

    Args:
        journal: Where they are kept; None keeps nothing.
        history: What an earlier process did, if the run is resumed.
    """

    def __init__(self, journal: Journal | None, history: JournalContents | None = None) -> None:
        self.journal = journal
        self._tally = Tally(history)

    def write_started(self, path: str, step: str, action: str, connection: str, inputs: Mapping[str, Any]) -> None:
        """Record that a write is about to be sent."""
        intent = {"step": step, "action": action, "connection": connection, "inputs": inputs}
        self._append("intent", {"path": path, **intent, "time": time.time()}, "synced")

    def write_rejected(self, path: str, error: str) -> None:
        """Record that a write was not applied. The next attempt records a new intent."""
        with suppress(JournalError):
            self._append("refused", {"path": path, "error": error}, "written")

    def decided(self, path: str, decision: Decision, results: Any = None) -> None:
        """Record what became of a write with an unknown outcome, or what to do with it."""
        self._append("decision", {"path": path, "decision": decision, "results": results}, "synced")

    def step_done(self, path: str, results: Any, durability: Durability, **marks: Any) -> None:
        """Record that a step is done, with marks: the branch that it takes, and whether a stub stood in for it."""
        if self.journal is not None:
            # A plain string: writing a path of the subclass `StepPath` takes pydantic longer than all the rest.
            self.journal.append({"type": "done", "path": str(path), "results": results, **marks}, durability)
            self._tally.done(path)

    def step_failed(self, path: str, error: Exception, *, ignored: bool, unknown: bool) -> None:
        """Record that a step failed, whether the flow went on, and whether its write may have been applied."""
        known = error if isinstance(error, ConnectorError) else ConnectorError(f"{type(error).__name__}: {error}")
        details = known.to_dict()["error"]
        outcome = {"error": known.message, "details": details, "ignored": ignored, "unknown": unknown}
        # What cannot be recorded, as on a full disk, must not hide the error of the step. A resumed run then finds an
        # unfinished step, or an unknown outcome, which is the safe side.
        with suppress(JournalError):
            self._append("failed", {"path": path, **outcome}, "written")

    def resumed(self) -> None:
        """Record that another process goes on."""
        self._append("resumed", {"time": time.time()}, "synced")

    def connected(self, connections: Mapping[str, Any]) -> None:
        """Record the connections of a run that was submitted without them."""
        self._append("connected", {"connections": connections}, "synced")

    def reopened(self) -> None:
        """Record that a run that has ended goes on."""
        self._append("reopened", {"time": time.time()}, "synced")

    def undone(self, path: str, number: int) -> None:
        """Record that what the write with a number created is deleted."""
        self._append("undone", {"path": path, "write": number, "time": time.time()}, "synced")

    def ended(
        self,
        status: str,
        error: str,
        results: Any = None,
        response: Any = None,
        *,
        exit_code: int = 0,
        is_late: bool = False,
    ) -> None:
        """Record the end of the run, its results, and the exit code of its error; late if no process ran it anymore."""
        late = {"late": True} if is_late else {}
        outcome = {"exit_code": exit_code, "results": results, "response": response, **self._tally.counts, **late}
        with suppress(JournalError):
            self._append("end", {"status": status, "error": error, **outcome, "time": time.time()}, "synced")

    def check_held(self) -> None:
        """Check directly before a write is sent that no other process took over the run.

        Raises:
            JournalHeldError: If one may have.
        """
        if self.journal is not None:
            self.journal.check_held()

    def close(self) -> None:
        """Let another writer have the journal."""
        if self.journal is not None:
            self.journal.close()

    def _append(self, kind: str, parts: Mapping[str, Any], durability: Durability) -> None:
        if self.journal is not None:
            record = {"type": kind, **parts}
            self.journal.append(record, durability)
            self._tally.add(record)
