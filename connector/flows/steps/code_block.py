"""The step of the component code: JavaScript in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from connector.errors import HandlerError, UsageError
from connector.flows.steps.built_in import BuiltIn
from connector.flows.steps.persisted_values import Values
from connector.flows.steps.script_steps import ENGINE, run_script
from connector.flows.steps.step_call import StepCall, StepRunner
from connector.flows.steps.step_values import text_in

KIND = "code.runCode"

STATES = {
    "executionState": "Execution",
    "instanceState": "Instance",
    "crossFlowState": "CrossFlow",
    "integrationState": "Integration",
}
"""Names of the persisted values in JavaScript, and their scopes."""

FACTS = (
    "executionId",
    "webhookUrls",
    "webhookApiKeys",
    "invokeUrl",
    "customer",
    "instance",
    "user",
    "integration",
    "flow",
    "startedAt",
)
"""Properties of the context that the results of the trigger also have."""

_PASSED_ON = re.compile(r"stepResults\s*(\[\s*[^\"'`\s]|[,)](?!\s*(=>|\{)))")
"""Code that does more with `stepResults` than to name its members."""


def variables_in(code: str, variables: Collection[str]) -> set[str]:
    """Return the steps whose results some code may use: those that it names, or all."""
    if _PASSED_ON.search(code):
        return set(variables)
    names = set(re.findall(r"[A-Za-z_$][\w$]*", code))
    return {variable for variable in variables if variable in names}


def _run_code(runner: StepRunner, call: StepCall) -> Any:
    code = text_in(call.inputs, "code")
    steps = runner.scope.steps
    results = {name: steps[name] for name in variables_in(code, steps)}
    value = run_script(runner, call, code, _context(runner, call, code), results)
    if value is not None and not isinstance(value, Mapping):
        raise HandlerError("the code returns no object", hint="Return an object such as { data: 5 }.")
    returned = value or {}
    for name in STATES.keys() & returned.keys():
        _save_state(runner, call, name, returned[name])
    return returned.get("data")


def _context(runner: StepRunner, call: StepCall, code: str) -> dict[str, Any]:
    trigger = next(iter(runner.scope.steps.values()), {}).get("results") or {}
    facts = {name: trigger.get(name) for name in FACTS}
    # The persisted values are in a file, which is only read for code that uses them.
    states = {
        name: runner.store.apply(scope, f"{call.path}#read", dict) if name in code else {}
        for name, scope in STATES.items()
    }
    return {**facts, **states, "configVars": dict(runner.scope.config), "stepId": call.step.variable}


def _save_state(runner: StepRunner, call: StepCall, name: str, state: Any) -> None:
    if not isinstance(state, Mapping):
        raise UsageError(f'"{name}" must be an object')

    def operation(values: Values) -> None:
        values.update(state)

    runner.store.apply(STATES[name], f"{call.path}#{name}", operation)


STEPS: dict[str, BuiltIn] = {
    KIND: BuiltIn(_run_code, "runs JavaScript", frozenset({"code", "data"}), frozenset({"code"}), needs=ENGINE),
}
