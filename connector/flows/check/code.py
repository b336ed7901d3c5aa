"""Checks of what the JavaScript of a step refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.common.text import did_you_mean
from connector.flows.check.problems import Rule, warning
from connector.flows.check.references import VisibleSteps
from connector.flows.file.model import Step
from connector.flows.steps.code_block import KIND
from connector.flows.values.expressions import Literal

PLACE = ("inputs", "code")

_COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
_STEP = re.compile(r"\bstepResults(?:\.(\w+)|\[\s*[\"'](\w+)[\"']\s*\])")
_CONFIG = re.compile(r"\bconfigVars(?:\.(\w+)|\[\s*\"([^\"]+)\"\s*\]|\[\s*'([^']+)'\s*\])")


def check_code(step: Step, visible: VisibleSteps) -> Iterator[Rule]:
    """Yield the steps and config variables that the code of a step names, but that do not exist.

    They are warnings, because the code may expect that.
    """
    code = step.inputs.get("code")
    if step.kind != KIND or not isinstance(code, Literal):
        return
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


def _names(pattern: re.Pattern[str], text: str) -> list[str]:
    matches = (next(filter(None, match.groups())) for match in pattern.finditer(text))
    return list(dict.fromkeys(matches))
