"""Resume a run from its journal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from connector.errors import JournalError, Problem
from connector.flows.check.integration import check
from connector.flows.check.problems import raise_if_errors
from connector.flows.file.parse import read_text
from connector.flows.run.config import config_values
from connector.flows.run.connections import check_same_hosts
from connector.flows.run.prepare import components_by_key
from connector.flows.run.result import Options, Run
from connector.flows.run.session import RunSession
from connector.journal.file import Journal, journal_path
from connector.journal.reader import JournalContents

if TYPE_CHECKING:
    from connector.flows.flow import Flow

Unknown = Literal["stop", "repeat", "skip"]


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
        InvalidFlowError: See `Flow.run`.
        StepError: See `Flow.run`.
    """
    book, history = Journal.reopen(journal_path(journal))
    try:
        _can_go_on(history, unknown)
        session, run = _session(history, flow, components, Options(connections=connections or {}, **options))
        book.append("resumed")
    except BaseException:
        book.close()
        raise
    trigger = history.header["trigger"]
    return session.execute(run, {**trigger, "rawBody": trigger["body"]}, book, history, skip_unknown=unknown == "skip")


def _session(history: JournalContents, flow: Flow | None, components: Any, options: Options) -> tuple[RunSession, Run]:
    header = history.header
    integration = flow.integration if flow else read_text(header["text"], header["source"])
    definition, known = integration.definition(header["flow"]), components_by_key(components)
    values = config_values(integration, header["config"])
    raise_if_errors(check(integration, known, flows=[definition], config=header["config"]))
    session = RunSession(integration, definition, known, values, options)
    try:
        check_same_hosts(header["connections"], session.bindings)
    except JournalError:
        session.bindings.close()
        raise
    return session, Run(header["id"], definition.name, journal=history.path)


def _can_go_on(history: JournalContents, unknown: Unknown) -> None:
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
