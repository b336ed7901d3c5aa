"""Calls of many threads that share one client: `python -m benchmarks.threads`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from benchmarks.clients import IN_THREADS, Fetch, opened
from benchmarks.loopback import serving
from benchmarks.samples import interleaved, keep

THREADS = (1, 8, 64)
CALLS = 512
ROUNDS = 10


def rate(fetch: Fetch, threads: int) -> float:
    """Return the calls per second of all threads together."""

    def share(_: int) -> None:
        for _ in range(CALLS // threads):
            fetch(2)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(share, range(threads)))  # starts the threads, and opens their connections
        began = time.perf_counter()
        list(pool.map(share, range(threads)))
        return CALLS / (time.perf_counter() - began)


def measure() -> None:
    """Measure and keep the samples of each number of threads."""
    with serving() as url:
        fetches = {name: fetch for name, fetch in opened(url).items() if name in IN_THREADS}
        for threads in THREADS:
            rates = {name: partial(rate, fetch, threads) for name, fetch in fetches.items()}
            keep(f"{threads} threads", interleaved(rates, ROUNDS))


if __name__ == "__main__":
    measure()
