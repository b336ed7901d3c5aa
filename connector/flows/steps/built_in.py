"""One of Prismatic's own steps, and the ordinary kind: a function from inputs to results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.flows.steps.step_call import StepCall, StepRunner

Inputs = Mapping[str, Any]

Perform = Callable[[StepRunner, StepCall], Any]


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One of Prismatic's own steps.

    Attributes:
        perform: Performs the step.
        label: What the step does, in a few words.
        inputs: Keys of its inputs; None accepts any.
        required: Keys of its required inputs.
        lazy: Keys of the inputs that the step evaluates itself.
        is_pure: True if the step only directs the flow or computes a value, and changes nothing; a resumed run performs
            it again.
        needs: Import name of a module that the extra `code` installs; empty if the step needs none.
    """

    perform: Perform
    label: str
    inputs: frozenset[str] | None = frozenset()
    required: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    is_pure: bool = False
    needs: str = ""


def pure(function: Callable[[Inputs], Any], label: str, required: str = "", optional: str = "") -> BuiltIn:
    """Return a step that computes its results from its inputs alone.

    Args:
        function: Function from the inputs to the results.
        label: See `BuiltIn`.
        required: Keys of the required inputs, separated by spaces.
        optional: Keys of the other inputs.
    """
    keys = frozenset(required.split())
    return BuiltIn(lambda _runner, call: function(call.inputs), label, keys | set(optional.split()), keys, is_pure=True)
