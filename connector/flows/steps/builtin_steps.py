"""The platform's own steps that run here: loop, branch, stop-execution, log, sleep, persist-data.

One small function a step, in a table by `component.action`. A trigger of any kind is a manual start and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.errors import UsageError
from connector.flows.steps import persist_data
from connector.flows.steps.step_call import BreakLoop, StepCall, StopFlow
from connector.flows.values.conditions import evaluate_condition
from connector.flows.values.expressions import evaluate
from connector.flows.values.javascript import as_text, number_of, parse_json
from connector.flows.values.paths import UNDEFINED

if TYPE_CHECKING:
    from connector.flows.run.executor import FlowExecutor
    from connector.flows.run.plan import PlannedStep

Perform = Callable[["FlowExecutor", "PlannedStep", StepCall], Any]

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


def _loop_over_items(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    items = parse_json(call.inputs.get("items"))
    if isinstance(items, Mapping):
        items = list(items.values())
    if not isinstance(items, list | tuple):
        what = "nothing" if items is None or items is UNDEFINED else f"{type(items).__name__}"
        raise UsageError(f"items must be a list or an object, and is {what}.", hint="Check what the input refers to.")
    return engine.loop(planned, call, items)


def _loop_n_times(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    times = call.inputs.get("iterationCount")
    number = number_of(1000 if times in (None, "", UNDEFINED) else times)
    if not number >= 0 or number == float("inf"):
        raise UsageError(f'iterationCount "{as_text(times)}" is no number of times.', hint="Give a whole number.")
    engine.limits.check("iterations", number, f'the loop "{planned.step.name}"')
    return engine.loop(planned, call, range(int(number)))


def _break_loop(_engine: FlowExecutor, _planned: PlannedStep, _call: StepCall) -> Any:
    raise BreakLoop


def _branch_on_value(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    value = as_text(call.inputs.get("inputValue"))
    for name, expression in planned.mappings:
        if as_text(evaluate(expression, engine.scope)) == value:
            return engine.branch(planned, name, call.at)
    return engine.branch(planned, ELSE, call.at)


def _branch_on_expression(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    for name, condition in planned.conditions:
        if evaluate_condition(condition, lambda term: evaluate(term, engine.scope)):
            return engine.branch(planned, name, call.at)
    return engine.branch(planned, ELSE, call.at)


def _select_executed(_engine: FlowExecutor, _planned: PlannedStep, call: StepCall) -> Any:
    for given in call.inputs.values():
        for candidate in given if isinstance(given, list) else [given]:
            if candidate is not None and candidate is not UNDEFINED:
                return candidate
    return None


def _stop(_engine: FlowExecutor, _planned: PlannedStep, call: StepCall) -> Any:
    given = call.inputs
    status = number_of(given.get("statusCode") or 200)
    headers = given.get("headers") or []
    pairs = {as_text(h["key"]): as_text(h["value"]) for h in headers} if isinstance(headers, list) else headers
    body = given.get("jsonBody")
    raise StopFlow(
        {
            "statusCode": int(status) if status == status else 200,  # noqa: PLR0124 - NaN
            "contentType": as_text(given.get("contentType")) or "application/json",
            "headers": pairs,
            "body": None if body is UNDEFINED or body == "" else parse_json(body),
        }
    )


def _write_log(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    level = as_text(call.inputs.get("level")) or "info"
    engine.write_log(planned, call.at, level, as_text(call.inputs.get("message")))


def _sleep(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    milliseconds = number_of(call.inputs.get("ms"))
    if not milliseconds >= 0:
        raise UsageError("ms is no number of milliseconds.", hint="Give a whole number, such as 1000.")
    engine.limits.check("sleep", milliseconds / 1000, f'the step "{planned.step.name}"')
    engine.wait(milliseconds / 1000, "sleep")


def _persist(engine: FlowExecutor, planned: PlannedStep, call: StepCall) -> Any:
    found = persist_data.scope_and_operation(planned.step.action)
    if found is None:
        raise UsageError(f"{planned.step.kind} does not run here.")
    scope, operation = found
    return engine.store.apply(scope, call.at, operation(call.inputs))


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
