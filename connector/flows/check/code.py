"""Checks of what the JavaScript of a step refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.common.text import did_you_mean
from connector.flows.check.problems import Rule, error, warning
from connector.flows.check.references import VisibleSteps
from connector.flows.file.model import Step
from connector.flows.steps.code_block import KIND
from connector.flows.steps.script_steps import ENGINE
from connector.flows.steps.scripts import ScriptTimeoutError, is_installed, perform_job
from connector.flows.values.expressions import Literal

PLACE = ("inputs", "code")

COMPILE_SECONDS = 10.0

_SYNTAX_ERROR = re.compile(r"SyntaxError: (?P<reason>[^\n]*)\n\s+at <input>:(?P<line>\d+)")
_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_STEP = re.compile(r"\bstepResults(?:\.(\w+)|\[\s*[\"'](\w+)[\"']\s*\])")
_CONFIG = re.compile(r"\bconfigVars(?:\.(\w+)|\[\s*\"([^\"]+)\"\s*\]|\[\s*'([^']+)'\s*\])")


def check_code(step: Step, visible: VisibleSteps, *, is_local: bool) -> Iterator[Rule]:
    """Yield the syntax error of the code of a step, and each unknown step and config variable that it names.

    Unknown names are warnings, because the code may expect them. In Prismatic, a syntax error is a warning,
    because its engine may know newer syntax.
    """
    code = step.inputs.get("code")
    if step.kind != KIND or not isinstance(code, Literal):
        return
    problem = _syntax_error(str(code.value))
    if problem:
        yield (error if is_local else warning)("code-syntax", PLACE, problem, "Correct the code of the step.")
    text = _COMMENT.sub("", code.value)
    for name in _names(_STEP, text):
        if name not in visible.steps:
            message = f'the code refers to unknown step "{name}"'
            yield warning("unknown-step", PLACE, message, did_you_mean(name, visible.steps))
    variables = visible.integration.config_variables
    for name in _names(_CONFIG, text):
        if name not in variables:
            message = f'the code refers to unknown config variable "{name}"'
            yield warning("unknown-config-variable", PLACE, message, did_you_mean(name, variables))
        elif variables[name].kind != "value":
            message = f'the code refers to connection "{name}", which is not available in a local run'
            yield warning("secret", PLACE, message, "Use an HTTP step with the connection.")


def _syntax_error(code: str) -> str:
    """Return the syntax error of some code, with its line; empty without the engine, or if it takes too long."""
    if not is_installed(ENGINE):
        return ""
    try:
        text = str(perform_job({"compiled": code}, COMPILE_SECONDS).get("error", ""))
    except ScriptTimeoutError:
        return ""
    match = _SYNTAX_ERROR.match(text)
    return f"syntax error in line {match['line']} of the code: {match['reason']}" if match else ""


def _names(pattern: re.Pattern[str], text: str) -> list[str]:
    matches = (next(filter(None, match.groups())) for match in pattern.finditer(text))
    return list(dict.fromkeys(matches))
