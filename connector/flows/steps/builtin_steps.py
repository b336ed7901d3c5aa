"""Prismatic's own steps that run locally, in a table by `component.action`.

The steps that direct a flow are here; those that compute something have a module for each component. Every trigger is a
manual start, and is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.steps import (
    change_data_format,
    code_block,
    collection_tools,
    csv_tables,
    date_time,
    math_numbers,
    persist_data,
    text_manipulation,
)
from connector.flows.steps.built_in import BuiltIn
from connector.flows.steps.step_call import BreakLoop, StepCall, StepRunner, StopFlow
from connector.flows.values.conditions import evaluate_condition
from connector.flows.values.expressions import Reference, evaluate, parts_of
from connector.flows.values.javascript import as_text, json_type, number_of, parse_json

ELSE = "Else"


def _loop_over_items(runner: StepRunner, call: StepCall) -> Any:
    items = parse_json(call.inputs.get("items"))
    if isinstance(items, Mapping):
        items = list(items.values())
    if not isinstance(items, list | tuple):
        received = "undefined" if "items" not in call.inputs else json_type(items)
        raise UsageError(f'"items" must be a list or an object, got {received}', hint=_valueless(call, "items"))
    return runner.loop(call, items)


def _loop_n_times(runner: StepRunner, call: StepCall) -> Any:
    times = call.inputs.get("iterationCount")
    number = number_of(1000 if times in (None, "", UNDEFINED) else times)
    if not number >= 0 or number == float("inf"):
        raise UsageError(f'"iterationCount" must be an integer, got "{as_text(times)}"')
    runner.limits.check("iterations", number, f'loop "{call.step.name}"')
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
        received = as_text(call.inputs.get("ms"))
        raise UsageError(f'"ms" must be a number of milliseconds, got "{received}"')
    runner.limits.check("sleep", milliseconds / 1000, f'step "{call.step.name}"')
    runner.wait(milliseconds / 1000, "sleep")


def _persist(runner: StepRunner, call: StepCall) -> Any:
    known = persist_data.scope_and_operation(call.step.action)
    if known is None:
        raise UsageError(f"{call.step.kind} is not supported")
    scope, operation = known
    return runner.store.apply(scope, call.path, operation(call.inputs))


def _valueless(call: StepCall, key: str) -> str:
    """Return a hint that names the references of an input without a value."""
    references = [part for part in parts_of(dict(call.planned.inputs)[key]) if isinstance(part, Reference)]
    return f'The reference "{references[0].text}" has no value.' if references and key not in call.inputs else ""


def _keys(*keys: str) -> frozenset[str]:
    return frozenset(keys)


def _persisting(action: str) -> BuiltIn:
    label, inputs, required = persist_data.facts_of(action)
    return BuiltIn(_persist, label, inputs, required, is_pure="Execution" in action)


BUILT_IN: dict[str, BuiltIn] = {
    "loop.loopOverItems": BuiltIn(
        _loop_over_items, "runs its steps for each item", _keys("items"), _keys("items"), is_pure=True
    ),
    "loop.loopNTimes": BuiltIn(_loop_n_times, "runs its steps N times", _keys("iterationCount"), is_pure=True),
    "loop.breakLoop": BuiltIn(_break_loop, "ends the innermost loop", is_pure=True),
    "branch.branchOnValue": BuiltIn(
        _branch_on_value,
        "selects a branch by a value",
        _keys("inputValue", "branchValueMappings"),
        _keys("inputValue"),
        _keys("branchValueMappings"),
        is_pure=True,
    ),
    "branch.branchOnExpression": BuiltIn(
        _branch_on_expression,
        "selects the first branch whose condition is true",
        _keys("conditions"),
        lazy=_keys("conditions"),
        is_pure=True,
    ),
    "branch.selectExecutedStepResult": BuiltIn(
        _select_executed, "returns the first result that is set", None, is_pure=True
    ),
    "stop-execution.stopExecution": BuiltIn(
        _stop, "ends the flow with a response", _keys("statusCode", "contentType", "jsonBody", "headers"), is_pure=True
    ),
    "log.writeLog": BuiltIn(_write_log, "writes to the log", _keys("level", "message")),
    "sleep.sleep": BuiltIn(_sleep, "waits", _keys("ms"), _keys("ms")),
    **{f"persist-data.{action}": _persisting(action) for action in persist_data.actions()},
    **collection_tools.STEPS,
    **text_manipulation.STEPS,
    **change_data_format.STEPS,
    **math_numbers.STEPS,
    **date_time.STEPS,
    **csv_tables.STEPS,
    **code_block.STEPS,
}

UNSUPPORTED: dict[str, str] = {
    "cross-flow": "a flow cannot start another flow locally",
    "recursive-flow": "a flow cannot start itself locally",
}
"""Prismatic's components that cannot run locally, and why."""
