"""The content of an integration file: flows, steps, branches, and config variables.

Everything that a run needs is typed. The rest (pages of the config wizard, schedules, labels, security settings) stays
unchanged in `Integration.document` and in each `extra`.
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
    """The error handling of a step.

    Attributes:
        kind: Fail the flow, continue without a result, or retry the step.
        attempts: Number of retries, 0 to 5.
        delay: Seconds before a retry, 0 to 60.
        exponential: Whether to double the delay each time.
        ignore_final: Whether to continue without a result if the last retry fails.
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
        name: Display name, unique in the flow.
        variable: Name in references.
        action: Key of the action.
        component: Key of the action's component.
        inputs: Expressions by input key.
        steps: Steps of a loop.
        branches: Branches of a branching step.
        on_error: Error handling.
        is_trigger: Whether the step is the trigger, which is the first step.
        description: Description by the author.
        place: Path in the file.
        connections: Config variables that are connections, by the key of the input that names them.
        extra: Other fields in the file, such as a schedule.
        kind: `component.action`.
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
    connections: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        self.kind = f"{self.component}.{self.action}"

    def blocks(self) -> Iterator[list[Step]]:
        """Yield the lists of steps inside this step."""
        if self.steps:
            yield self.steps
        for branch in self.branches:
            yield branch.steps


@dataclass(slots=True)
class Branch:
    """A branch of a branching step."""

    name: str
    steps: list[Step]
    place: Place


@dataclass(slots=True)
class FlowDefinition:
    """One flow: a trigger and the steps that follow it.

    Attributes:
        name: Display name, unique in the file.
        description: Description by the author.
        steps: The steps. The first step is the trigger.
        is_synchronous: Whether the caller waits for the result.
        place: Path in the file.
        extra: Other fields in the file.
    """

    name: str
    description: str
    steps: list[Step]
    is_synchronous: bool
    place: Place
    extra: Mapping[str, Any] = field(default_factory=dict)

    def walk(self) -> Iterator[Step]:
        """Yield every step in file order, including the steps of loops and branches."""
        return walk(self.steps)


@dataclass(slots=True)
class ConfigVariable:
    """A value or a connection that is set when the integration is deployed.

    Attributes:
        key: Display name, which is also the name to set it by.
        kind: A plain value, a connection, or a connection that several integrations share.
        data_type: Type of a plain value, such as `string`, `picklist`, or `boolean`.
        default: Default value, or None.
        choices: The allowed values. Empty: any value.
        collection: `valuelist` or `keyvaluelist` for a list.
        component: Key of the component of a connection.
        connection: Key of the connection in its component.
        inputs: Expressions of the connection fields that the file sets.
        place: Path in the file.
        extra: Other fields in the file.
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
    """An integration file.

    Attributes:
        name: Name of the integration.
        description: Description by the author.
        version: The `definitionVersion` of the file.
        flows: The flows, in file order.
        config_variables: The config variables by key.
        document: The parsed file, with the lines of its parts.
        text: The text of the file.
    """

    name: str
    description: str
    version: int
    flows: list[FlowDefinition]
    config_variables: dict[str, ConfigVariable]
    document: Document
    text: str = field(default="", repr=False)

    def location(self, place: Place) -> str:
        """Return the `file:line` of a part."""
        return self.document.location(place)

    def definition(self, name: str | None = None) -> FlowDefinition:
        """Return a flow of the file.

        Args:
            name: Name of the flow. Optional if the file has one flow.

        Raises:
            UsageError: If the file has no flow with this name, or has several flows and no name is passed.
        """
        flows = {flow.name: flow for flow in self.flows}
        if name is None and len(flows) == 1:
            return next(iter(flows.values()))
        if name is None:
            names = f"{', '.join(list(flows)[:-1])} or {list(flows)[-1]}"
            raise UsageError("file contains several flows", hint=f"Pass --flow NAME (flow=NAME in Python): {names}.")
        if name not in flows:
            hint = did_you_mean(name, flows) or f"Available flows: {', '.join(flows)}."
            raise UsageError(f'unknown flow "{name}"', hint=hint)
        return flows[name]


def walk(steps: list[Step]) -> Iterator[Step]:
    """Yield every step of a list and the steps inside them."""
    for step in steps:
        yield step
        if step.steps or step.branches:
            for block in step.blocks():
                yield from walk(block)
