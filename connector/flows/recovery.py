"""Taking up a run that failed or was killed, taking back what a run created, and listing runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from connector.component import Component, naming
from connector.context import Context
from connector.errors import ConnectorError, JournalError, NotFoundError, Problem
from connector.flows.binding import Bindings
from connector.flows.check import check
from connector.flows.config import config_values
from connector.flows.files import lock, open_private
from connector.flows.flow import Flow, components_by_key, refuse
from connector.flows.history import History, Write, read_history
from connector.flows.journal import Journal, runs_folder
from connector.flows.paths import UNDEFINED, look_up, parse_path
from connector.flows.run import Options, Run
from connector.flows.running import Session
from connector.rest.waiting import CallLimits

Unknown = Literal["stop", "repeat", "skip"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def journal_path(journal: str | Path) -> Path:
    """The path of a journal that was named by its path or by the id of its run."""
    path = Path(journal).expanduser()
    return path if path.exists() or path.suffix else runs_folder() / f"{journal}.jsonl"


def resume(
    journal: str | Path,
    components: Any = None,
    *,
    connections: Mapping[str, Any] | None = None,
    flow: Flow | None = None,
    unknown: Unknown = "stop",
    **options: Any,
) -> Run:
    """Take up a run that failed or was killed: finished steps are not repeated.

    Args:
        journal: Path of the journal, or id of the run.
        components: See `Flow.run`.
        connections: See `Flow.run`; a journal holds no credentials.
        flow: A corrected file; None is the file as it was when the run began.
        unknown: What to do about a write that may have happened: report it and run nothing, repeat it, or take it as
            done, without results.
        options: `max_wait`, `deadline`, `on_event`, `plugins`, `trace`, `keep_values`, `limits`, `state` of `Flow.run`.

    Raises:
        JournalError: The journal cannot be used, the run is still going on, is over or was taken back, or a write may
            have happened.
        FlowFileError: See `Flow.run`.
        StepError: See `Flow.run`.
    """
    book, history = Journal.take_up(journal_path(journal))
    try:
        _can_go_on(history, unknown)
        session, run = _session(history, flow, components, Options(connections=connections or {}, **options))
        book.note("resumed")
    except BaseException:
        book.close()
        raise
    trigger = history.header["trigger"]
    return session.execute(run, {**trigger, "rawBody": trigger["body"]}, book, history, skip_unknown=unknown == "skip")


def _session(history: History, flow: Flow | None, components: Any, options: Options) -> tuple[Session, Run]:
    header = history.header
    given = flow or Flow.parse(header["text"], header["source"])
    definition, known = given.definition(header["flow"]), components_by_key(components)
    values = config_values(given.integration, header["config"])
    refuse(check(given.integration, known, flows=[definition], config=header["config"]))
    session = Session(given.integration, definition, known, values, options)
    try:
        _same_hosts(header["connections"], session.bindings)
    except JournalError:
        session.bindings.close()
        raise
    return session, Run(header["id"], definition.name, journal=history.path)


def _can_go_on(history: History, unknown: Unknown) -> None:
    if history.status in {"done", "stopped"}:
        raise JournalError(f"the run {history.header['id']} is over.", hint="Start the flow again instead.")
    if history.undone:
        text = f"what the run {history.header['id']} created was taken back."
        raise JournalError(text, hint="Start the flow again instead.")
    if not history.unknown or unknown != "stop":
        return
    problems = [
        Problem(write.at, f'{write.action} of the step "{write.step}" was begun, and nobody knows its outcome.')
        for write in history.unknown.values()
    ]
    hint = (
        "Look whether it happened; then resume with --unknown repeat (unknown='repeat') if not, with skip if it did. "
        "A skipped step has no results: where later steps use them, and the flow looks up what exists, start it again."
    )
    raise JournalError("a write may or may not have happened; nothing was run.", problems=problems, hint=hint)


def _same_hosts(then: Mapping[str, Mapping[str, str]], bindings: Bindings) -> None:
    """A run goes on, and is taken back, where it was begun; servers of this machine change their ports."""
    for name, now in bindings.described().items():
        before = then.get(name, now)["host"]
        if before != now["host"] and not (_is_loopback(before) and _is_loopback(now["host"])):
            raise JournalError(
                f'the run used {before} as "{name}", and is given {now["host"]} now.',
                hint="Give the connection that the run was started with.",
            )


def _is_loopback(host: str) -> bool:
    return urlsplit(f"//{host}").hostname in LOOPBACK


@dataclass(slots=True)
class Undone:
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
) -> Undone:
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
    book, history = Journal.take_up(journal_path(journal))
    try:
        return _Undo(history, book, components_by_key(components), connections or {}, max_wait, dry_run=dry_run).all()
    finally:
        book.close()


class _Undo:
    def __init__(
        self,
        history: History,
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
        self.done = Undone()
        self.limits = CallLimits.of(max_wait)
        flow = Flow.parse(history.header["text"], history.header["source"])
        writes = [write for write in history.writes if self._deletion(write)]
        needs = {(write.action.partition(".")[0], write.connection or None): None for write in writes}
        self.bindings = Bindings(flow.integration, needs, components, connections)

    def all(self) -> Undone:
        try:
            _same_hosts(self.history.header["connections"], self.bindings)
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
                self.book.note("undone", at=write.at, position=write.position)
        except NotFoundError:
            self.book.note("undone", at=write.at, position=write.position)
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
        inputs = {name: look_up(known, parse_path(path)) for name, path in action.undo.inputs.items()}
        return component, action.undo.action, inputs

    def _delete(self, component: Component, key: str, inputs: Mapping[str, Any], write: Write) -> None:
        bound = self.bindings.bound(component.key, write.connection or None)
        context = Context(component, bound.connection, limits=self.limits, policy=bound.policy)  # type: ignore[arg-type]
        with naming(key):
            component.perform(key, context, inputs)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that a journal tells of.

    Attributes:
        id: Its id.
        flow: Name of the flow.
        integration: Name of the integration.
        status: `running`, `done`, `stopped`, `failed`, or `killed`.
        started: Seconds since 1970.
        finished: How many steps were finished.
        writes: How many of them changed something.
        unknown: How many writes may have happened.
        journal: Path of the journal.
        error: What it failed with.
    """

    id: str
    flow: str
    integration: str
    status: str
    started: float
    finished: int
    writes: int
    unknown: int
    journal: Path
    error: str


def runs(folder: str | Path | None = None) -> list[PastRun]:
    """The runs whose journals lie in a folder (None: the user's state folder), newest first."""
    place = runs_folder() if folder is None else Path(folder)
    found = [run for path in place.glob("*.jsonl") for run in _past_run(path)]
    return sorted(found, key=lambda run: run.started, reverse=True)


def _past_run(path: Path) -> Iterator[PastRun]:
    try:
        history = read_history(path)
    except (OSError, JournalError):
        return
    header = history.header
    yield PastRun(
        id=str(header.get("id", path.stem)),
        flow=str(header.get("flow", "")),
        integration=str(header.get("integration", "")),
        status=history.status or ("running" if _is_held(path) else "killed"),
        started=float(header.get("started", time.time())),
        finished=len(history.finished),
        writes=len(history.writes),
        unknown=len(history.unknown),
        journal=path,
        error=history.error,
    )


def _is_held(path: Path) -> bool:
    handle = open_private(path, os.O_RDWR)
    try:
        return not lock(handle)
    finally:
        os.close(handle)
