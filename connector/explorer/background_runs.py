"""Runs of flows that the page starts: each in a thread of its own, with a trace for the inputs of its steps."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from connector.errors import ConnectorError, UsageError
from connector.flows.run.events import Event
from connector.flows.run.settings import RunSettings
from connector.flows.run.trace import read_trace

START_SECONDS = 60.0

Perform = Callable[[RunSettings], Any]
"""Performs a run to its end with these settings."""


class BackgroundRuns:
    """Performs runs in threads, and keeps their traces until it is closed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="connector-explorer-")
        self._numbers = count(1)

    def start(self, run_id: str, perform: Perform, settings: RunSettings) -> None:
        """Perform a run in a thread; return once it has started.

        Args:
            run_id: ID of the run.
            perform: Performs it.
            settings: Its settings; a listener and a trace are added.

        Raises:
            ConnectorError: If it does not start.
        """
        trace = Path(self._folder.name) / f"{run_id}.{next(self._numbers):06}.jsonl"
        run = _Run(perform, {**settings, "trace": trace})
        threading.Thread(target=run.perform, name=f"run {run_id}", daemon=True).start()
        run.wait()

    def step(self, run_id: str, path: str) -> dict[str, Any] | None:
        """Return the last line of the traces of a run about a step, by its path or its name; None without one."""
        for trace in sorted(Path(self._folder.name).glob(f"{run_id}.*.jsonl"), reverse=True):
            with suppress(UsageError):  # a trace is empty before the run begins
                lines = [line for line in read_trace(trace) if path in (line.get("path"), line.get("step"))]
                if lines:
                    return lines[-1]
        return None

    def close(self) -> None:
        """Delete the traces."""
        self._folder.cleanup()


class _Run:
    def __init__(self, perform: Perform, settings: RunSettings) -> None:
        self._perform = perform
        self._settings = settings
        self._has_started = False
        self._ready = threading.Event()
        self._error: ConnectorError | None = None

    def perform(self) -> None:
        try:
            self._perform({**self._settings, "on_event": self._listen})
        except ConnectorError as error:  # the journal has the error of a run that started
            self._error = error
        finally:
            self._ready.set()

    def wait(self) -> None:
        self._ready.wait(START_SECONDS)
        if self._error is not None and not self._has_started:
            raise self._error

    def _listen(self, _event: Event) -> None:
        self._has_started = True
        self._ready.set()
