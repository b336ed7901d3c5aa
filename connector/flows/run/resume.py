"""Resumes a run from its journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from connector.common.text import did_you_mean
from connector.errors import JournalError, Problem, UsageError
from connector.flows.file.parse import read_text
from connector.flows.file.step_actions import action_of
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import check_same_hosts
from connector.flows.run.prepare import PreparedRun, check_flow
from connector.flows.run.result import Run
from connector.flows.run.session import execute
from connector.flows.run.settings import RunSettings
from connector.flows.run.stubs import Stubs, StubValues
from connector.flows.run.write_names import describe
from connector.journal.journals import reopen_journal
from connector.journal.reader import JournalContents, contents_of
from connector.journal.writer import JournalWriter
from connector.journal.writes import Write

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.flow import Flow
    from connector.journal.protocol import Decision, Journal

Unknown = Literal["stop", "retry", "skip"]


def resume(
    journal: str | Path,
    components: Any = None,
    *,
    flow: Flow | None = None,
    stubs: StubValues = None,
    unknown: Unknown | Mapping[str, Unknown] = "stop",
    **settings: Unpack[RunSettings],
) -> Run:
    """Resume a failed or killed run. Finished steps are not run again.

    Args:
        journal: ID of the run, path of its journal, or the URL of its database with `#ID`.
        components: See `Flow.run`.
        flow: A corrected file. Default: the file as it was when the run started.
        stubs: See `Flow.run`. Pass those again that the run started with: a journal holds only their names.
        unknown: What to do with a write of unknown outcome: stop and report it, retry it, or skip it; a skipped write
            has no results. Pass a mapping of step names or paths to decide for each write. Idempotent writes are
            retried without asking.
        settings: See `connector.flows.RunSettings`. Pass the connections again: a journal holds no credentials.

    Raises:
        JournalError: If the journal cannot be used; the run is still running, has finished, or was undone; or a write
            has an unknown outcome.
        InvalidFlowError: See `Flow.run`.
        StepError: See `Flow.run`.
    """
    with Resumption(journal, components, flow=flow, stubs=stubs, unknown=unknown) as resumption:
        return resumption.run(resumption.prepare(**settings))


class Resumption:
    """A run that is about to be resumed; its journal is held until it is closed.

    Attributes:
        history: What the run did until now.
        checked: The flow to resume.
    """

    def __init__(
        self,
        journal: str | Path,
        components: Any = None,
        *,
        flow: Flow | None = None,
        stubs: StubValues = None,
        unknown: Unknown | Mapping[str, Unknown] = "stop",
    ) -> None:
        """Hold the journal of a run, and check its flow; see `resume`."""
        with ExitStack() as stack:
            self._journal = reopen_journal(journal)
            stack.callback(self._journal.close)
            self.history = contents_of(self._journal)
            _check_resumable(self.history)
            header = self.history.header
            integration = flow.integration if flow else read_text(header["text"], header["source"])
            definition = integration.definition(header["flow"])
            known, branch = components_by_key(components), header.get("branch")
            self.checked = check_flow(integration, definition, known, header["config"], branch=branch, stubs=stubs)
            _check_stubs(header, self.checked.stubs)
            self._decisions = decisions_about(self.history, self.checked.components, unknown)
            self._stack = stack.pop_all()

    def prepare(self, **settings: Unpack[RunSettings]) -> PreparedRun:
        """Open the connections of the run.

        Raises:
            JournalError: If a connection goes to another host than before.
            ConnectionInputError: If connections are missing or invalid.
        """
        prepared = PreparedRun(self.checked, **settings)
        try:
            check_same_hosts(self.history.header["connections"], prepared.connections)
        except JournalError:
            prepared.close()
            raise
        return prepared

    def run(self, prepared: PreparedRun) -> Run:
        """Run the rest of the flow; see `resume`."""
        with prepared:
            return _run_rest(self._journal, self.history, prepared, self._decisions)

    def close(self) -> None:
        """Let another process have the journal."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def resume_held(journal: Journal, history: JournalContents, prepared: PreparedRun) -> Run:
    """Resume a run whose journal is held, as `resume` does without a decision about writes of unknown outcome.

    Raises:
        JournalError: See `resume`.
        StepError: See `resume`.
    """
    _check_resumable(history)
    check_same_hosts(history.header["connections"], prepared.connections)
    return _run_rest(journal, history, prepared, decisions_about(history, prepared.checked.components, "stop"))


