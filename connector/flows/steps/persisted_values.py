"""Values of persist-data steps: in memory for one run, in a document of the integration for longer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connector.common.private_files import dump_line
from connector.errors import SetupError
from connector.journal.value_stores import Document, ValueStore

Values = dict[str, Any]
Operation = Callable[[Values], Any]

SCOPES = ("Execution", "Instance", "CrossFlow", "Integration")
"""How long a value lives: one run; one flow; all flows; all flows (locally there is one instance)."""


class Store:
    """The persisted values of one integration.

    A change and the record of the step that made it are stored in one piece. So a run that was killed in that step can
    be resumed without making the change twice.

    Args:
        integration: Name of the integration.
        flow: Name of the flow.
        run: ID of the run.
        values: Where they are stored; None keeps everything in memory.
        is_resumed: Whether an earlier process may have made a change in this run.
    """

    def __init__(
        self, integration: str, flow: str, run: str, values: ValueStore | None, *, is_resumed: bool = False
    ) -> None:
        self._flow = flow
        self._run = run
        self._values = values
        self._memory: dict[str, Values] = {"Execution": {}}
        digest = hashlib.sha256(integration.encode()).hexdigest()[:8]
        slug = re.sub(r"[^A-Za-z0-9]+", "-", integration).strip("-").lower()[:40]
        self._name = f"{slug}-{digest}"
        self._has_changed = is_resumed

    def apply(self, scope: str, path: str, operation: Operation) -> Any:
        """Apply an operation to the values of a scope, once for each path in the run.

        Raises:
            SetupError: If the stored values are damaged, or cannot be stored.
            JournalError: If their database cannot be used.
        """
        if scope == "Execution" or self._values is None:
            return operation(self._memory.setdefault(scope, {}))
        with self._changing(self._values) as document:
            made, scopes = document.content["made"], document.content["scopes"]
            last = made.get(self._run)
            if last and last["path"] == path:
                return last["results"]
            values = scopes.setdefault(f"{scope} {self._flow}" if scope == "Instance" else scope, {})
            before = dump_line(values)
            results = operation(values)
            if dump_line(values) != before:
                made[self._run] = {"path": path, "results": results}
                document.is_changed = self._has_changed = True
            return results

    def forget_run(self) -> None:
        """Remove the record of this run's last change, after its end."""
        if self._values is None or not self._has_changed:
            return
        with self._changing(self._values) as document:
            document.is_changed = document.content["made"].pop(self._run, None) is not None

    def close(self) -> None:
        """Let go of the place where the values are stored."""
        if self._values is not None:
            self._values.close()

    @contextmanager
    def _changing(self, values: ValueStore) -> Iterator[Document]:
        with values.changing(self._name) as document:
            document.content = document.content or {"scopes": {}, "made": {}}
            if not {"scopes", "made"} <= document.content.keys():
                raise SetupError(f'"{self._name}" does not contain persisted values', hint="Repair or delete it.")
            yield document
