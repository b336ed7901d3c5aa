"""Steps of the component datetime."""

from __future__ import annotations

import datetime as dt

from connector.errors import UsageError
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.step_call import StepCall, StepRunner
from connector.flows.steps.step_values import number_in
from connector.flows.values.conditions import seconds_of

UNITS = {"daysInput": "days", "hoursInput": "hours", "minutesInput": "minutes", "secondsInput": "seconds"}


def iso_text(moment: dt.datetime) -> str:
    """Return a moment as JavaScript writes it: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now(_runner: StepRunner, _call: StepCall) -> str:
    return iso_text(dt.datetime.now(dt.UTC))


def _adjust(inputs: Inputs) -> str:
    try:
        start = dt.datetime.fromtimestamp(seconds_of(inputs.get("dateTimeInput")), dt.UTC)
        return iso_text(start + dt.timedelta(**{unit: number_in(inputs, key, 0) for key, unit in UNITS.items()}))
    except (OverflowError, OSError, ValueError):
        raise UsageError("the date is outside of the years 1 to 9999") from None


STEPS: dict[str, BuiltIn] = {
    # Not pure: a resumed run must see the time of the first one.
    "datetime.getCurrentDateTime": BuiltIn(_now, "returns the current time in UTC"),
    "datetime.adjustDateTime": pure(
        _adjust, "adds days, hours, minutes, and seconds", "dateTimeInput", " ".join(UNITS)
    ),
}
