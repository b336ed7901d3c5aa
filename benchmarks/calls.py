"""CPU of one call, one after the other: `python -m benchmarks.calls`."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.clients import Fetch, opened
from benchmarks.common import PAGE
from benchmarks.loopback import serving
from benchmarks.samples import Samples, interleaved, keep

SECTIONS = {"two sources": (2, 60), "page of 200": (PAGE, 15)}
"""By name: the number of sources in a response, and the number of calls in a sample."""
ROUNDS = 25


def cpu(fetch: Fetch, count: int, calls: int) -> float:
    """Return the microseconds of CPU of one call."""
    began = time.process_time()
    for _ in range(calls):
        fetch(count)
    return (time.process_time() - began) / calls * 1e6


def measure() -> None:
    """Measure and keep the samples of both sizes."""
    with serving() as url:
        fetches = opened(url)
        for section, (count, calls) in SECTIONS.items():
            keep(section, measured(fetches, count, calls))


def measured(fetches: dict[str, Fetch], count: int, calls: int) -> Samples:
    """Return the samples of all clients for responses of one size."""
    return interleaved({name: partial(cpu, fetch, count, calls) for name, fetch in fetches.items()}, ROUNDS)


if __name__ == "__main__":
    measure()
