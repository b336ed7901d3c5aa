"""Audit a workspace: list the sources that are disabled, unnamed, or unconnected.

    SEGMENT_API_KEY=... python examples/flows/audit_workspace.py

Only one page of sources is in memory at a time. Of the connections, the script keeps only the source IDs.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from rich.console import Console
from rich.progress import track

import connector
from connector import Runner


@dataclass
class AuditSummary:
    """Number of audited sources, and of sources with each problem."""

    sources: int = 0
    problems: Counter[str] = field(default_factory=Counter)


def connected_sources(runner: Runner) -> set[str]:
    """Return the IDs of the sources that are connected to a destination or a warehouse."""
    connected = {destination["sourceId"] for destination in runner.records("listDestinations")}
    for warehouse in runner.records("listWarehouses"):
        sources = runner.records("listConnectedSourcesFromWarehouse", {"warehouseId": warehouse["id"]})
        connected.update(source["id"] for source in sources)
    return connected


def problems_of(source: dict[str, Any], connected: set[str]) -> Iterator[str]:
    """Yield the problems of one source."""
    if not source["enabled"]:
        yield "disabled"
    if not source.get("name"):
        yield "unnamed"
    if source["id"] not in connected:
        yield "unconnected"


def audit(runner: Runner, out: IO[str], *, progress: bool = False) -> AuditSummary:
    """Write one JSON line for each source that has a problem.

    Args:
        runner: Runner of the workspace.
        out: Stream to write to.
        progress: Show a progress bar on standard error.
    """
    summary = AuditSummary()
    connected = connected_sources(runner)
    for source in with_progress(runner) if progress else runner.records("listSources"):
        summary.sources += 1
        problems = list(problems_of(source, connected))
        summary.problems.update(problems)
        if problems:
            out.write(json.dumps({"id": source["id"], "slug": source["slug"], "problems": problems}) + "\n")
    return summary


def with_progress(runner: Runner) -> Iterable[dict[str, Any]]:
    """Iterate over the sources and show a progress bar."""
    first = runner.invoke("listSources", {"count": 1})
    total = first["data"]["data"]["pagination"].get("totalEntries")
    return track(runner.records("listSources"), "Sources", total=total, console=Console(stderr=True))


def main() -> None:
    """Audit the workspace of the credentials in the environment."""
    names = {"apiKey": "SEGMENT_API_KEY", "region": "SEGMENT_REGION", "baseUrl": "SEGMENT_BASE_URL"}
    fields = {key: os.environ[name] for key, name in names.items() if name in os.environ}
    with Runner(connector.load_component(), {"fields": fields}) as runner:
        summary = audit(runner, sys.stdout, progress=sys.stderr.isatty())
    counts = ", ".join(f"{count} {problem}" for problem, count in summary.problems.items()) or "no problems"
    print(f"{summary.sources} sources: {counts}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except connector.ConnectorError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
