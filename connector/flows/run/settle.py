"""Records what became of a write with an unknown outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.component.schema import value_problems
from connector.errors import InputError, JournalError, Problem
from connector.flows.run.components import components_by_key
from connector.journal.journals import reopen_journal
from connector.journal.reader import JournalContents, Write, contents_of
from connector.journal.writer import JournalWriter


def settle(journal: str | Path, step: str, components: Any = None, *, happened: bool, results: Any = None) -> Write:
    """Record whether a write of unknown outcome was applied. A resumed run then knows.

    Args:
        journal: ID of the run, path of its journal, or `sqlite:///FILE#ID`.
        step: Name of the step, or its path in the run.
        components: See `Flow.run`.
        happened: Whether the write was applied.
        results: Results of the step, for later steps. Default: the step has no results.

    Returns:
        The write.

    Raises:
        JournalError: If the journal cannot be used, the run is still running, or no such write is in doubt.
        InputError: If the results do not match the output schema of the action.
    """
    opened = reopen_journal(journal)
    try:
        write = _write_in_doubt(contents_of(opened), step)
        if happened and results is not None:
            _check_results(write, components, results)
            JournalWriter(opened).decided(write.path, "happened", results)
        else:
            JournalWriter(opened).decided(write.path, "skip" if happened else "did-not-happen")
    finally:
        opened.close()
    return write


def _write_in_doubt(history: JournalContents, step: str) -> Write:
    writes = [write for write in history.unknown.values() if step in {write.path, write.step}]
    if len(writes) == 1:
        return writes[0]
    run_id = history.header["id"]
    paths = [write.path for write in writes or history.unknown.values()]
    hint = f"Pass one of these paths: {', '.join(paths)}." if paths else "Nothing of this run has to be settled."
    if writes:
        raise JournalError(f'run {run_id} has {len(writes)} writes with an unknown outcome in step "{step}"', hint=hint)
    raise JournalError(f'run {run_id} has no write with an unknown outcome in step "{step}"', hint=hint)


def _check_results(write: Write, components: Any, results: Any) -> None:
    component, _, key = write.action.partition(".")
    action = components_by_key(components)[component].action(key)
    problems = [Problem(path, text) for path, text in value_problems(action.output_schema, {"data": results})]
    if problems:
        raise InputError("results do not match the output schema", action=action.key, problems=problems)
