"""From a flow to its planned steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from connector.component.component import Component
from connector.flows.file.model import FlowDefinition, Step, walk
from connector.flows.file.step_inputs import connection_of, name_of
from connector.flows.run.stubs import Stubs
from connector.flows.steps import code_block
from connector.flows.steps.built_in import BuiltIn
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.steps.planned_step import PlannedStep
from connector.flows.values.conditions import compile_condition
from connector.flows.values.expressions import Complex, Expression, Literal, Pair, Reference, is_unset, parts_of


def plan(
    flow: FlowDefinition,
    components: Mapping[str, Component],
    branch: str | None = None,
    stubs: Stubs | None = None,
) -> list[PlannedStep]:
    """Return the steps of a checked flow, ready to run: those after the trigger, and first those of its branch."""
    planning = _Planning(components, referenced_variables(flow), stubs)
    planned = planning.block(flow.steps[1:])
    if branch is not None:
        planned.insert(0, planning.trigger(flow.steps[0], branch))
    if planned:
        last = planned[-1]
        # The last step has the results of the run. Those of a loop may fill the memory, so that they are collected only
        # for a caller who waits for them, or for another step.
        is_loop = bool(last.step.steps)
        last.keeps_results = last.keeps_results or flow.is_synchronous or not is_loop
    return planned


def referenced_variables(flow: FlowDefinition) -> set[str]:
    """Return the variables whose results an expression refers to; of a loop, not its current item alone."""
    expressions = [expression for step in flow.walk() for expression in step.inputs.values()]
    references = [part for expression in expressions for part in parts_of(expression) if isinstance(part, Reference)]
    named = {part.variable for part in references if part.path[:1] not in (("currentItem",), ("index",))}
    return named | _variables_in_code(flow)


def _variables_in_code(flow: FlowDefinition) -> set[str]:
    variables = {step.variable for step in flow.walk()}
    codes = [step.inputs.get("code") for step in flow.walk() if step.kind == code_block.KIND]
    # Code that is not in the file may use any step.
    used = (code_block.variables_in(c.value, variables) if isinstance(c, Literal) else variables for c in codes if c)
    return set().union(*used)


def every_step(steps: Iterable[PlannedStep]) -> Iterator[PlannedStep]:
    """Iterate over planned steps and those inside of them."""
    for planned in steps:
        yield planned
        for block in (planned.steps, *planned.branches.values()):
            yield from every_step(block)


def destructive_steps(steps: Iterable[PlannedStep]) -> list[str]:
    """Return the names of destructive steps, those whose effect depends on their inputs included."""
    actions = [(planned.step.name, planned.action) for planned in _performed(steps) if planned.action]
    return [name for name, action in actions if action.may_be_destructive]


def is_read_only(steps: Iterable[PlannedStep]) -> bool:
    """Return True if no step performs an action that may change something."""
    return all(planned.action is None or planned.action.effect == "read" for planned in _performed(steps))


def _performed(steps: Iterable[PlannedStep]) -> Iterator[PlannedStep]:
    """Iterate over the steps that can reach a service."""
    return (planned for planned in every_step(steps) if not planned.is_offline)


def secret_inputs(planned: PlannedStep) -> frozenset[str]:
    """Return the keys of the inputs of a step that its action declares secret."""
    return planned.action.inputs.secret_keys() if planned.action else frozenset()


@dataclass(frozen=True)
class _Planning:
    """What the planned steps of a flow are made from."""

    components: Mapping[str, Component]
    referenced: set[str]
    stubs: Stubs | None

    def block(self, steps: Iterable[Step]) -> list[PlannedStep]:
        return [self.step(step) for step in steps]

    def trigger(self, trigger: Step, branch: str) -> PlannedStep:
        """Return a step that performs a branch of the trigger. The results of the trigger are those of the start."""
        built_in = BuiltIn(lambda runner, call: runner.branch(call, branch), "starts the flow", is_pure=True)
        planned = PlannedStep(trigger, [], built_in, keeps_results=False)
        self._inside(planned)
        return planned

    def step(self, step: Step) -> PlannedStep:
        planned = PlannedStep(step, [], keeps_results=step.variable in self.referenced)
        if self.stubs is not None:
            planned.stub = self.stubs.of(step)
            planned.is_offline = self.stubs.is_offline(step)
        built_in = BUILT_IN.get(step.kind)
        if planned.stub is not None:
            self._stubbed(planned)
        elif built_in is not None:
            planned.built_in = built_in
            # An empty string is a value for Prismatic's own steps, while for actions it means that the input is not
            # set.
            planned.inputs = [(key, part) for key, part in step.inputs.items() if key not in built_in.lazy]
            planned.mappings = list(_named(step.inputs.get("branchValueMappings")))
            planned.conditions = [(name, compile_condition(e)) for name, e in _named(step.inputs.get("conditions"))]
        else:
            planned.component = self.components[step.component]
            planned.action = planned.component.action(step.action)
            key, planned.connection = connection_of(step, planned.action)
            inputs = step.inputs.items()
            planned.inputs = [(name, part) for name, part in inputs if name != key and not is_unset(part)]
            if planned.is_offline:
                # No secret is needed for responses that a caller set up.
                planned.connection = None
        self._inside(planned)
        return planned

    def _stubbed(self, planned: PlannedStep) -> None:
        """Plan a step that is not performed: its component may not be installed."""
        step = planned.step
        planned.component = self.components.get(step.component)
        # What the action declares about its inputs and results is needed to redact them.
        planned.action = planned.component.find_action(step.action) if planned.component else None
        inputs = step.inputs.items()
        planned.inputs = [(name, part) for name, part in inputs if name not in step.connections and not is_unset(part)]

    def _inside(self, planned: PlannedStep) -> None:
        step = planned.step
        planned.steps = self.block(step.steps)
        for branch in step.branches:
            planned.branches[branch.name] = self.block(branch.steps)
        planned.inner = [inner.variable for block in step.blocks() for inner in walk(block)]


def _named(expression: Expression | None) -> list[tuple[str, Expression]]:
    entries = expression.items if isinstance(expression, Complex) else ()
    return [(name_of(entry), entry.value) for entry in entries if isinstance(entry, Pair)]
