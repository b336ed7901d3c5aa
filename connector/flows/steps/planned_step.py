"""A step with everything that it needs to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.flows.values.conditions import Condition
from connector.flows.values.expressions import Expression

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import Action
    from connector.flows.file.model import Step
    from connector.flows.steps.built_in import BuiltIn
    from connector.flows.steps.stub import Stub


@dataclass(slots=True, eq=False)
class PlannedStep:
    """One step, ready to run.

    Attributes:
        step: The step of the file.
        inputs: The expressions to evaluate before it.
        built_in: Implementation of one of Prismatic's own steps.
        component: Component of any other step.
        action: Action of any other step.
        stub: What to return instead of performing it.
        is_offline: Whether it reaches no service, because of a stub.
        connection: Name of the connection's config variable; None if the step names none.
        keeps_results: Whether anything refers to its results.
        steps: The steps of a loop.
        branches: The steps of each branch by name.
        mappings: Names of branches and the values that select them.
        conditions: Names of branches and the conditions that select them.
        inner: Variables of the steps inside of it.
    """

    step: Step
    inputs: list[tuple[str, Expression]]
    built_in: BuiltIn | None = None
    component: Component | None = None
    action: Action[Any] | None = None
    stub: Stub | None = None
    is_offline: bool = False
    connection: str | None = None
    keeps_results: bool = True
    steps: list[PlannedStep] = field(default_factory=list)
    branches: dict[str, list[PlannedStep]] = field(default_factory=dict)
    mappings: list[tuple[str, Expression]] = field(default_factory=list)
    conditions: list[tuple[str, Condition]] = field(default_factory=list)
    inner: list[str] = field(default_factory=list)

    @property
    def is_journaled(self) -> bool:
        """True if a resumed run must not perform it again."""
        return self.stub is not None or self.built_in is None or not self.built_in.is_pure
