"""The platform's own steps that run here: loop, branch, stop-execution, log, sleep, persist-data.

One small function a step, in a table by `component.action`. A trigger of any kind is a manual start and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import UsageError
from connector.flows.steps import persist_data
from connector.flows.steps.step_call import BreakLoop, StepCall, StepRunner, StopFlow
from connector.flows.values.conditions import evaluate_condition
from connector.flows.values.expressions import evaluate
from connector.flows.values.javascript import as_text, number_of, parse_json
from connector.flows.values.paths import UNDEFINED

Perform = Callable[[StepRunner, StepCall], Any]

ELSE = "Else"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One of the platform's own steps.

    Attributes:
        perform: Does it.
        label: What it does, in a few words.
        inputs: Keys of its inputs; None accepts any.
        required: Keys of the inputs that must be given.
        lazy: Keys of the inputs that it evaluates itself.
        is_pure: It decides where the flow goes and changes nothing, so a resumed run simply does it again.
    """

    perform: Perform
    label: str
    inputs: frozenset[str] | None = frozenset()
    required: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    is_pure: bool = False


def _loop_over_items(runner: StepRunner, call: StepCall) -> Any:
    items = parse_json(call.inputs.get("items"))
    if isinstance(items, Mapping):
        items = list(items.values())
    if not isinstance(items, list | tuple):
        received = "nothing" if items is None or items is UNDEFINED else f"{type(items).__name__}"
        raise UsageError(
            f"items must be a list or an object, and is {received}.", hint="Check what the input refers to."
        )
    return runner.loop(call, items)


def _loop_n_times(runner: StepRunner, call: StepCall) -> Any:
    times = call.inputs.get("iterationCount")
    number = number_of(1000 if times in (None, "", UNDEFINED) else times)
    if not number >= 0 or number == float("inf"):
        raise UsageError(f'iterationCount "{as_text(times)}" is no number of times.', hint="Give a whole number.")
    runner.limits.check("iterations", number, f'the loop "{call.step.name}"')
    return runner.loop(call, range(int(number)))


def _break_loop(_runner: StepRunner, _call: StepCall) -> Any:
    raise BreakLoop


def _branch_on_value(runner: StepRunner, call: StepCall) -> Any:
    value = as_text(call.inputs.get("inputValue"))
    for name, expression in call.planned.mappings:
        if as_text(evaluate(expression, runner.scope)) == value:
            return runner.branch(call, name)
    return runner.branch(call, ELSE)


def _branch_on_expression(runner: StepRunner, call: StepCall) -> Any:
    for name, condition in call.planned.conditions:
        if evaluate_condition(condition, lambda term: evaluate(term, runner.scope)):
            return runner.branch(call, name)
    return runner.branch(call, ELSE)


def _select_executed(_runner: StepRunner, call: StepCall) -> Any:
    for value in call.inputs.values():
        for candidate in value if isinstance(value, list) else [value]:
            if candidate is not None and candidate is not UNDEFINED:
                return candidate
    return None


def _stop(_runner: StepRunner, call: StepCall) -> Any:
    inputs = call.inputs
    status = number_of(inputs.get("statusCode") or 200)
    headers = inputs.get("headers") or []
    pairs = {as_text(h["key"]): as_text(h["value"]) for h in headers} if isinstance(headers, list) else headers
    body = inputs.get("jsonBody")
    raise StopFlow(
        {
            "statusCode": int(status) if status == status else 200,  # noqa: PLR0124 - NaN
            "contentType": as_text(inputs.get("contentType")) or "application/json",
            "headers": pairs,
            "body": None if body is UNDEFINED or body == "" else parse_json(body),
        }
    )


def _write_log(runner: StepRunner, call: StepCall) -> Any:
    level = as_text(call.inputs.get("level")) or "info"
    runner.write_log(call, level, as_text(call.inputs.get("message")))


def _sleep(runner: StepRunner, call: StepCall) -> Any:
    milliseconds = number_of(call.inputs.get("ms"))
    if not milliseconds >= 0:
        raise UsageError("ms is no number of milliseconds.", hint="Give a whole number, such as 1000.")
    runner.limits.check("sleep", milliseconds / 1000, f'the step "{call.step.name}"')
    runner.wait(milliseconds / 1000, "sleep")


def _persist(runner: StepRunner, call: StepCall) -> Any:
    known = persist_data.scope_and_operation(call.step.action)
    if known is None:
        raise UsageError(f"{call.step.kind} does not run here.")
    scope, operation = known
    return runner.store.apply(scope, call.path, operation(call.inputs))


def _keys(*keys: str) -> frozenset[str]:
    return frozenset(keys)


def _persisting(action: str) -> BuiltIn:
    inputs = _keys("keyInput", "valueInput", "defaultValueInput", "amountInput")
    required = _keys() if action.endswith(("Keys", "State")) else _keys("keyInput")
    return BuiltIn(_persist, "works on a kept value", inputs, required, is_pure="Execution" in action)


BUILT_IN: dict[str, BuiltIn] = {
    "loop.loopOverItems": BuiltIn(
        _loop_over_items, "repeats its steps for each item", _keys("items"), _keys("items"), is_pure=True
    ),
    "loop.loopNTimes": BuiltIn(_loop_n_times, "repeats its steps so many times", _keys("iterationCount"), is_pure=True),
    "loop.breakLoop": BuiltIn(_break_loop, "ends the innermost loop", is_pure=True),
    "branch.branchOnValue": BuiltIn(
        _branch_on_value,
        "goes the way of the value",
        _keys("inputValue", "branchValueMappings"),
        _keys("inputValue"),
        _keys("branchValueMappings"),
        is_pure=True,
    ),
    "branch.branchOnExpression": BuiltIn(
        _branch_on_expression,
        "goes the first way whose condition holds",
        _keys("conditions"),
        lazy=_keys("conditions"),
        is_pure=True,
    ),
    "branch.selectExecutedStepResult": BuiltIn(
        _select_executed, "takes the first result that there is", None, is_pure=True
    ),
    "stop-execution.stopExecution": BuiltIn(
        _stop, "ends the flow with an answer", _keys("statusCode", "contentType", "jsonBody", "headers"), is_pure=True
    ),
    "log.writeLog": BuiltIn(_write_log, "writes to the log", _keys("level", "message")),
    "sleep.sleep": BuiltIn(_sleep, "waits", _keys("ms"), _keys("ms")),
    **{f"persist-data.{action}": _persisting(action) for action in persist_data.actions()},
}

UNSUPPORTED: dict[str, str] = {
    "code": "runs JavaScript, which does not run here. Do it with other steps, or with a component of your own.",
    "cross-flow": "starts another flow, which does not happen here. Run the flows one after another.",
    "recursive-flow": "starts the flow again, which does not happen here. Use a loop.",
}
"""Components of the platform that do not run here, and why."""
