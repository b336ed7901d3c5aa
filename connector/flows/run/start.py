"""Starts a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from connector.flows.run.limits import check_depth
from connector.flows.run.prepare import CheckedFlow, PreparedRun
from connector.flows.run.reporter import report_early_wait
from connector.flows.run.result import Run
from connector.flows.run.session import execute
from connector.flows.steps.trigger import WebhookRequest, trigger_results
from connector.journal.journals import create_journal, new_id
from connector.journal.protocol import Record
from connector.journal.waiting import reporting_waits
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
        connections = prepared.connections.described()
        records = records_of(checked, run.id, trigger, connections=connections, fingerprint=fingerprint)
        with reporting_waits(partial(report_early_wait, prepared)):
            created = create_journal(journal, run.id, records)
        run.journal = created.location
        writer = JournalWriter(created)
    return execute(prepared, run, trigger, writer)


def records_of(
    checked: CheckedFlow, run_id: str, trigger: Mapping[str, Any], *, fingerprint: str, **more: Any
) -> list[Record]:
    """Return the first records of a run.

    Args:
        checked: The flow.
        run_id: ID of the run.
        trigger: Results of the trigger.
        fingerprint: See `start`.
        more: What else to record of the start.
    """
    integration = checked.integration
    header = {"id": run_id, "integration": integration.name, "flow": checked.flow.name, "started": time.time()}
    start = {
        "source": integration.document.source,
        "text": integration.text,
        "trigger": {key: part for key, part in trigger.items() if key != "rawBody" or part is not trigger["body"]},
        "config": dict(checked.config),
        "branch": checked.branch,
        "stubs": checked.stubs.names,
        "fingerprint": fingerprint,
        **more,
    }
    return first_records(header, start)
