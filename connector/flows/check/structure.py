"""Whether a step can run here at all, and whether loops and branches hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.flows.check.references import Rule
from connector.flows.file.model import Step
from connector.flows.file.step_inputs import name_of
from connector.flows.steps.builtin_steps import BUILT_IN, ELSE, UNSUPPORTED
from connector.flows.values.conditions import compile_condition
from connector.flows.values.expressions import Complex, Expression, Literal, Pair
from connector.flows.values.javascript import number_of

LOOPS = ("loop.loopOverItems", "loop.loopNTimes")
BRANCHES = {"branch.branchOnValue": "branchValueMappings", "branch.branchOnExpression": "conditions"}
OWN = sorted({kind.partition(".")[0] for kind in BUILT_IN})


def check_structure(step: Step, components: Mapping[str, Component], loops: int) -> Iterator[Rule]:
    """What keeps a step from running, and what is wrong with the steps inside of it.

    Args:
        step: The step.
        components: The loaded components by key.
        loops: How many loops are around it.
    """
    if step.kind not in BUILT_IN:
        yield from _action(step, components)
    if step.kind == "loop.breakLoop" and not loops:
        yield "error", "break", (), "there is no loop around it to end.", "Move it into a loop, or stop the flow."
    if step.steps and step.kind not in LOOPS:
        yield "error", "block", ("steps",), f"{step.kind} is no loop, and has steps inside.", "Move them behind it."
    if step.branches and step.kind not in BRANCHES:
        yield "error", "block", ("branches",), f"{step.kind} does not branch, and has branches.", "Remove them."
    if step.kind == "loop.loopNTimes":
        yield from _times(step)
    if step.kind in BRANCHES:
        yield from _branches(step, BRANCHES[step.kind])


def _action(step: Step, components: Mapping[str, Component]) -> Iterator[Rule]:
    place = ("action",)
    component = components.get(step.component)
    if component is not None:
        if step.action not in component.actions:
            hint = did_you_mean(step.action, component.actions) or f"It has {', '.join(component.actions)}."
            yield "error", "unknown-action", place, f'{component.key} has no action "{step.action}".', hint
        elif component.plugins.is_blocked(step.action):
            yield "error", "blocked", place, f"{step.kind} is blocked.", "Remove the step."
    elif step.component in UNSUPPORTED:
        yield "error", "unsupported", place, f"{step.kind} is not supported: {UNSUPPORTED[step.component]}", ""
    elif step.component in OWN:
        known = [kind.partition(".")[2] for kind in BUILT_IN if kind.startswith(f"{step.component}.")]
        hint = did_you_mean(step.action, known) or f"There are {', '.join(known)}."
        yield "error", "unsupported", place, f"{step.kind} does not run here.", hint
    else:
        hint = did_you_mean(step.component, [*components, *OWN]) or f"Loaded are {', '.join(components) or 'none'}."
        message = f'{step.kind} does not run here: no component "{step.component}" is loaded.'
        yield "error", "unsupported", place, message, hint


def _times(step: Step) -> Iterator[Rule]:
    count = step.inputs.get("iterationCount")
    if isinstance(count, Literal) and count.value != "" and not number_of(count.value) >= 0:
        message = f'iterationCount "{count.value}" is no number of times.'
        yield "error", "value", ("inputs", "iterationCount"), message, "Give a whole number."


def _branches(step: Step, key: str) -> Iterator[Rule]:
    entries = _entries(step.inputs.get(key))
    names = [branch.name for branch in step.branches]
    for position, entry in enumerate(entries):
        place = ("inputs", key, "value", position)
        if not isinstance(entry, Pair) or not name_of(entry):
            yield "error", "branch", place, "names no branch.", "Add `name:` with the name of a branch."
            continue
        if name_of(entry) not in names:
            hint = did_you_mean(name_of(entry), names) or "Add the branch."
            yield "error", "branch", place, f'there is no branch "{name_of(entry)}".', hint
        if key == "conditions":
            yield from _condition(entry, place)
    chosen = {name_of(entry) for entry in entries if isinstance(entry, Pair)}
    for branch in step.branches:
        if branch.name not in chosen and branch.name != ELSE:
            yield "warning", "branch", (), f'nothing leads to the branch "{branch.name}".', "Remove it, or choose it."


def _condition(entry: Pair, place: tuple[str | int, ...]) -> Iterator[Rule]:
    try:
        compile_condition(entry.value)
    except ValueError as error:
        yield "error", "condition", place, f'the condition of "{name_of(entry)}" does not hold together: {error}.', ""


def _entries(expression: Expression | None) -> tuple[Expression, ...]:
    return expression.items if isinstance(expression, Complex) else ()
