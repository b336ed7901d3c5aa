"""What steps with scripts share: running a script within the limits of the run, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import FlowLimitError, HandlerError, Problem, UsageError
from connector.flows.steps.scripts import MEMORY, OUTPUT, ScriptTimeoutError, check_installed, perform_job
from connector.flows.steps.step_call import StepCall, StepRunner

ENGINE = "quickjs"
SCHEMAS = "jsonschema"
"""Import names of the modules that steps with scripts need."""

MAX_MESSAGE = 2000

LIMITS = {
    "memory": f"{MEMORY // 2**20} MB of memory",
    "output": f"{OUTPUT} characters of results and log",
    "engine": "what the JavaScript engine can do",
}


def run_script(
    runner: StepRunner, call: StepCall, code: str, context: Mapping[str, Any], values: Mapping[str, Any]
) -> Any:
    """Run a script that assigns a function of a context and values to `module.exports`, and return its result.

    Raises:
        HandlerError: If the script throws an error.
        FlowLimitError: If it exceeds a limit.
    """
    check_installed(ENGINE)
    results = _perform(runner, call, {"code": code, "input": {"context": context, "values": values}})
    for level, message in results.get("logs", ()):
        runner.write_log(call, level, message)
    if "error" in results:
        raise _script_error(results["error"])
    return results.get("value")


def run_function(
    runner: StepRunner, call: StepCall, functions: Mapping[str, str], expression: str, values: Mapping[str, Any]
) -> Any:
    """Return the value of an expression over `input` and functions that the flow defines; see `run_script`."""
    definitions = "".join(f"const {name} = (\n{code}\n);" for name, code in functions.items())
    return run_script(
        runner, call, f"module.exports = (context, input) => {{ {definitions} return {expression}; }};", {}, values
    )


def validate_schema(runner: StepRunner, call: StepCall, schema: Any, value: Any) -> None:
    """Validate a value against a JSON Schema.

    Raises:
        UsageError: If the schema is invalid, or the value does not match it.
        FlowLimitError: If this takes too long.
    """
    check_installed(SCHEMAS)
    if not isinstance(schema, Mapping | bool):
        raise UsageError('"jsonSchema" must be a JSON Schema')
    results = _perform(runner, call, {"schema": schema, "value": value})
    if "error" in results:
        raise UsageError(f"invalid JSON Schema: {results['error']['message']}")
    problems = [Problem(problem["path"], problem["message"]) for problem in results["value"]]
    if problems:
        raise UsageError("the value does not match the JSON Schema", problems=problems)


def _perform(runner: StepRunner, call: StepCall, job: dict[str, Any]) -> dict[str, Any]:
    try:
        results = perform_job(job, runner.limits.code)
    except ScriptTimeoutError:
        runner.limits.check("code", float("inf"), f'step "{call.step.name}"')
        raise
    if "limit" in results:
        limit = LIMITS.get(str(results["limit"]), LIMITS["engine"])
        raise FlowLimitError(f'step "{call.step.name}" exceeds {limit}')
    return results


def _script_error(error: Any) -> HandlerError | FlowLimitError:
    facts = error if isinstance(error, Mapping) else {}
    name, message, line = (str(facts.get(key) or "") for key in ("name", "message", "line"))
    if name == "InternalError" and "out of memory" in message:
        return FlowLimitError(f"the code exceeds {LIMITS['memory']}")
    location = f" (line {line})" if line else ""
    return HandlerError(f"{name or 'Error'}: {message[:MAX_MESSAGE]}{location}", hint="Correct the code of the step.")
