"""Starts a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connector.flows.run.limits import check_depth
from connector.flows.run.prepare import PreparedRun
from connector.flows.run.result import Run
from connector.flows.run.session import execute
from connector.flows.steps.trigger import trigger_results
from connector.journal.file import FileJournal, new_id, runs_folder
from connector.journal.writer import JournalWriter


def start(
    prepared: PreparedRun,
    payload: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    journal: bool | str | Path = True,
) -> Run:
    """Run a prepared flow with a trigger payload, and close what was opened for it; see `Flow.run`.

    Raises:
        FlowLimitError: If the payload is nested too deeply, or the flow exceeds a limit.
        JournalError: If the journal cannot be created.
        StepError: If a step fails.
    """
    checked = prepared.checked
    run = Run(new_id(), checked.flow.name)
    with prepared:
        check_depth("payload", payload)
        trigger = trigger_results(checked.integration, checked.flow, run.id, payload, headers=headers, query=query)
        writer = JournalWriter(None)
        if journal is not False and not prepared.dry_run:
            run.journal = runs_folder() / f"{run.id}.jsonl" if journal is True else Path(journal)
            writer = JournalWriter(FileJournal.create(run.journal, _header(prepared, run, trigger)))
        return execute(prepared, run, trigger, writer)


def _header(prepared: PreparedRun, run: Run, trigger: Mapping[str, Any]) -> dict[str, Any]:
    integration = prepared.checked.integration
    return {
        "id": run.id,
        "integration": integration.name,
        "flow": run.flow,
        "source": integration.document.source,
        "text": integration.text,
        "trigger": {key: part for key, part in trigger.items() if key != "rawBody"},
        "config": dict(prepared.checked.config),
        "connections": prepared.connections.described(),
        "started": time.time(),
    }
