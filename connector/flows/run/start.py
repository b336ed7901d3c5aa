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
from connector.flows.steps.trigger import WebhookRequest, trigger_results
from connector.journal.journals import create_journal, new_id
from connector.journal.protocol import Record
from connector.journal.writer import JournalWriter, first_records


def start(
    prepared: PreparedRun,
    request: WebhookRequest,
    *,
    journal: bool | str | Path = True,
    run_id: str = "",
    fingerprint: str = "",
) -> Run:
    """Run a prepared flow; see `Flow.run`.

    Args:
        prepared: The prepared run, which stays open.
        request: The request that starts it.
        journal: Where to keep the journal; False keeps none.
        run_id: ID of the run. Default: a new one.
        fingerprint: What a second start with the same ID has to match.

    Raises:
        FlowLimitError: If the payload is nested too deeply, or the flow exceeds a limit.
        JournalError: If the journal cannot be created.
        StepError: If a step fails.
    """
    checked = prepared.checked
    run = Run(run_id or new_id(), checked.flow.name)
    check_depth("payload", request.data)
    trigger = trigger_results(checked.integration, checked.flow, run.id, request, checked.trigger)
    writer = JournalWriter(None)
    if journal is not False and not prepared.dry_run:
        created = create_journal(journal, run.id, _records(prepared, run, trigger, fingerprint))
        run.journal = created.location
        writer = JournalWriter(created)
    return execute(prepared, run, trigger, writer)


def _records(prepared: PreparedRun, run: Run, trigger: Mapping[str, Any], fingerprint: str) -> list[Record]:
    integration = prepared.checked.integration
    header = {"id": run.id, "integration": integration.name, "flow": run.flow, "started": time.time()}
    start = {
        "source": integration.document.source,
        "text": integration.text,
        "trigger": {key: part for key, part in trigger.items() if key != "rawBody" or part is not trigger["body"]},
        "config": dict(prepared.checked.config),
        "connections": prepared.connections.described(),
        "branch": prepared.checked.branch,
        "stubs": prepared.checked.stubs.names,
        "fingerprint": fingerprint,
    }
    return first_records(header, start)
