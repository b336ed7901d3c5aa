"""Values of persist-data steps: in memory for one run, in a file of the integration for longer."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.common.private_files import (
    dump_line,
    lock,
    open_private,
    parse_line,
    private_folder,
    reason_of,
    write_private,
)
from connector.common.state_dir import state_folder
from connector.errors import SetupError

Values = dict[str, Any]
Operation = Callable[[Values], Any]

SCOPES = ("Execution", "Instance", "CrossFlow", "Integration")
"""How long a value lives: one run; one flow; all flows; all flows (locally there is one instance)."""


class Store:
    """The persisted values of one integration.

    A change and the record of the step that made it are written to the file in one piece. So a run that was killed in
    that step can be resumed without making the change twice.

    Args:
        integration: Name of the integration.
        flow: Name of the flow.
        run: ID of the run.
        folder: Folder of the file; None keeps everything in memory.
    """

    def __init__(self, integration: str, flow: str, run: str, folder: Path | None) -> None:
        self._flow = flow
        self._run = run
        self._memory: dict[str, Values] = {"Execution": {}}
        digest = hashlib.sha256(integration.encode()).hexdigest()[:8]
        slug = re.sub(r"[^A-Za-z0-9]+", "-", integration).strip("-").lower()[:40]
        self._file = None if folder is None else folder / f"{slug}-{digest}.json"

    def apply(self, scope: str, path: str, operation: Operation) -> Any:
        """Apply an operation to the values of a scope, once for each path in the run.

        Raises:
            SetupError: If the file is damaged.
        """
        if scope == "Execution" or self._file is None:
            return operation(self._memory.setdefault(scope, {}))
        with self._locked(self._file) as content:
            last = content["made"].get(self._run)
            if last and last["path"] == path:
                return last["results"]
            values = content["scopes"].setdefault(self._name(scope), {})
            before = dump_line(values)
            results = operation(values)
            if dump_line(values) != before:
                content["made"][self._run] = {"path": path, "results": results}
                _write(self._file, content)
            return results

    def forget_run(self) -> None:
        """Remove the record of this run's last change, after its end."""
        if self._file is None or not self._file.exists():
            return
        with self._locked(self._file) as content:
            if content["made"].pop(self._run, None):
                _write(self._file, content)

    def _name(self, scope: str) -> str:
        return f"{scope} {self._flow}" if scope == "Instance" else scope

    @contextmanager
    def _locked(self, file: Path) -> Iterator[dict[str, Any]]:
        private_folder(file.parent)
        handle = open_private(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
        try:
            lock(handle, wait=True)
            yield _read(file)
        finally:
            os.close(handle)


def store_folder() -> Path:
    """Return the folder of the persisted values."""
    return state_folder(os.environ) / "state"


def _write(file: Path, content: dict[str, Any]) -> None:
    try:
        write_private(file, dump_line(content))
    except OSError as error:
        message = f'cannot write the persisted values to "{file}": {reason_of(error)}'
        raise SetupError(message, hint="Make room on the disk, then resume the run.") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        with os.fdopen(open_private(file, os.O_RDONLY), "rb") as stored:
            content = parse_line(stored.read())
    except FileNotFoundError:
        return {"scopes": {}, "made": {}}
    except (OSError, ValueError) as error:
        raise SetupError(
            f'cannot read the persisted values in "{file}": {error}', hint="Repair or delete the file."
        ) from None
    if not isinstance(content, dict) or not {"scopes", "made"} <= content.keys():
        raise SetupError(f'"{file}" does not contain persisted values', hint="Repair or delete the file.")
    return content
