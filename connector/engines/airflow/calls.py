"""What a task does, without Airflow: calls that are safe to run again, and which errors are worth a retry."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from connector.common.private_files import private_folder
from connector.common.state_dir import state_folder
from connector.component.definitions import Payload
from connector.component.runner import Runner
from connector.errors import ConnectorError, StepError, UsageError

MAX_RECORDS = 10_000
"""Number of records that a task may return: Airflow stores what a task returns in its database."""


def task_name(*parts: object) -> str:
    """Return the ID of a task's run, the same one each time that the task runs again."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", str(parts[-2])).strip("-_")[:60]
    return f"{readable or 'task'}-{digest}"


def journal_of(place: bool | str | Path, name: str) -> Path:
    """Return the path of a task's journal, in a folder of the user's state unless `place` is one."""
    folder = state_folder(os.environ) / "airflow" if isinstance(place, bool) else Path(place).expanduser()
    return private_folder(folder) / f"{name}.jsonl"


def perform(runner: Runner, key: str, inputs: Mapping[str, Any], journal: Path | None) -> Payload:
    """Run an action, and return its payload.

    A write is recorded before it is sent. A task that was killed and runs again gets the payload of a write that was
    finished, and an error if its outcome is unknown.

    Raises:
        JournalError: If an earlier try sent the write, and its outcome is unknown.
        ConnectorError: If the call fails.
    """
    action = runner.component.action(key)
    if journal is None or action.effect_of(action.inputs.from_values(inputs)) == "read":
        return runner.invoke(key, inputs)
    with runner.each(key, [inputs], journal=journal, resume=journal if journal.exists() else None) as results:
        result = next(results)
    if result.error is not None:
        raise result.error
    return result.payload or {}


def all_records(runner: Runner, key: str, inputs: Mapping[str, Any], file: Path | None) -> list[Any] | dict[str, Any]:
    """Return all records of a list action, or write them to a file, one JSON record per line.

    Raises:
        UsageError: If there are more records than a task may return.
    """
    records = runner.records(key, inputs)
    if file is not None:
        with file.open("wb") as lines:
            count = sum(1 for record in records if lines.write(to_json(record) + b"\n"))
        return {"file": str(file), "count": count}
    listed: list[Any] = []
    for record in records:
        listed.append(record)
        if len(listed) > MAX_RECORDS:
            hint = "Pass to=FILE to write them to a file."
            raise UsageError(f"cannot return more than {MAX_RECORDS} records", action=key, hint=hint)
    return listed


def is_repeatable(error: ConnectorError) -> bool:
    """Return whether a retry of the task may help after an error, and is safe.

    A flow resumes where it failed, so the error of its step decides.
    """
    cause = error.cause if isinstance(error, StepError) else error
    return isinstance(cause, ConnectorError) and cause.repeatable
