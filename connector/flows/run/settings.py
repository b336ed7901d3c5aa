"""The settings of a run, named here and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from connector.common.text import did_you_mean
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.flows.run.connections import ConnectionValue
    from connector.flows.run.events import Listener
    from connector.flows.run.limits import Limits


class RunSettings(TypedDict, total=False):
    """How a flow is run, started or resumed.

    Keys:
        connections: Connections by the name of their config variable: `{"key", "fields"}`, the fields alone, an open
            connection, or a `Runner`. Where a step names none, the only one that fits is used.
        max_wait: Maximum seconds to wait for rate limits and retries, per request. Default: the one of `Runner`.
        deadline: Seconds after which no further step and no further request is started.
        stop: Once this event is set, the run ends before its next step, or in a wait, as if it was killed.
        on_event: Called on every state change; see `connector.flows.Event`.
        plugins: Plugins that implement the hooks `perform_step` or `flow_event`.
        trace: File for the inputs and results of every step, redacted.
        keep_values: Keep the inputs and results of every step in `Run.steps`, for tests.
        limits: Limits of the run.
        state: Where to keep the values of persist-data steps: a folder, `sqlite:///FILE`, or `postgresql://...`.
            Default: the database of the journal, or else the user's state folder.
    """

    connections: Mapping[str, ConnectionValue] | None
    max_wait: float | None
    deadline: float | None
    stop: threading.Event | None
    on_event: Listener | None
    plugins: Iterable[object]
    trace: str | Path | None
    keep_values: bool
    limits: Limits | None
    state: str | Path | None


def check_settings(settings: RunSettings) -> RunSettings:
    """Return the settings.

    Raises:
        TypeError: If one of them is unknown. A type checker reports it; at run time a misspelled keyword argument
            would be ignored.
        UsageError: If a limit is not a number of 0 or more.
    """
    known = RunSettings.__annotations__
    for name in settings.keys() - known.keys():
        raise TypeError(f'unknown setting "{name}" of a run. {did_you_mean(name, known)}'.rstrip())
    CallLimits.of(settings.get("max_wait"), settings.get("deadline"))
    return settings
