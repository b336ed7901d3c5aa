"""Names writes by their inputs, so that a person finds in the service what a write was about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.common.redaction import REDACTED, Redactor
from connector.flows.file.step_actions import action_of

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.journal.writes import Write

MAX_INPUTS = 3
MAX_VALUE = 60


def redacted_inputs(action: str, inputs: Mapping[str, Any], components: Mapping[str, Component]) -> dict[str, Any]:
    """Return the inputs of `component.action` without secrets.

    They are left out if the component is not installed: only the component says which of them are secret.
    """
    known = action_of(action, components)
    if known is None:
        return {}
    secret = known.inputs.secret_keys()
    redactor = Redactor((), secret)
    for name in secret & inputs.keys():
        redactor.learn(inputs[name], name)
    redacted: dict[str, Any] = redactor.record(inputs)
    return redacted


def describe(write: Write, components: Mapping[str, Component]) -> str:
    """Return a write as messages name it: by its action, its step, and its first plain inputs."""
    about = plain_inputs(redacted_inputs(write.action, write.inputs, components))
    return f'{write.action} in step "{write.step}"' + (f" ({about})" if about else "")


def plain_inputs(redacted: Mapping[str, Any]) -> str:
    """Return the first plain inputs as messages name them: `slug "shop", minutes 5`."""
    named = [
        f'{name} "{value[:MAX_VALUE]}"' if isinstance(value, str) else f"{name} {value}"
        for name, value in redacted.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value not in ("", REDACTED)
    ]
    return ", ".join(named[:MAX_INPUTS])
