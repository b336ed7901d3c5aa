"""Audits a workspace: which Sources are disabled, have no name, or are connected to nothing.

    SEGMENT_API_KEY=... python examples/flows/audit_workspace.py

One page of Sources is in memory at a time; of the connections only the ids of the Sources are kept.
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
class Findings:
    """How many Sources were looked at, and how many of them have which fault."""

    sources: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def connected_sources(runner: Runner) -> set[str]:
    """Ids of the Sources that a Destination or a Warehouse is connected to."""
    connected = {destination["sourceId"] for destination in runner.records("listDestinations")}
    for warehouse in runner.records("listWarehouses"):
        sources = runner.records("listConnectedSourcesFromWarehouse", {"warehouseId": warehouse["id"]})
        connected.update(source["id"] for source in sources)
    return connected


def faults_of(source: dict[str, Any], connected: set[str]) -> Iterator[str]:
    """What is wrong with one Source."""
    if not source["enabled"]:
        yield "disabled"
    if not source.get("name"):
        yield "unnamed"
    if source["id"] not in connected:
        yield "unconnected"


def audit(runner: Runner, out: IO[str], *, progress: bool = False) -> Findings:
    """Write one JSON line for every Source that has a fault.

    Args:
        runner: Of the workspace.
        out: Where the lines go.
        progress: Show a progress bar on stderr.
    """
    found = Findings()
    connected = connected_sources(runner)
    for source in with_progress(runner) if progress else runner.records("listSources"):
        found.sources += 1
        faults = list(faults_of(source, connected))
        found.faults.update(faults)
        if faults:
            out.write(json.dumps({"id": source["id"], "slug": source["slug"], "faults": faults}) + "\n")
    return found


def with_progress(runner: Runner) -> Iterable[dict[str, Any]]:
    """The Sources, with a progress bar."""
    first = runner.invoke("listSources", {"count": 1})
    total = first["data"]["data"]["pagination"].get("totalEntries")
    return track(runner.records("listSources"), "Sources", total=total, console=Console(stderr=True))


def main() -> None:
    """Audit the workspace that the environment names."""
    names = {"apiKey": "SEGMENT_API_KEY", "region": "SEGMENT_REGION", "baseUrl": "SEGMENT_BASE_URL"}
    fields = {key: os.environ[name] for key, name in names.items() if name in os.environ}
    with Runner(connector.load_component(), {"fields": fields}) as runner:
        found = audit(runner, sys.stdout, progress=sys.stderr.isatty())
    counts = ", ".join(f"{count} {fault}" for fault, count in found.faults.items()) or "no faults"
    print(f"{found.sources} sources: {counts}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except connector.ConnectorError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
