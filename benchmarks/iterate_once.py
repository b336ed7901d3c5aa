"""One iteration over all sources of the benchmarks' server, in a process that does nothing else.

python -m benchmarks.iterate_once CLIENT URL prints the seconds of CPU without the first record, and the peak of memory
in MiB. Each client is imported where it is used, so that no process has what another one needs.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.common import HEADERS, PAGE, PAGES, TOKEN

LESS_OFTEN = " with gc.set_threshold(100_000)"


def our_sources(url: str) -> Iterator[Any]:
    import connector

    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    return runner.records("listSources")


def requests_sources(url: str) -> Iterator[Any]:
    import requests

    cursor = ""
    with requests.Session() as session:
        session.headers.update(HEADERS)
        while cursor is not None:
            query = {"pagination[count]": str(PAGE)} | ({"pagination[cursor]": cursor} if cursor else {})
            data = session.get(f"{url}/sources", params=query).json()["data"]
            yield from data["sources"]
            cursor = data["pagination"].get("next")


ITERATIONS: dict[str, Callable[[str], Iterator[Any]]] = {"ours": our_sources, "requests": requests_sources}


def peak_memory() -> float:
    """Return the largest memory of this process in MiB.

    `ru_maxrss` would start with the peak of the process that started this one (Linux keeps it when a program is
    replaced); the high-water mark of the new program's memory does not.
    """
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib takes memory of its own
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main(client: str, url: str) -> None:
    sources = ITERATIONS[client.removesuffix(LESS_OFTEN)](url)
    if client.endswith(LESS_OFTEN):
        gc.set_threshold(100_000)
    next(sources)
    began = time.process_time()
    count = 1 + sum(1 for _ in sources)
    spent = time.process_time() - began
    assert count == PAGE * PAGES
    print(spent, peak_memory())


if __name__ == "__main__":
    main(*sys.argv[1:])
