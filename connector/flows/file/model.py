"""What stands in an integration file: flows, steps, branches, config variables.

Everything that a run needs is here in typed form; what is not executed (pages of the config wizard, schedules,
labels, security settings) is kept as it was read, in `Integration.document` and in each `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place
from connector.errors import UsageError
from connector.flows.values.expressions import Expression

OnError = Literal["fail", "ignore", "retry"]
VariableKind = Literal["value", "connection", "scoped"]


@dataclass(frozen=True, slots=True)
class ErrorConfig:
    """What happens when a step fails.

    Attributes:
        kind: Fail the flow, go on without a result, or repeat the step.
        attempts: Repetitions after the first try, 0 to 5.
        delay: Seconds before a repetition, 0 to 60.
        exponential: Double the delay each time.
        ignore_final: Go on without a result when the last repetition failed.
    """

    kind: OnError = "fail"
    attempts: int = 0
    delay: float = 0
    exponential: bool = False
    ignore_final: bool = False


@dataclass(slots=True)
class Step:
    """One step of a flow.

    Attributes:
        name: Name shown to people, unique in the flow.
        variable: Name under which references know it.
        action: Key of the action.
        component: Key of the action's component.
        inputs: Expressions by input key.
        steps: The steps of a loop.
        branches: The branches of a branching step.
        on_error: What happens when it fails.
        is_trigger: True for the first step, which begins the flow.
        description: What its author says about it.
        place: Where it stands in the file.
        extra: Everything else that the file says of it, such as a schedule.
    """

    name: str
    variable: str
    action: str
    component: str
    inputs: dict[str, Expression]
    place: Place
    steps: list[Step] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    on_error: ErrorConfig = ErrorConfig()
    is_trigger: bool = False
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`component.action`."""
        return f"{self.component}.{self.action}"

    def blocks(self) -> Iterator[list[Step]]:
        """The lists of steps inside this one."""
        if self.steps:
            yield self.steps
        for branch in self.branches:
            yield branch.steps


@dataclass(slots=True)
class Branch:
    """A way that a branching step can go."""

    name: str
    steps: list[Step]
    place: Place


@dataclass(slots=True)
class FlowDefinition:
    """One flow: a trigger and the steps that follow it.

    Attributes:
        name: Name shown to people, unique in the file.
        description: What its author says about it.
        steps: Its steps; the trigger is the first.
        is_synchronous: The caller waits for its result.
        place: Where it stands in the file.
        extra: Everything else that the file says of it.
    """

    name: str
    description: str
    steps: list[Step]
    is_synchronous: bool
    place: Place
    extra: Mapping[str, Any] = field(default_factory=dict)

    def walk(self) -> Iterator[Step]:
        """Every step, those of loops and branches included, in the order of the file."""
        return walk(self.steps)


@dataclass(slots=True)
class ConfigVariable:
    """A value, or a connection, that whoever deploys the integration gives.

    Attributes:
        key: Name shown to people, and the name to give it by.
        kind: A plain value, a connection, or a connection that is shared between integrations.
        data_type: Kind of a plain value, such as `string`, `picklist` or `boolean`.
        default: Value to use when none is given; None without one.
        choices: The only values that are allowed, when there are some.
        collection: `valuelist` or `keyvaluelist` for a list.
        component: Key of the component that a connection belongs to.
        connection: Key of the connection in its component.
        inputs: Expressions of a connection's fields that the file sets.
        place: Where it stands in the file.
        extra: Everything else that the file says of it.
    """

    key: str
    kind: VariableKind
    place: Place
    data_type: str = "string"
    default: Any = None
    choices: tuple[str, ...] = ()
    collection: str | None = None
    component: str | None = None
    connection: str | None = None
    inputs: dict[str, Expression] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Integration:
    """A whole file.

    Attributes:
        name: Name of the integration.
        description: What its author says about it.
        version: The file's `definitionVersion`.
        flows: Its flows, in order.
        config_variables: Its config variables by key.
        document: The file itself, with the lines of its parts.
        text: The file's text.
    """

    name: str
    description: str
    version: int
    flows: list[FlowDefinition]
    config_variables: dict[str, ConfigVariable]
    document: Document
    text: str = field(default="", repr=False)

    def location(self, place: Place) -> str:
        """`file:line` of a part."""
        return self.document.location(place)

    def definition(self, name: str | None = None) -> FlowDefinition:
        """One flow of the file; without a name, the only one.

        Raises:
            UsageError: There is none with this name, or there are several and none was named.
        """
        flows = {flow.name: flow for flow in self.flows}
        if name is None and len(flows) == 1:
            return next(iter(flows.values()))
        if name is None:
            raise UsageError("the file has several flows.", hint=f"Name one of them: {', '.join(flows)}.")
        if name not in flows:
            hint = did_you_mean(name, flows) or f"Its flows are {', '.join(flows)}."
            raise UsageError(f'the file has no flow "{name}".', hint=hint)
        return flows[name]


def walk(steps: list[Step]) -> Iterator[Step]:
    """Every step of a list, and those inside of them."""
    for step in steps:
        yield step
        for block in step.blocks():
            yield from walk(block)
