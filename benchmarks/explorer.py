"""Measure the explorer: bytes of the first visit, nodes of a page, and a search in a workspace of 40,000 sources.

`python -m benchmarks.explorer` prints the figures beside their limits, and fails beyond one.
"""

from __future__ import annotations

import statistics
import sys
import time
from html.parser import HTMLParser
from typing import Any

import requests

import connector
from connector.explorer.app import Explorer
from connector.explorer.guard import Guard
from connector.explorer.site import Target
from connector.sandbox_kit import asgi_server
from connector.sandbox_kit.sandbox import sandbox_of, serve

SOURCES = 40_000
SEARCHES = ("source", "source 1234", "stripe 99", "nothing-like-this", "1")
REPEATS = 5
LIMITS = {"first visit, KiB": 30.0, "nodes of the page": 1_500.0, "search, ms (median)": 100.0}


class Nodes(HTMLParser):
    """Counts elements and texts, as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.paths: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1
        named = {name: value or "" for name, value in attrs}
        self.paths += [path for path in (named.get("src", ""), named.get("href", "")) if path.startswith("/static")]

    def handle_data(self, data: str) -> None:
        self.count += 1


def size(session: requests.Session, url: str) -> int:
    """Return the bytes of a response on the wire."""
    response = session.get(url, stream=True, headers={"Accept-Encoding": "gzip"}, timeout=60)
    head = sum(len(name) + len(value) + 4 for name, value in response.headers.items())
    return head + len(response.raw.read(decode_content=False))


def first_visit(session: requests.Session, url: str) -> float:
    """Return the KiB of a page with all that it loads."""
    nodes = Nodes()
    nodes.feed(session.get(f"{url}/actions/listSources", timeout=60).text)
    paths = ["/actions/listSources", *nodes.paths]
    return sum(size(session, url + path) for path in paths) / 1024


def measure(session: requests.Session, url: str) -> dict[str, float]:
    began = time.perf_counter()
    while "What feeds what" not in (page := session.get(f"{url}/workspace", timeout=60).text):
        time.sleep(0.2)
    sys.stdout.write(f"read {SOURCES:,} sources in {time.perf_counter() - began:.1f} s\n")
    nodes = Nodes()
    nodes.feed(page)
    nodes.feed(session.get(f"{url}/workspace/volumes", timeout=60).text)
    seconds = []
    for search in SEARCHES * REPEATS:
        started = time.perf_counter()
        session.get(f"{url}/workspace/matches", params={"search": search}, timeout=60).raise_for_status()
        seconds.append(time.perf_counter() - started)
    session.get(f"{url}/choices/sources?search=", timeout=120).raise_for_status()
    started = time.perf_counter()
    session.get(f"{url}/choices/sources?search=1234", timeout=60).raise_for_status()
    sys.stdout.write(f"choices among {SOURCES:,} in {(time.perf_counter() - started) * 1000:.0f} ms\n")
    return {"nodes of the page": float(nodes.count), "search, ms (median)": statistics.median(seconds) * 1000}


def main() -> int:
    component = connector.load_component()
    seed: Any = sandbox_of(component).generate(sources=SOURCES)
    links: list[str] = []
    with serve(component, seed=seed) as workspace:
        explorer = Explorer(Target(runner=workspace.runner(), name="Benchmark", sandbox=workspace))
        guard = Guard(explorer.asgi(), links.append)
        with asgi_server.serve(guard) as url, requests.Session() as session:
            guard.bind(url)
            session.get(links[-1], timeout=60)
            figures = {"first visit, KiB": first_visit(session, url), **measure(session, url)}
        explorer.close()
    for name, figure in figures.items():
        sys.stdout.write(f"{name:22} {figure:8.1f}   limit {LIMITS[name]:,.0f}\n")
    return int(any(figure > LIMITS[name] for name, figure in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
