"""Starting a run: check, connect, begin the journal, go."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.flows.check.integration import check
from connector.flows.check.problems import raise_if_errors
from connector.flows.run.config import config_values
from connector.flows.run.limits import check_depth
from connector.flows.run.result import Options, Run
from connector.flows.run.session import RunSession
from connector.flows.steps.trigger import trigger_results
from connector.journal.file import Journal, NoJournal, new_id, runs_folder

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.file.model import FlowDefinition, Integration


def launch(
    integration: Integration,
    flow: FlowDefinition,
    components: Mapping[str, Component],
    options: Options,
    *,
    started: Mapping[str, Any],
    config: dict[str, Any],
    journal: bool | str | Path,
    dry_run: bool,
) -> Run:
    """Run a flow; see `connector.flows.flow.Flow.run`.

    Raises:
        InvalidFlowError: See there.
        SetupError: See there.
        StepError: See there.
        FlowLimitError: See there.
    """
    check_depth("payload", started["payload"])
    check_depth("config", config)
    values = config_values(integration, config)
    raise_if_errors(check(integration, components, flows=[flow], config=config))
    session = RunSession(integration, flow, components, values, options, dry_run=dry_run)
    run = Run(new_id(), flow.name)
    trigger = trigger_results(integration, flow, run.id, **started)
    book: Journal = NoJournal()
    if journal is not False and not dry_run:
        run.journal = runs_folder() / f"{run.id}.jsonl" if journal is True else Path(journal)
        try:
            book = Journal.create(run.journal, _header(session, run, trigger, config))
        except BaseException:
            session.bindings.close()
            raise
    return session.execute(run, trigger, book)


def _header(session: RunSession, run: Run, trigger: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": run.id,
        "integration": session.integration.name,
        "flow": run.flow,
        "source": session.integration.document.source,
        "text": session.integration.text,
        "trigger": {key: part for key, part in trigger.items() if key != "rawBody"},
        "config": config,
        "connections": session.bindings.described(),
        "started": time.time(),
    }
