"""Undoes what a run created."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connector.common.redaction import Redactor
from connector.common.value_paths import UNDEFINED, get_path, parse_path
from connector.component.component import Component, error_context
from connector.component.shared_limits import shared_gate
from connector.errors import ConnectorError, NotFoundError
from connector.flows.file.parse import read_text
from connector.flows.file.step_actions import action_of
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import ConnectionValue, FlowConnections, check_same_hosts
from connector.flows.run.forget import forget_secrets
from connector.journal.journals import reopen_journal
from connector.journal.limit_stores import LimitStore, limit_store
from connector.journal.reader import JournalContents, contents_of
from connector.journal.writer import JournalWriter
from connector.journal.writes import Write
from connector.rest.rate_limits import CallLimits


@dataclass(slots=True)
class UndoResult:
    """Result of undo, newest write first.

    Attributes:
        deleted: Writes whose creations were deleted.
        already_deleted: Writes whose creations did not exist any more.
        failed: Writes whose creations could not be deleted, each with its error.
        not_undone: Writes that cannot be undone, each with the reason.
        deletions: What deletes the creation of a write, by the number of the write.
        is_dry_run: Whether nothing was deleted: `deleted` has the writes whose creations would be.
        undone_before: Number of writes whose creations an earlier undo deleted.
    """

    deleted: list[Write] = field(default_factory=list)
    already_deleted: list[Write] = field(default_factory=list)
    failed: list[tuple[Write, ConnectorError]] = field(default_factory=list)
    not_undone: list[tuple[Write, str]] = field(default_factory=list)
    deletions: dict[int, Deletion] = field(default_factory=dict)
    is_dry_run: bool = False
    undone_before: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """The action that deletes what a write created.

    Attributes:
        component: The component.
        action: Key of the action.
        inputs: Its inputs.
    """

    component: Component
    action: str
    inputs: dict[str, Any]


def undo(
    journal: str | Path,
    components: Any = None,
    *,
    connections: Mapping[str, ConnectionValue] | None = None,
    max_wait: float | None = None,
    dry_run: bool = False,
) -> UndoResult:
    """Delete what a run created, newest first, and nothing else.

    Args:
        journal: ID of the run, path of its journal, or the URL of its database with `#ID`.
        components: See `Flow.run`.
        connections: See `connector.flows.RunSettings`. Pass them again: a journal holds no credentials.
        max_wait: Maximum seconds to wait for rate limits and retries, per request.
        dry_run: Only return what would be deleted.

    Raises:
        JournalError: If the journal cannot be used, or the run is still running.
        SetupError: If a connection is missing.
    """
    opened = reopen_journal(journal)
    try:
        with limit_store(opened.database) if opened.database else nullcontext() as shared_limits:
            writer = JournalWriter(opened)
            undoing = _Undo(contents_of(opened), writer, components, connections or {}, shared_limits)
            result = undoing.all(CallLimits.of(max_wait), dry_run=dry_run)
        if not result.failed and (result.deleted or result.already_deleted) and not dry_run:
            # An undone run cannot be resumed, so nothing needs them anymore.
            forget_secrets(opened, undoing.components, Redactor())
        return result
    finally:
        opened.close()


class _Undo:
    def __init__(
        self,
        history: JournalContents,
        journal: JournalWriter,
        components: Any,
        connections: Mapping[str, ConnectionValue],
        shared_limits: LimitStore | None,
    ) -> None:
        self.history = history
        self.journal = journal
        self.shared_limits = shared_limits
        self.components = components_by_key(components)
        self.result = UndoResult(undone_before=len(history.undone))
        integration = read_text(history.header["text"], history.header["source"])
        targets = [target for target in history.writes.targets() if self._has_undo(target[0])]
        needs = {(name.partition(".")[0], connection or None): None for name, connection in targets}
        self.connections = FlowConnections(integration, needs, self.components, connections)

    def all(self, limits: CallLimits, *, dry_run: bool) -> UndoResult:
        self.result.is_dry_run = dry_run
        try:
            check_same_hosts(self.history.header["connections"], self.connections)
            for write in reversed(self.history.unknown.values()):
                self._skip(write, "the outcome is unknown; check whether it was applied")
            for write in reversed(self.history.skipped.values()):
                self._skip(write, "it was skipped without results; check whether it was applied")
            for write in self.history.writes.newest_first():
                if write.number not in self.history.undone:
                    self._one(write, limits, dry_run=dry_run)
        finally:
            self.connections.close()
        return self.result

    def _one(self, write: Write, limits: CallLimits, *, dry_run: bool) -> None:
        deletion = self._deletion(write)
        if action_of(write.action, self.components) is None:
            self._skip(write, f"the component no longer has {write.action.partition('.')[2]}")
        elif deletion is None:
            self._skip(write, "the record may have existed before this run")
        elif UNDEFINED in deletion.inputs.values():
            self._skip(write, "the response does not contain the ID of the record")
        else:
            self.result.deletions[write.number] = deletion
            if dry_run:
                self.result.deleted.append(write)
            else:
                self._delete(write, deletion, limits)

    def _delete(self, write: Write, deletion: Deletion, limits: CallLimits) -> None:
        component = deletion.component
        bound = self.connections.bound(component.key, write.connection or None)
        limits = replace(limits, gate=shared_gate(self.shared_limits, component, bound.connection))
        context = bound.context(component, limits)
        outcome = self.result.deleted
        try:
            with error_context(deletion.action):
                component.perform(deletion.action, context, deletion.inputs)
        except NotFoundError:
            outcome = self.result.already_deleted
        except ConnectorError as error:
            self.result.failed.append((write, error))
            return
        self.journal.undone(write.path, write.number)
        outcome.append(write)

    def _skip(self, write: Write, reason: str) -> None:
        self.result.not_undone.append((write, reason))

    def _has_undo(self, name: str) -> bool:
        action = action_of(name, self.components)
        return action is not None and action.undo is not None

    def _deletion(self, write: Write) -> Deletion | None:
        component = self.components.get(write.action.partition(".")[0])
        action = action_of(write.action, self.components)
        if component is None or action is None or action.undo is None:
            return None
        known = {"inputs": write.inputs, "results": self.history.results_at(write.position)}
        inputs = {name: get_path(known, parse_path(path)) for name, path in action.undo.inputs.items()}
        return Deletion(component, action.undo.action, inputs)
