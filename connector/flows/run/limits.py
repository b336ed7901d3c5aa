"""How far a flow may go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import FlowLimitError

MAX_DEPTH = 200
"""Levels of lists and objects inside one another that a payload may have: as deep as JSON is read quickly."""


def check_depth(name: str, value: Any) -> None:
    """Let a value pass that is not nested too deeply.

    Raises:
        FlowLimitError: It is, or it contains itself.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [part for parent in level for part in _inside(parent)]
        if not level:
            return
    raise FlowLimitError(f"the {name} is nested more than {MAX_DEPTH} levels deep.", hint="Flatten it.")


def _inside(value: Any) -> Iterable[Any]:
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [part for part in parts if isinstance(part, Mapping | list | tuple)]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may do at most; a flow that goes beyond fails with the name of the limit.

    Attributes:
        iterations: Iterations of one loop.
        steps: Steps of a run, those of loops counted each time.
        sleep: Seconds of one sleep step.
    """

    iterations: int = 100_000
    steps: int = 2_000_000
    sleep: float = 3600

    def check(self, name: str, value: float, location: str) -> None:
        """Let a value pass.

        Raises:
            FlowLimitError: It is beyond the limit with this name.
        """
        most = getattr(self, name)
        if value > most:
            raise FlowLimitError(
                f"{location} goes beyond the limit `{name}` ({most:g}).",
                hint=f"End it earlier, or allow more: limits=Limits({name}=...).",
            )
