"""What a trial counts, and how it ends."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

KINDS = ("lost", "doubled", "stuck", "wrong", "leaked", "uncaught")


@dataclass
class Report:
    """The counts of a trial; safe to use from any thread.

    Attributes:
        name: Name of the trial.
        seed: Seed of its random choices.
        outcomes: How often each expected outcome happened.
        failures: What must not happen, by kind, each with a description.
        notes: What else is to be said.
    """

    name: str
    seed: int
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    notes: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def count(self, outcome: str, number: int = 1) -> None:
        """Count an expected outcome."""
        with self._lock:
            self.outcomes[outcome] += number

    def fail(self, kind: str, description: str) -> None:
        """Record what must not happen."""
        with self._lock:
            self.failures[kind].append(description)

    @property
    def is_clean(self) -> bool:
        """True if nothing happened that must not."""
        return not any(self.failures.values())

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {number}" for name, number in sorted(self.outcomes.items()))
        bad = ", ".join(f"{kind} {len(self.failures[kind])}" for kind in KINDS)
        samples = [f"  {kind}: {text}" for kind in KINDS for text in self.failures[kind][:5]]
        return "\n".join([f"{self.name} (seed {self.seed}): {counts}", *self.notes, *samples, bad])

    def exit(self) -> None:
        """Print the report and end the program."""
        print(self)
        sys.exit(0 if self.is_clean else 1)


def main(run: Callable[..., Report], description: str | None, **defaults: float | str) -> None:
    """Run a trial from the command line: with an option for each of its arguments, here with their defaults."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    run(**vars(parser.parse_args())).exit()
