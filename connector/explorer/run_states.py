"""The state of a run and of its steps, from its journal and the decisions about its writes."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException

from connector.errors import ConnectorError
from connector.flows import Timeline, TimelineRow, timeline
from connector.flows.picture.words import duration
from connector.flows.show import STATE_MARKS
from connector.journal.journals import place_of
from connector.journal.reader import JournalContents, read_history

SETTLED = {"happened": "settled: applied", "did-not-happen": "settled: not applied"}


def timeline_of(run_id: str) -> Timeline:
    """Return the timeline of a run.

    Raises:
        HTTPException: 404, if there is no such run.
    """
    try:
        return timeline(place_of(run_id))
    except ConnectorError as error:
        raise HTTPException(404, str(error)) from None


def read_run(run_id: str) -> tuple[Timeline, JournalContents]:
    """Return the timeline of a run and its journal; a decision about a write replaces the error of its step."""
    line, history = timeline_of(run_id), read_history(place_of(run_id))
    for row in (*line.rows, *line.by_step.values()):
        decision = SETTLED.get(history.decisions.get(row.path, ""))
        if decision is not None and row.state == "failed":
            line.error = line.error.replace(row.text, decision) if row.text else line.error
            row.text = decision
    return line, history


def live_states(line: Timeline) -> dict[str, Any]:
    """Return what a browser shows of a run while it happens: its state, and that of each step."""
    steps = {name: {"state": row.state, "text": _state_text(row)} for name, row in line.by_step.items()}
    return {"status": line.status, "seconds": line.seconds, "error": line.error, "steps": steps}


def _state_text(row: TimelineRow) -> str:
    """Return what a box says about its step, such as `3 done, 1 ignored`."""
    if row.state in {"waiting", "retrying"}:
        reason = f": {row.waits[-1].reason}" if row.waits else ""
        return "waiting" + reason if row.state == "waiting" else f"attempt {row.attempts + len(row.retries) + 1}"
    if row.state == "running" or row.state not in STATE_MARKS:
        return row.state
    if row.text in SETTLED.values():
        return row.text
    if sum(row.ends.values()) <= 1:
        return f"{STATE_MARKS[row.state]} {row.state} {duration(row.seconds)}"
    return ", ".join(f"{count} {state}" for state, count in row.ends.items())
