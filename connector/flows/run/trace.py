"""The trace of a run: every step with its inputs and results, secrets redacted. It cannot be resumed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

from connector.common.private_files import dump_line, open_private, parse_line
from connector.common.redaction import Redactor
from connector.errors import UsageError
from connector.flows.run.events import Event, RunEvent
from connector.flows.run.plan import PlannedStep
from connector.flows.run.step_run import StepRun


def redactor_for(steps: list[PlannedStep], secrets: list[str]) -> Redactor:
    """A redactor that knows the connections' secrets and which inputs of the steps are secret."""
    return Redactor(secrets, {key for planned in every(steps) for key in secret_inputs(planned)})


def every(steps: list[PlannedStep]) -> Iterator[PlannedStep]:
    """Every planned step, those inside of others included."""
    for planned in steps:
        yield planned
        for block in (planned.steps, *planned.branches.values()):
            yield from every(block)


def secret_inputs(planned: PlannedStep) -> set[str]:
    """Keys of the inputs of a step that its action declares secret."""
    return set(planned.action.inputs.secret_keys()) if planned.action else set()


class Trace:
    """Writes one JSON line for every step that ended, and one for the run's beginning and end.

    Args:
        path: Where; a file that is there is replaced.
        redactor: Redacts the secrets.
        secret: Keys of the secret inputs by the name of the step.
    """

    def __init__(self, path: Path, redactor: Redactor, secret: dict[str, set[str]]) -> None:
        self._redactor = redactor
        self._secret = secret
        try:
            handle = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        except OSError as error:
            raise UsageError(f"the trace {path} cannot be written: {error.strerror or error}.") from None
        self._file: IO[bytes] = os.fdopen(handle, "wb")

    def add(self, ended: StepRun) -> None:
        """Keep a step that ended."""
        for key in self._secret.get(ended.step.name, ()):
            self._redactor.learn(ended.inputs.get(key), key)
        line = {
            "type": "step",
            "at": ended.at,
            "step": ended.step.name,
            "action": ended.step.kind,
            "state": ended.state,
            "began": ended.began,
            "seconds": ended.seconds,
            "waited": ended.waited,
            "attempts": ended.attempts,
            "inputs": self._redactor.record(ended.inputs),
            "results": self._redactor.record(ended.results),
        }
        if ended.error is not None:
            line["error"] = self._redactor.text(str(ended.error))
        self._file.write(dump_line(line))

    def note(self, event: Event) -> None:
        """Keep the run's beginning and end."""
        if isinstance(event, RunEvent):
            self._file.write(dump_line(self._redactor.record(event.to_dict())))

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def read_trace(path: Path) -> list[dict[str, Any]]:
    """The lines of a trace.

    Raises:
        UsageError: It cannot be read, or is no trace.
    """
    try:
        lines = [parse_line(line) for line in path.read_bytes().splitlines()]
    except OSError as error:
        raise UsageError(f"the trace {path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise UsageError(f"{path} is no trace.", hint="Write one with --trace FILE.") from None
    if not lines or any(not isinstance(line, dict) or "type" not in line for line in lines):
        raise UsageError(f"{path} is no trace.", hint="Write one with --trace FILE.")
    return lines
