"""CPU of calls against bare `requests.Session.get(...).json()` in the same run: `python -m benchmarks.calls`.

Blocks of calls alternate between the two in the order A B B A, so that drift of the machine falls on both; quoted is
the ratio of the medians. The walks run in processes of their own, whose peak memory is printed too.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import requests

import connector
from benchmarks.loopback import serving

TOKEN = "benchmark-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.segment.v1+json"}


def cpu_of(call: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - began) / calls


def ratio(
    ours: Callable[[], object], theirs: Callable[[], object], calls: int, blocks: int = 12
) -> tuple[float, float]:
    measured: dict[int, list[float]] = {0: [], 1: []}
    for block in range(blocks + 2):
        for which in (0, 1, 1, 0):
            spent = cpu_of((ours, theirs)[which], calls)
            if block >= 2:
                measured[which].append(spent)
    mine, peer = (statistics.median(values) for values in measured.values())
    return mine * 1e6, mine / peer


def invoking(url: str) -> None:
    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    session = requests.Session()
    session.headers.update(HEADERS)
    cases = [("two sources", 50, 60), ("200 sources", 200, 15)]
    for name, count, calls in cases:
        query = {"pagination[count]": count}
        micros, times = ratio(
            lambda count=count: runner.invoke("listSources", {"count": count}),  # type: ignore[misc]
            lambda query=query: session.get(f"{url}/sources", params=query).json(),  # type: ignore[misc]
            calls,
        )
        print(f"invoke, {name}: {micros:.0f} us of CPU a call, {times:.2f} x requests")


def our_sources(url: str) -> Iterator[object]:
    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    runner.invoke("listSources", {})
    yield from runner.records("listSources")


def requests_sources(url: str) -> Iterator[object]:
    session, cursor = requests.Session(), ""
    session.headers.update(HEADERS)
    session.get(f"{url}/sources")
    while cursor is not None:
        query = {"pagination[count]": "200"} | ({"pagination[cursor]": cursor} if cursor else {})
        data = session.get(f"{url}/sources", params=query).json()["data"]
        yield from data["sources"]
        cursor = data["pagination"].get("next")


def walk(name: str, url: str) -> None:
    sources = {"ours": our_sources, "requests": requests_sources}[name](url)
    next(sources)
    began = time.process_time()
    seen = 1 + sum(1 for _ in sources)
    spent = time.process_time() - began
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seen)


def walking(url: str) -> None:
    figures: dict[str, list[tuple[float, float]]] = {"ours": [], "requests": []}
    for _ in range(5):
        for name, found in figures.items():
            command = [sys.executable, "-m", "benchmarks.calls", name, url]
            spent, peak, seen = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            assert seen == "40000"
            found.append((float(spent), float(peak)))
    ours, peer = ([statistics.median(column) for column in zip(*found, strict=True)] for found in figures.values())
    print(
        f"walk over 200 pages of 200: {ours[0]:.2f} s of CPU, {ours[0] / peer[0]:.2f} x requests; "
        f"peak memory {ours[1]:.0f} MiB, requests {peer[1]:.0f} MiB"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        walk(*sys.argv[1:])
    else:
        with serving() as server:
            invoking(server)
            walking(server)
