"""Undo what a run created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.component.component import Component, error_context
from connector.component.context import Context
from connector.errors import ConnectorError, NotFoundError
from connector.flows.file.parse import read_text
from connector.flows.run.connections import FlowConnections, check_same_hosts
from connector.flows.run.prepare import components_by_key
from connector.flows.values.paths import UNDEFINED, get_path, parse_path
from connector.journal.file import Journal, journal_path
from connector.journal.reader import JournalContents, Write
from connector.rest.rate_limits import CallLimits


@dataclass(slots=True)
class UndoResult:
    """What became of the writes of a run, newest first.

    Attributes:
        deleted: What was created and is deleted now.
        gone: What was created and was not there any more.
        failed: What was created and could not be deleted, with the error.
        kept: Writes that cannot be taken back, and why.
    """

    deleted: list[Write] = field(default_factory=list)
    gone: list[Write] = field(default_factory=list)
    failed: list[tuple[Write, ConnectorError]] = field(default_factory=list)
    kept: list[tuple[Write, str]] = field(default_factory=list)


def undo(
    journal: str | Path,
    components: Any = None,
    *,
    connections: Mapping[str, Any] | None = None,
    max_wait: float | None = None,
    dry_run: bool = False,
) -> UndoResult:
    """Delete what a run created, newest first; nothing else is touched.

    Args:
        journal: Path of the journal, or id of the run.
        components: See `Flow.run`.
        connections: See `Flow.run`; a journal holds no credentials.
        max_wait: Seconds that one request may wait.
        dry_run: Only say what would be deleted.

    Raises:
        JournalError: The journal cannot be used, or the run is still going on.
        SetupError: A connection is missing.
    """
    book, history = Journal.reopen(journal_path(journal))
    try:
        return _Undo(history, book, components_by_key(components), connections or {}, max_wait, dry_run=dry_run).all()
    finally:
        book.close()


class _Undo:
    def __init__(
        self,
        history: JournalContents,
        book: Journal,
        components: Mapping[str, Component],
        connections: Mapping[str, Any],
        max_wait: float | None,
        *,
        dry_run: bool,
    ) -> None:
        self.history = history
        self.book = book
        self.components = components
        self.dry_run = dry_run
        self.done = UndoResult()
        self.limits = CallLimits.of(max_wait)
        integration = read_text(history.header["text"], history.header["source"])
        writes = [write for write in history.writes if self._deletion(write)]
        needs = {(write.action.partition(".")[0], write.connection or None): None for write in writes}
        self.bindings = FlowConnections(integration, needs, components, connections)

    def all(self) -> UndoResult:
        try:
            check_same_hosts(self.history.header["connections"], self.bindings)
            for write in reversed(self.history.unknown.values()):
                self.done.kept.append((write, "it may or may not have happened: look, and delete it by hand"))
            for write in reversed(self.history.writes):
                if write.position not in self.history.undone:
                    self._one(write)
        finally:
            self.bindings.close()
        return self.done

    def _one(self, write: Write) -> None:
        found = self._deletion(write)
        if found is None:
            self.done.kept.append((write, "it created nothing that is known to be new"))
            return
        component, key, inputs = found
        if UNDEFINED in inputs.values():
            self.done.kept.append((write, "its answer does not tell what it created"))
            return
        try:
            if not self.dry_run:
                self._delete(component, key, inputs, write)
                self.book.append("undone", at=write.at, position=write.position)
        except NotFoundError:
            self.book.append("undone", at=write.at, position=write.position)
            self.done.gone.append(write)
        except ConnectorError as error:
            self.done.failed.append((write, error))
        else:
            self.done.deleted.append(write)

    def _deletion(self, write: Write) -> tuple[Component, str, dict[str, Any]] | None:
        component_key, _, key = write.action.partition(".")
        component = self.components.get(component_key)
        action = component.actions.get(key) if component else None
        if component is None or action is None or action.undo is None:
            return None
        known = {"inputs": write.inputs, "results": self.history.results_at(write.position)}
        inputs = {name: get_path(known, parse_path(path)) for name, path in action.undo.inputs.items()}
        return component, action.undo.action, inputs

    def _delete(self, component: Component, key: str, inputs: Mapping[str, Any], write: Write) -> None:
        bound = self.bindings.bound(component.key, write.connection or None)
        context = Context(component, bound.connection, limits=self.limits, policy=bound.policy)  # type: ignore[arg-type]
        with error_context(key):
            component.perform(key, context, inputs)