def _run_rest(
    journal: Journal, history: JournalContents, prepared: PreparedRun, decisions: Mapping[str, Decision]
) -> Run:
    writer = JournalWriter(journal, history)
    writer.resumed()
    for path, decision in decisions.items():
        writer.decided(path, decision)
        history.decide(path, decision)
    run = Run(history.header["id"], prepared.checked.flow.name, journal=history.location)
    trigger = {"rawBody": history.header["trigger"]["body"], **history.header["trigger"]}
    return execute(prepared, run, trigger, writer, history)


def _check_resumable(history: JournalContents) -> None:
    run_id = history.header["id"]
    if history.undone:
        raise JournalError(f"run {run_id} was undone and cannot be resumed", hint="Start a new run.")
    if history.status == "done":
        raise JournalError(f"run {run_id} has already finished", hint="Start a new run.")


def _check_stubs(header: Mapping[str, Any], stubs: Stubs) -> None:
    """Check that no step is performed now that a stub stood in for before."""
    missing = [name for name in header.get("stubs", ()) if name not in stubs.names]
    if missing:
        hint = f"Pass its stubs again: {', '.join(missing)}."
        raise UsageError(f"run {header['id']} was started with stubs", hint=hint)


def decisions_about(
    history: JournalContents, components: Mapping[str, Component], unknown: Unknown | Mapping[str, Unknown]
) -> dict[str, Decision]:
    """Return what to do with each write of unknown outcome, by its path.

    Raises:
        JournalError: If nothing is decided about one of them, or a decision is about no such write.
    """
    if not isinstance(unknown, str):
        _check_names(history, unknown)
    decisions: dict[str, Decision] = {}
    undecided = []
    for path, write in history.unknown.items():
        chosen = unknown if isinstance(unknown, str) else unknown.get(path, unknown.get(write.step, "stop"))
        if path in history.retries or is_idempotent(write, components):
            chosen = "retry" if chosen == "stop" else chosen
        if chosen == "stop":
            undecided.append(write)
        else:
            decisions[path] = chosen
    if undecided:
        raise _unknown_outcome(history.header["id"], undecided, components)
    return decisions


def _check_names(history: JournalContents, names: Iterable[str]) -> None:
    writes = history.unknown.values()
    known = list(dict.fromkeys([*(write.step for write in writes), *(write.path for write in writes)]))
    for name in names:
        if name not in known:
            run_id = history.header["id"]
            hint = did_you_mean(name, known) or (f"Available: {', '.join(known)}." if known else "")
            raise JournalError(f'run {run_id} has no write with an unknown outcome in step "{name}"', hint=hint)


def is_idempotent(write: Write, components: Mapping[str, Component]) -> bool:
    """Return True if a write may be sent again without harm."""
    action = action_of(write.action, components)
    return action is not None and action.idempotent


def _unknown_outcome(run_id: str, writes: Sequence[Write], components: Mapping[str, Component]) -> JournalError:
    names = " and ".join(f'{write.action} in step "{write.step}"' for write in writes)
    has = "has a write" if len(writes) == 1 else f"has {len(writes)} writes"
    problems = [Problem(write.path, describe(write, components)) for write in writes]
    hint = (
        'Check whether it was applied. Then resume with --unknown retry (unknown="retry") if it was not, or with '
        '--unknown skip (unknown="skip") if it was. A skipped step has no results: if later steps or undo need them, '
        "pass them to `connector flow settle` first."
    )
    return JournalError(f"run {run_id} {has} with an unknown outcome: {names}", problems=problems, hint=hint)
