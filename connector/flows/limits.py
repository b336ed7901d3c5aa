"""How far a flow may go."""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import FlowLimitError


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

    def check(self, name: str, value: float, where: str) -> None:
        """Let a value pass.

        Raises:
            FlowLimitError: It is beyond the limit with this name.
        """
        most = getattr(self, name)
        if value > most:
            raise FlowLimitError(
                f"{where} goes beyond the limit `{name}` ({most:g}).",
                hint=f"End it earlier, or allow more: limits=Limits({name}=...).",
            )
