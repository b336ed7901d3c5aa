"""Iterating over 40,000 sources on 200 pages, in processes of their own: `python -m benchmarks.iteration`."""

from __future__ import annotations

import subprocess
import sys
import time

import connector
from benchmarks.common import TOKEN
from benchmarks.iterate_once import ITERATIONS, LESS_OFTEN
from benchmarks.loopback import serving
from benchmarks.samples import interleaved, keep

ROUNDS = 10
SLOW = 0.05
"""Seconds that the server takes for a page, where reading ahead is measured."""
WORK = 0.03
"""Seconds that the caller works on a page there."""


def iterated(name: str, url: str) -> list[float]:
    """Return the seconds of CPU of an iteration, and the peak of its memory."""
    command = [sys.executable, "-m", "benchmarks.iterate_once", name, url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(figure) for figure in printed.split()]


def slow_iteration(url: str, ahead: int) -> float:
    """Return the seconds of an iteration over ten slow pages with work on each."""
    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    began = time.perf_counter()
    for number, _ in enumerate(runner.pages("listSources", ahead=ahead)):
        time.sleep(WORK)
        if number == 9:
            break
    return time.perf_counter() - began


def measure() -> None:
    """Measure and keep the samples of the iterations, and of reading ahead."""
    with serving() as url:
        names = [*ITERATIONS, *(name + LESS_OFTEN for name in ITERATIONS)]
        peaks: dict[str, list[float]] = {name: [] for name in names}

        def cpu(name: str) -> float:
            spent, peak = iterated(name, url)
            peaks[name].append(peak)
            return spent

        keep("iteration over 200 pages", interleaved({name: lambda n=name: cpu(n) for name in names}, ROUNDS))  # type: ignore[misc]
        keep("iteration over 200 pages, MiB", {name: values[1:] for name, values in peaks.items()})
    with serving(SLOW) as url:
        ways = {"ahead=0": lambda: slow_iteration(url, 0), "ahead=1": lambda: slow_iteration(url, 1)}
        keep("iteration over slow pages", interleaved(ways, ROUNDS))


if __name__ == "__main__":
    measure()
