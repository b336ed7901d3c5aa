"""Where a run reports to: listeners, plugins, the trace, and the summary of each step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from connector.common.redaction import Redactor
from connector.flows.run.events import Event, LogEvent, RunEvent, StepEvent
from connector.flows.run.plan import every_step
from connector.flows.run.prepare import PreparedRun
from connector.flows.run.result import Run, StepSummary
from connector.flows.run.trace import Trace
from connector.flows.steps.step_call import StepCall, StepState
from connector.journal.protocol import StepNote
from connector.journal.writer import JournalWriter


class RunReporter:
    """Emits the events of one run, and records its steps.

    Args:
        prepared: The prepared run.
        run: Its result, to which the steps are added.
        stack: Closes the trace.
        journal: Keeps what happens to the steps, for the timeline of the run.
    """

    def __init__(self, prepared: PreparedRun, run: Run, stack: ExitStack, journal: JournalWriter) -> None:
        settings = prepared.settings
        self._flow = run.flow
        self._run = run
        self._values = settings.get("keep_values", False)
        self._redactor = Redactor(prepared.connections.secrets)
        self._journal = journal.journal
        self._current: StepCall | None = None
        if self._journal is not None:
            self._journal.watch(self._running)
        for planned in every_step(prepared.steps):
            if planned.step.is_trigger:
                continue
            run.steps[planned.step.name] = StepSummary(
                planned.step.name, planned.step.kind, stubbed=planned.stub is not None
            )
        path = settings.get("trace")
        self._trace = (
            None
            if path is None
            else stack.enter_context(Trace(Path(path), prepared.steps, prepared.connections.secrets))
        )
        self._listeners = list(_listeners(prepared, self._trace))

    def step(self, call: StepCall, state: StepState, **parts: Any) -> None:
        """Emit an event of a step."""
        if self._journal is not None:
            self._current = call
            if state in {"waiting", "retrying"}:
                text = parts.get("reason") or self._redactor.text(parts["error"])
                self._journal.notes.append((call.path, time.time(), parts.get("seconds", 0), state, call.attempt, text))
                self._journal.store_soon()
        if self._listeners:
            self._emit(StepEvent(self._flow, call.step.name, call.path, state, call.step.kind, **parts))

    def log(self, call: StepCall, level: str, message: str) -> None:
        """Emit a message of a step, redacted."""
        if self._listeners:
            self._emit(LogEvent(self._flow, call.step.name, call.path, level, self._redactor.text(message)))

    def run(self, **parts: Any) -> None:
        """Emit an event of the run."""
        if self._listeners:
            self._emit(RunEvent(self._flow, self._run.id, self._run.status, str(self._run.journal or ""), **parts))

    def wait(self, seconds: float, reason: str) -> None:
        """Emit that the run waits for its database."""
        if self._listeners:
            journal = str(self._run.journal or "")
            self._emit(RunEvent(self._flow, self._run.id, "waiting", journal, _finite(seconds), reason=reason))

    def ended(self, call: StepCall) -> None:
        """Emit the end of a step, and record it."""
        if self._journal is not None and call.state != "reused":
            self._journal.notes.append(_end_note(call, self._redactor))
        if self._listeners:
            self._emit(_end_event(self._flow, call))
        if not call.step.is_trigger:
            self._run.steps[call.step.name].add(call, values=self._values)
        if self._trace is not None:
            self._trace.add(call)

    def _running(self) -> StepNote | None:
        """Return the step that runs, for the journal's thread."""
        call = self._current
        return None if call is None or call.state != "running" else (call.path, call.began)

    def _emit(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _end_note(call: StepCall, redactor: Redactor) -> StepNote:
    path = str(call.path)  # see `JournalWriter.step_done`
    if call.state == "done" and call.attempt == 1:
        return path, call.began, call.seconds
    text = call.reason if call.error is None else redactor.text(str(call.error))
    return path, call.began, call.seconds, call.state, call.attempt, text


def _end_event(flow: str, call: StepCall) -> StepEvent:
    return StepEvent(
        flow,
        call.step.name,
        call.path,
        call.state,
        call.step.kind,
        seconds=None if call.state == "reused" else call.seconds,
        error=str(call.error) if call.error else "",
        reason=call.reason,
        pages_left=call.pages_left or None,
    )


def report_early_wait(prepared: PreparedRun, seconds: float, reason: str) -> None:
    """Emit that a run waits for its database before it starts."""
    for listener in _listeners(prepared, None):
        listener(RunEvent(prepared.checked.flow.name, "", "waiting", seconds=_finite(seconds), reason=reason))


def _finite(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None


def _listeners(prepared: PreparedRun, trace: Trace | None) -> list[Callable[[Event], object]]:
    listeners: list[Callable[[Event], object]] = [] if trace is None else [trace.add_event]
    on_event = prepared.settings.get("on_event")
    if on_event is not None:
        listeners.append(on_event)
    hook = prepared.plugins.hook.flow_event
    if hook.get_hookimpls():
        listeners.append(lambda event: hook(event=event))
    return listeners
