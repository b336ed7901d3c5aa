"""Samples of measurements, their ratios, and how both are kept and printed."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Samples = dict[str, list[float]]
"""One list of samples by the name of what was measured, all of the same rounds."""

FILE = Path(__file__).parent / "samples.json"
"""The raw samples of the run that the documentation quotes."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How one thing compares with another: the ratio of the medians, and the spread between rounds.

    Attributes:
        median: Ratio of the medians.
        low: First quartile of the ratios of single rounds.
        high: Third quartile.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: list[float], base: list[float]) -> Ratio:
        """Compare samples with those of the same rounds of the base."""
        rounds = [sample / other for sample, other in zip(samples, base, strict=True)]
        low, _, high = statistics.quantiles(rounds, n=4, method="inclusive")
        return cls(statistics.median(samples) / statistics.median(base), low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def interleaved(measures: Mapping[str, Callable[[], float]], rounds: int) -> Samples:
    """Measure all in turn, so that drift of the machine falls on each; the first round warms up and is not kept.

    Every second round goes backwards, so that nothing always follows the same neighbor.
    """
    samples: Samples = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name in list(measures) if number % 2 else reversed(list(measures)):
            value = measures[name]()
            if number:
                samples[name].append(value)
    return samples


def keep(section: str, samples: Samples) -> None:
    """Write the samples of one section, and leave the other sections as they are."""
    sections = kept() if FILE.exists() else {}
    sections[section] = {name: [float(f"{value:.4g}") for value in values] for name, values in samples.items()}
    lines = json.dumps(sections, indent=1)
    FILE.write_text(re.sub(r"(?<=[\[\d.,])\s+(?=[-\d\]])", " ", lines) + "\n", encoding="utf-8")


def kept() -> dict[str, Samples]:
    """Return all sections."""
    sections: dict[str, Samples] = json.loads(FILE.read_text(encoding="utf-8"))
    return sections


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |"]
    lines.append("|" + "---|" * (lines[0].count("|") - 1))
    lines.extend("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
    return "\n".join(lines)
