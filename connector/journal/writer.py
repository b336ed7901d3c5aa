"""The records that a run writes, and when each of them is safe.

Before a write is sent, its intent is on the disk; after its response, its results are written. So a killed run loses
nothing and does nothing twice. Values are stored whole; credentials are never stored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from connector.errors import ConnectorError, JournalError
from connector.journal.protocol import VERSION, Decision, Durability, Journal, Record


def first_records(header: Record, start: Record) -> list[Record]:
    """Return the first records of a run: a short one that lists of runs read, and what the run was started with."""
    return [{"type": "run", "version": VERSION, **header}, {"type": "start", **start}]


class JournalWriter:
    """Writes the records of one run.

    Args:
        journal: Where they are kept; None keeps nothing.
    """

    def __init__(self, journal: Journal | None) -> None:
        self.journal = journal

    def write_started(self, path: str, step: str, action: str, connection: str, inputs: Mapping[str, Any]) -> None:
        """Record that a write is about to be sent."""
        intent = {"step": step, "action": action, "connection": connection, "inputs": inputs}
        self._append("intent", {"path": path, **intent, "time": time.time()}, "synced")

    def write_refused(self, path: str, error: str) -> None:
        """Record that a write was not applied. The next attempt records a new intent."""
        with suppress(JournalError):
            self._append("refused", {"path": path, "error": error}, "written")

    def decided(self, path: str, decision: Decision, results: Any = None) -> None:
        """Record what became of a write with an unknown outcome, or what to do with it."""
        self._append("decision", {"path": path, "decision": decision, "results": results}, "synced")

    def step_done(self, path: str, results: Any, durability: Durability, **marks: Any) -> None:
        """Record that a step is done, with marks: the branch that it takes, and whether a stub stood in for it."""
        self._append("done", {"path": path, "results": results, **marks}, durability)

    def step_failed(self, path: str, error: Exception, *, ignored: bool, unknown: bool) -> None:
        """Record that a step failed, whether the flow went on, and whether its write may have been applied."""
        text = error.message if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"
        outcome = {"kind": type(error).__name__, "error": text, "ignored": ignored, "unknown": unknown}
        # What cannot be recorded, as on a full disk, must not hide the error of the step. A resumed run then finds an
        # unfinished step, or an unknown outcome, which is the safe side.
        with suppress(JournalError):
            self._append("failed", {"path": path, **outcome}, "written")

    def resumed(self) -> None:
        """Record that another process goes on."""
        self._append("resumed", {"time": time.time()}, "synced")

    def undone(self, path: str, number: int) -> None:
        """Record that what the write with a number created is deleted."""
        self._append("undone", {"path": path, "write": number, "time": time.time()}, "synced")

    def ended(self, status: str, error: str, results: Any = None, response: Any = None) -> None:
        """Record the end of the run, and its results."""
        outcome = {"results": results, "response": response}
        with suppress(JournalError):
            self._append("end", {"status": status, "error": error, **outcome, "time": time.time()}, "synced")

    def close(self) -> None:
        """Let another writer have the journal."""
        if self.journal is not None:
            self.journal.close()

    def _append(self, kind: str, parts: Mapping[str, Any], durability: Durability) -> None:
        if self.journal is not None:
            self.journal.append({"type": kind, **parts}, durability)
