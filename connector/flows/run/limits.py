"""Limits of a flow run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.errors import FlowLimitError

MAX_DEPTH = 200
"""Levels of nested lists and objects in a payload; deeper JSON leaves the fast parser and the fast serializer."""


def check_depth(name: str, value: Any) -> None:
    """Raise FlowLimitError if a value is nested too deeply, or contains itself."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [part for parent in level for part in _inside(parent)]
        if not level:
            return
    raise FlowLimitError(f"{name} is nested more than {MAX_DEPTH} levels deep", hint="Flatten it.")


def _inside(value: Any) -> Iterable[Any]:
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [part for part in parts if isinstance(part, Mapping | list | tuple)]


_UNITS = {"iterations": "iterations", "steps": "steps", "sleep": "seconds of sleep", "code": "seconds of code"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; the error for an exceeded limit names it.

    Attributes:
        iterations: Maximum iterations of one loop.
        steps: Maximum steps of a run; the steps of a loop count each time.
        sleep: Maximum seconds of one sleep step.
        code: Maximum seconds of one step with JavaScript or a JSON Schema.
    """

    iterations: int = 100_000
    steps: int = 2_000_000
    sleep: float = 3600
    code: float = 10

    def check(self, name: str, value: float, location: str) -> None:
        """Raise FlowLimitError if a value exceeds the limit with this name."""
        maximum = getattr(self, name)
        if value > maximum:
            raise FlowLimitError(
                f"{location} exceeds the limit of {maximum:g} {_UNITS[name]}",
                hint=f"Do less in one step. In Python, limits=Limits({name}=N) raises the limit; the command line "
                "has no option for it.",
            )
