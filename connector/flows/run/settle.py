"""Records what became of a write with an unknown outcome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.component.component import error_context
from connector.component.schema import value_problems
from connector.errors import InputError, JournalError, Problem, UsageError
from connector.flows.file.parse import read_text
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import ConnectionValue, FlowConnections, check_same_hosts
from connector.flows.run.plan import referenced_variables
from connector.flows.steps.step_call import StepPath
from connector.journal.journals import reopen_journal
from connector.journal.reader import JournalContents, contents_of
from connector.journal.writer import JournalWriter
from connector.journal.writes import Write
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.component.component import Component

MISSING_RESULTS_HINT = (
    'Pass --results FILE (results=...), or --from "ACTION NAME=VALUE" (lookup=...) to read them from the service. '
    'To go on without them, resume with --unknown skip (unknown="skip").'
)

Lookup = tuple[str, Mapping[str, Any]]
"""Key and inputs of an action that reads what a write created."""


def settle(
    journal: str | Path,
    step: str,
    components: Any = None,
    *,
    happened: bool,
    results: Any = None,
    lookup: Lookup | None = None,
    connections: Mapping[str, ConnectionValue] | None = None,
    max_wait: float | None = None,
) -> Write:
    """Record whether a write of unknown outcome was applied. A resumed run then knows.

    A later decision replaces an earlier one, as long as the run did not go on after it.

    Args:
        journal: ID of the run, path of its journal, or the URL of its database with `#ID`.
        step: Name of the step, or its path in the run.
        components: See `Flow.run`.
        happened: Whether the write was applied.
        results: Results of the step, for later steps and `undo`. Required if one of them refers to the results.
        lookup: Action of the component that returns these results, and its inputs, instead of `results`.
        connections: See `connector.flows.RunSettings`; only needed for `lookup`.
        max_wait: Maximum seconds that `lookup` waits for rate limits and retries.

    Returns:
        The write.

    Raises:
        JournalError: If the journal cannot be used, the run is still running, no such write is in doubt, or results are
            needed and missing.
        InputError: If the results do not match the output schema of the action.
        UsageError: If the action of `lookup` is not a read.
    """
    opened = reopen_journal(journal)
    try:
        history = contents_of(opened)
        write = write_in_doubt(history, step, happened=happened)
        known = components_by_key(components)
        if lookup is not None:
            limits = CallLimits.of(max_wait)
            results = _look_up(history, write, known, lookup, connections=connections or {}, limits=limits)
        if happened:
            _check_results(history, write, known, results)
        JournalWriter(opened).decided(write.path, "happened" if happened else "did-not-happen", results)
    finally:
        opened.close()
    return write


def write_in_doubt(history: JournalContents, step: str, *, happened: bool) -> Write:
    """Return the write of a step that someone may decide about.

    Raises:
        JournalError: If there is none, or several.
    """
    candidates = history.may_be_settled(happened=happened)
    writes = [write for write in candidates.values() if step in {write.path, write.step}]
    if len(writes) == 1:
        return writes[0]
    run_id = history.header["id"]
    paths = [write.path for write in writes or candidates.values()]
    hint = f"Pass one of these paths: {', '.join(paths)}." if paths else "Nothing of this run has to be settled."
    if writes:
        raise JournalError(f'run {run_id} has {len(writes)} writes with an unknown outcome in step "{step}"', hint=hint)
    raise JournalError(f'run {run_id} has no write with an unknown outcome in step "{step}"', hint=hint)


def _check_results(history: JournalContents, write: Write, components: Mapping[str, Component], results: Any) -> None:
    action = _component(write, components).action(write.action.partition(".")[2])
    if results is not None:
        problems = [Problem(path, text) for path, text in value_problems(action.output_schema, {"data": results})]
        if problems:
            raise InputError("results do not match the output schema", action=action.key, problems=problems)
        return
    in_results = [path for path in (action.undo.inputs.values() if action.undo else ()) if path.startswith("results")]
    if in_results:
        raise _missing_results(write, f"undo needs {' and '.join(in_results)}")
    flow = read_text(history.header["text"], history.header["source"]).definition(history.header["flow"])
    path = StepPath(write.path)
    if path.removeprefix(path.prefix) in referenced_variables(flow):
        raise _missing_results(write, "a later step refers to them")


def _missing_results(write: Write, reason: str) -> JournalError:
    return JournalError(f'missing results of step "{write.step}": {reason}', hint=MISSING_RESULTS_HINT)


def _look_up(
    history: JournalContents,
    write: Write,
    components: Mapping[str, Component],
    lookup: Lookup,
    *,
    connections: Mapping[str, ConnectionValue],
    limits: CallLimits,
) -> Any:
    component, name = _component(write, components), write.connection or None
    key, inputs = lookup
    if component.action(key).effect != "read":
        raise UsageError(f'action "{key}" is not a read', hint="Pass an action that returns what the write created.")
    integration = read_text(history.header["text"], history.header["source"])
    opened = FlowConnections(integration, [(component.key, name)], components, connections)
    try:
        check_same_hosts(history.header["connections"], opened)
        bound = opened.bound(component.key, name)
        context = bound.context(component, limits)
        with error_context(key):
            return (component.perform(key, context, inputs) or {}).get("data")
    finally:
        opened.close()


def _component(write: Write, components: Mapping[str, Component]) -> Component:
    key = write.action.partition(".")[0]
    if key not in components:
        raise UsageError(f'component "{key}" is not installed')
    return components[key]
