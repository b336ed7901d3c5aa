"""A flow made ready to run: every step with what performs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.flows.file.model import FlowDefinition, Step, walk
from connector.flows.file.step_inputs import connection_of, name_of
from connector.flows.steps.builtin_steps import BUILT_IN, BuiltIn
from connector.flows.values.conditions import Condition, compile_condition
from connector.flows.values.expressions import Complex, Expression, Pair, Reference, is_unset, parts_of


@dataclass(slots=True, eq=False)
class PlannedStep:
    """One step, ready to run.

    Attributes:
        step: The step as the file has it.
        inputs: The expressions to evaluate before it.
        built_in: What performs a step of the platform's own.
        component: Component of another step.
        action: Action of another step.
        connection: Name of the connection's config variable; None for the only one there is.
        keeps: Whether anything refers to its results.
        steps: The steps of a loop.
        branches: The steps of each branch by name.
        mappings: Names of branches and the values that choose them.
        conditions: Names of branches and the conditions that choose them.
        inner: Variables of the steps inside of it.
    """

    step: Step
    inputs: list[tuple[str, Expression]]
    built_in: BuiltIn | None = None
    component: Component | None = None
    action: Action[Any] | None = None
    connection: str | None = None
    keeps: bool = True
    steps: list[PlannedStep] = field(default_factory=list)
    branches: dict[str, list[PlannedStep]] = field(default_factory=dict)
    mappings: list[tuple[str, Expression]] = field(default_factory=list)
    conditions: list[tuple[str, Condition]] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)

    @property
    def is_journaled(self) -> bool:
        """True when a resumed run must not do it again."""
        return self.built_in is None or not self.built_in.is_pure


def plan(flow: FlowDefinition, components: Mapping[str, Component]) -> list[PlannedStep]:
    """The steps after the trigger of a flow that was checked, ready to run."""
    wanted = referenced_variables(flow)
    planned = [_planned(step, components, wanted) for step in flow.steps[1:]]
    if planned:
        last = planned[-1]
        is_loop = bool(last.step.steps)
        last.keeps = last.keeps or flow.is_synchronous or not is_loop
    return planned


def referenced_variables(flow: FlowDefinition) -> set[str]:
    """Variables whose results some expression refers to; of a loop, not its current item alone."""
    found = set()
    for step in flow.walk():
        for expression in step.inputs.values():
            for part in parts_of(expression):
                if isinstance(part, Reference) and part.path[:1] not in (("currentItem",), ("index",)):
                    found.add(part.variable)
    return found


def _planned(step: Step, components: Mapping[str, Component], wanted: set[str]) -> PlannedStep:
    planned = PlannedStep(step, [], keeps=step.variable in wanted)
    built_in = BUILT_IN.get(step.kind)
    if built_in is not None:
        planned.built_in = built_in
        # an empty text is a value for the platform's own steps, while actions take it for an input that was not given
        planned.inputs = [(key, part) for key, part in step.inputs.items() if key not in built_in.lazy]
        planned.mappings = list(_named(step.inputs.get("branchValueMappings")))
        planned.conditions = [(name, compile_condition(e)) for name, e in _named(step.inputs.get("conditions"))]
    else:
        planned.component = components[step.component]
        planned.action = planned.component.action(step.action)
        key, planned.connection = connection_of(step, planned.action)
        given = step.inputs.items()
        planned.inputs = [(name, part) for name, part in given if name != key and not is_unset(part)]
    planned.steps = [_planned(inner, components, wanted) for inner in step.steps]
    for branch in step.branches:
        planned.branches[branch.name] = [_planned(inner, components, wanted) for inner in branch.steps]
    planned.inner = [inner.variable for block in step.blocks() for inner in walk(block)]
    return planned


def _named(expression: Expression | None) -> list[tuple[str, Expression]]:
    entries = expression.items if isinstance(expression, Complex) else ()
    return [(name_of(entry), entry.value) for entry in entries if isinstance(entry, Pair)]
