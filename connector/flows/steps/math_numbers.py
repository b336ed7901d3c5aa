"""Steps of the component math."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from connector.errors import UsageError
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.step_call import StepCall, StepRunner
from connector.flows.steps.step_values import finite_number, list_in, short_number

LISTS: dict[str, tuple[str, Callable[[float, float], float]]] = {
    "add": ("adds numbers", operator.add),
    "subtract": ("subtracts the other numbers from the first", operator.sub),
    "multiply": ("multiplies numbers", operator.mul),
    "divide": ("divides the first number by the others", operator.truediv),
    "max": ("returns the largest number", max),
    "min": ("returns the smallest number", min),
}
"""Functions of a list of numbers."""


def _rounded(number: float) -> float:
    # JavaScript rounds a half up, where Python rounds it to the even number.
    return math.floor(number + 0.5)


SINGLES: dict[str, tuple[str, Callable[[float], float]]] = {
    "abs": ("returns the absolute value of a number", abs),
    "cbrt": ("returns the cube root of a number", math.cbrt),
    "ceil": ("rounds a number up", math.ceil),
    "exp": ("raises e to the power of a number", math.exp),
    "floor": ("rounds a number down", math.floor),
    "round": ("rounds a number to the nearest integer", _rounded),
    "sqrt": ("returns the square root of a number", math.sqrt),
    "trunc": ("removes the decimals of a number", math.trunc),
}
"""Functions of one number."""


def _of_list(function: Callable[[float, float], float]) -> Callable[[Inputs], Any]:
    def perform(inputs: Inputs) -> Any:
        numbers = [float(finite_number(value, "numbers")) for value in list_in(inputs, "numbers")]
        if not numbers:
            raise UsageError('"numbers" must not be empty')
        return _result(lambda: reduce(function, numbers))

    return perform


def _of_one(function: Callable[[float], float], label: str) -> BuiltIn:
    """Return a step whose only input is a number, whatever its key."""

    def perform(_runner: StepRunner, call: StepCall) -> Any:
        if len(call.inputs) != 1:
            raise UsageError(f"the step needs one number, got {len(call.inputs)} inputs")
        [(key, value)] = call.inputs.items()
        number = finite_number(value, key)
        return _result(lambda: function(number))

    return BuiltIn(perform, label, None, is_pure=True)


def _result(compute: Callable[[], float]) -> float:
    try:
        number = compute()
    except (ArithmeticError, ValueError) as error:
        raise UsageError(f"the step has no result: {error}") from None
    if not math.isfinite(number):
        raise UsageError("the step has no result: the number is too large")
    return short_number(number)


STEPS: dict[str, BuiltIn] = {
    **{f"math.{key}": pure(_of_list(function), label, "numbers") for key, (label, function) in LISTS.items()},
    **{f"math.{key}": _of_one(function, label) for key, (label, function) in SINGLES.items()},
}
