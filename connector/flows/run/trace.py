"""The trace of a run: every step with its inputs and results, redacted. A trace cannot be resumed."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Self

from connector.common.private_files import dump_line, open_private, parse_line, reason_of
from connector.common.redaction import Redactor
from connector.errors import UsageError
from connector.flows.run.events import Event, RunEvent
from connector.flows.run.plan import every_step, secret_inputs
from connector.flows.steps.planned_step import PlannedStep
from connector.flows.steps.step_call import StepCall

logger = logging.getLogger("connector.flows")


def secret_results(planned: PlannedStep) -> set[str]:
    """Return the names of the fields in the results of a step whose values are secrets."""
    operation = planned.action.operation if planned.action else None
    return set(operation.secret_fields) if operation else set()


class Trace:
    """Writes one JSON line for every step that ended, and one for the start and the end of the run.

    Args:
        path: File to write; an older trace is replaced, any other file is not.
        steps: The steps of the flow.
        secrets: Secrets of the connections.
    """

    def __init__(self, path: Path, steps: Sequence[PlannedStep], secrets: Iterable[str]) -> None:
        names = {name for step in every_step(steps) for name in (*secret_inputs(step), *secret_results(step))}
        self._redactor = Redactor(secrets, names)
        _check_replaceable(path)
        try:
            handle = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise UsageError(f'cannot write trace "{path}": {reason_of(error)}') from None
        self._file: IO[bytes] = os.fdopen(handle, "wb")
        self._path = path
        self._failed = False

    def add(self, call: StepCall) -> None:
        """Write a step that ended."""
        for key in secret_inputs(call.planned):
            self._redactor.learn(call.inputs.get(key), key)
        # A later step may repeat such a value in an input of another name.
        for name, value in _members(call.results, secret_results(call.planned)):
            self._redactor.learn(value, name)
        line = {
            "type": "step",
            "path": str(call.path),
            "step": call.step.name,
            "action": call.step.kind,
            "state": call.state,
            "began": call.began,
            "seconds": call.seconds,
            "waited": call.waited,
            "attempts": call.attempt,
            "inputs": self._redactor.record(call.inputs),
            "results": self._redactor.record(call.results),
        }
        if call.pages_left:
            line["pagesLeft"] = True
        if call.branch is not None:
            line["branch"] = call.branch
        if call.planned.stub is not None:
            line["stubbed"] = True
        if call.reason:
            line["reason"] = call.reason
        if call.error is not None:
            line["error"] = self._redactor.text(str(call.error))
        self._write(line)

    def add_event(self, event: Event) -> None:
        """Write the start and the end of the run."""
        if isinstance(event, RunEvent):
            self._write(self._redactor.record(event.to_dict()))

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _write(self, line: dict[str, Any]) -> None:
        if self._failed:
            return
        try:
            self._file.write(dump_line(line))
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        # A full disk ends the trace, not the run: its steps are done, and its journal is what counts.
        if not self._failed:
            logger.warning('cannot write trace "%s": %s', self._path, reason_of(error))
        self._failed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _is_start(line: Any) -> bool:
    """Return True for the first line of a trace. The first one of a journal has no state."""
    return isinstance(line, dict) and line.get("type") == "run" and "state" in line


def _check_replaceable(path: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        return
    try:
        with path.open("rb") as file:
            if _is_start(parse_line(file.readline())):
                return
    except (OSError, ValueError):
        pass
    raise UsageError(f'"{path}" is not a trace and was not replaced', hint="Choose another file for the trace.")


def read_trace(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a trace.

    Raises:
        UsageError: If the file cannot be read, or is not a trace.
    """
    try:
        lines = [parse_line(line) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise UsageError(f'cannot read trace "{path}": {reason_of(error)}') from None
    except ValueError:
        raise UsageError(
            f'"{path}" is not a trace', hint="Write one with --trace FILE (trace=FILE in Python)."
        ) from None
    if not lines or not _is_start(lines[0]) or any(not isinstance(line, dict) or "type" not in line for line in lines):
        raise UsageError(f'"{path}" is not a trace', hint="Write one with --trace FILE (trace=FILE in Python).")
    return lines


def _members(value: Any, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the members of a JSON value that have one of the names."""
    if isinstance(value, list):
        for part in value:
            yield from _members(part, names)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in names:
                yield name, part
            else:
                yield from _members(part, names)
