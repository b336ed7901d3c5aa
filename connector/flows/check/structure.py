"""Checks of actions, loops, and branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place
from connector.component.component import Component
from connector.flows.check.problems import NOT_INSTALLED, Rule, error, note, warning
from connector.flows.file.model import Step
from connector.flows.file.step_actions import action_of
from connector.flows.file.step_inputs import item_place, name_of
from connector.flows.steps.builtin_steps import BUILT_IN, ELSE, UNSUPPORTED
from connector.flows.steps.scripts import is_installed
from connector.flows.values.conditions import ConditionError, compile_condition
from connector.flows.values.expressions import Complex, Expression, Literal, Pair
from connector.flows.values.javascript import number_of

LOOPS = ("loop.loopOverItems", "loop.loopNTimes")
BRANCHES = {"branch.branchOnValue": "branchValueMappings", "branch.branchOnExpression": "conditions"}
PARTIAL = ("change-data-format", "code", "collection-tools", "csv", "datetime", "http", "math", "text-manipulation")
"""Prismatic's components of which not every action runs locally."""
OWN = sorted({kind.partition(".")[0] for kind in BUILT_IN})


def check_structure(
    step: Step, components: Mapping[str, Component], loops: int, *, document: Document, is_local: bool
) -> Iterator[Rule]:
    """Yield the problems of a step's action, loop, or branches.

    Args:
        step: Step to check.
        components: Installed components by key.
        loops: Number of loops around the step.
        document: The file.
        is_local: Whether the step must be able to run locally.
    """
    built_in = BUILT_IN.get(step.kind)
    if built_in is not None and built_in.needs and is_local and not is_installed(built_in.needs):
        hint = "Run: pip install 'segment-connector[code]'"
        yield error("unsupported", ("action",), f"{step.kind} needs the package {built_in.needs}", hint)
    if built_in is None:
        yield from _action(step, components, is_local=is_local)
    if step.kind == "loop.breakLoop" and not loops:
        yield error("break", (), "breakLoop is not inside a loop", "Move the step into a loop, or use Stop Execution.")
    if step.steps and step.kind not in LOOPS:
        yield error("block", ("steps",), f"{step.kind} is not a loop, but has steps", "Move the steps after it.")
    if step.branches and step.kind not in BRANCHES:
        yield from _branches_of_action(step, components)
    if step.kind == "loop.loopNTimes":
        yield from _times(step)
    if step.kind in BRANCHES:
        yield from _branches(step, BRANCHES[step.kind], document)


def _action(step: Step, components: Mapping[str, Component], *, is_local: bool) -> Iterator[Rule]:
    place = ("action",)
    component = components.get(step.component)
    if component is not None:
        if component.find_action(step.action) is None:
            yield _unknown_action(step, list(component.actions), list(component.operations), is_local=is_local)
        elif component.plugins.is_blocked(step.action):
            yield error("blocked", place, f"{step.kind} is blocked", "Remove the step, or allow the action.")
    elif step.component in UNSUPPORTED:
        if is_local:
            yield error("unsupported", place, f"{step.kind} is not supported: {UNSUPPORTED[step.component]}")
        else:
            yield note("not-checked", place, f"{step.kind} is not checked")
    elif step.component in OWN:
        known = [kind.partition(".")[2] for kind in BUILT_IN if kind.startswith(f"{step.component}.")]
        yield _unknown_action(step, known, (), is_local=is_local)
    else:
        hint = did_you_mean(step.component, [*components, *OWN])
        message = f'not checked: component "{step.component}" is not installed'
        yield note(NOT_INSTALLED, (*place, "component"), message, hint)


def _unknown_action(step: Step, known: Sequence[str], described: Sequence[str], *, is_local: bool) -> Rule:
    place = ("action", "key")
    if step.component in PARTIAL and not get_close_matches(step.action, known, cutoff=0.75):
        # Prismatic's own component has further actions, so the name may be valid there.
        if is_local:
            hint = f"Pass a stub: --stub '{step.name}=FILE'."
            return error("unsupported", place, f"{step.kind} is not supported in a local run", hint)
        return note("not-checked", place, f"{step.kind} is not checked")
    hint = did_you_mean(step.action, [*known, *described]) or f"Available actions: {', '.join(known)}."
    return error("unknown-action", place, f'unknown action "{step.action}" of {step.component}', hint)


def _branches_of_action(step: Step, components: Mapping[str, Component]) -> Iterator[Rule]:
    action = action_of(step.kind, components)
    if action is not None and action.branches:
        for index, branch in enumerate(step.branches):
            if branch.name not in (*action.branches, ELSE):
                hint = (
                    did_you_mean(branch.name, action.branches) or f"Available branches: {', '.join(action.branches)}."
                )
                yield error("branch", ("branches", index), f'{step.kind} has no branch "{branch.name}"', hint)
    elif step.kind in BUILT_IN or action is not None:
        yield error("block", ("branches",), f"{step.kind} does not branch, but has branches", "Remove the branches.")


def _times(step: Step) -> Iterator[Rule]:
    count = step.inputs.get("iterationCount")
    if isinstance(count, Literal) and count.value != "" and not number_of(count.value) >= 0:
        message = f'iterationCount: must be an integer, got "{count.value}"'
        yield error("value", ("inputs", "iterationCount"), message)


def _branches(step: Step, key: str, document: Document) -> Iterator[Rule]:
    entries = _entries(step.inputs.get(key))
    names = [branch.name for branch in step.branches]
    for position, entry in enumerate(entries):
        place = ("inputs", key, "value", position)
        if not isinstance(entry, Pair) or not name_of(entry):
            yield error("branch", place, "condition has no branch", "Add `name:` with the name of a branch.")
            continue
        if name_of(entry) not in names:
            hint = did_you_mean(name_of(entry), names) or f"Available branches: {', '.join(names) or 'none'}."
            yield error("branch", (*place, "name"), f'unknown branch "{name_of(entry)}"', hint)
        if key == "conditions":
            yield from _condition(step, entry, place, document)
    chosen = {name_of(entry) for entry in entries if isinstance(entry, Pair)}
    for index, branch in enumerate(step.branches):
        if branch.name not in chosen and branch.name != ELSE:
            message = f'no condition selects branch "{branch.name}"'
            yield warning("branch", ("branches", index), message, "Remove the branch, or add a condition for it.")


def _condition(step: Step, entry: Pair, place: Place, document: Document) -> Iterator[Rule]:
    try:
        compile_condition(entry.value)
    except ConditionError as invalid:
        for index in invalid.path:
            place = item_place(document, step, place, index)
        yield error("condition", place, f'invalid condition of branch "{name_of(entry)}": {invalid}')


def _entries(expression: Expression | None) -> tuple[Expression, ...]:
    return expression.items if isinstance(expression, Complex) else ()
