"""A walk over 40,000 sources on 200 pages, in processes of their own: `python -m benchmarks.walks`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

import connector
from benchmarks.clients import HEADERS, TOKEN
from benchmarks.loopback import PAGE, PAGES, serving
from benchmarks.samples import interleaved, keep

ROUNDS = 10
SLOW = 0.05
"""Seconds that the server takes for a page, where reading ahead is measured."""
WORK = 0.03
"""Seconds that the caller works on a page there."""


def our_sources(url: str) -> Iterator[Any]:
    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    return runner.records("listSources")


def requests_sources(url: str) -> Iterator[Any]:
    session, cursor = requests.Session(), ""
    session.headers.update(HEADERS)
    while cursor is not None:
        query = {"pagination[count]": str(PAGE)} | ({"pagination[cursor]": cursor} if cursor else {})
        data = session.get(f"{url}/sources", params=query).json()["data"]
        yield from data["sources"]
        cursor = data["pagination"].get("next")


WALKS: dict[str, Callable[[str], Iterator[Any]]] = {"ours": our_sources, "requests": requests_sources}


def peak_memory() -> float:
    """Return the largest memory of this process in MiB.

    `ru_maxrss` would start with the peak of the process that started this one (Linux keeps it when a program is
    replaced); the high-water mark of the new program's memory does not.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def walk(name: str, url: str) -> None:
    """Walk once in this process and print seconds of CPU without the first record, and the peak of memory."""
    sources = WALKS[name](url)
    next(sources)
    began = time.process_time()
    count = 1 + sum(1 for _ in sources)
    spent = time.process_time() - began
    assert count == PAGE * PAGES
    print(json.dumps([spent, peak_memory()]))


def walked(name: str, url: str) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.walks", name, url]
    result: list[float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def slow_walk(url: str, ahead: int) -> float:
    """Return the seconds of a walk over ten slow pages with work on each."""
    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    began = time.perf_counter()
    for number, _ in enumerate(runner.pages("listSources", ahead=ahead)):
        time.sleep(WORK)
        if number == 9:
            break
    return time.perf_counter() - began


def measure() -> None:
    """Measure and keep the samples of the walks, and of reading ahead."""
    with serving() as url:
        peaks: dict[str, list[float]] = {name: [] for name in WALKS}

        def cpu(name: str) -> float:
            spent, peak = walked(name, url)
            peaks[name].append(peak)
            return spent

        keep("walk of 200 pages", interleaved({name: lambda n=name: cpu(n) for name in WALKS}, ROUNDS))  # type: ignore[misc]
        keep("walk of 200 pages, MiB", {name: values[1:] for name, values in peaks.items()})
    with serving(SLOW) as url:
        ways = {"ahead=0": lambda: slow_walk(url, 0), "ahead=1": lambda: slow_walk(url, 1)}
        keep("walk of slow pages", interleaved(ways, ROUNDS))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        walk(*sys.argv[1:])
    else:
        measure()
