"""What the trials with thousands of rows share: a file that creates a source per row, and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from connector.sandbox_kit.http_messages import RequestLog
from connector.sandbox_kit.sandbox import Sandbox
from tests.trials.report import Report

LAUNCHER = """
import os, resource, subprocess, sys
with subprocess.Popen(sys.argv[2:]) as child:
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(child.pid))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
print(child.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command as the child of a small process, since a child counts the memory that its parent had at its start.

It writes the process ID of the child to a file, and prints its exit code and its largest memory in kilobytes.
"""


class WholeLog(RequestLog):
    """A log that forgets nothing; it keeps the number of requests by slug and status."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: Counter[tuple[str, int | None]] = Counter()

    def add(self, request: object, status: int | None, fault: str | None) -> None:
        """Count a request."""
        del fault
        body = json.loads(getattr(request, "content", b"") or b"{}")
        self.statuses[str(body.get("slug")), status] += 1

    @property
    def total(self) -> int:
        """Number of all requests."""
        return sum(list(self.statuses.values()))


class RowsTrial:
    """Rows that create one source each, and the sandbox in which they do."""

    def __init__(self, folder: Path, rows: int, sandbox: Sandbox, report: Report) -> None:
        self.folder = folder
        self.rows = rows
        self.sandbox = sandbox
        self.report = report
        self.log = WholeLog()
        sandbox.workspace.log = self.log
        self.file = folder / "rows.csv"
        self.output = folder / "results.jsonl"
        lines = "".join(f"row-{number},true,IqDTy1TpoU\n" for number in range(1, rows + 1))
        self.file.write_text("slug,enabled,metadataId\n" + lines)

    def decide(self, rows: Iterable[int]) -> list[str]:
        """Return an option for each row with an unknown outcome: what a person finds out in the workspace."""
        rows = list(rows)
        existing = {source["slug"] for source in self.sandbox.sources}
        self.report.count("unknown outcomes", len(rows))
        return [f"--unknown={row}={'skip' if f'row-{row}' in existing else 'retry'}" for row in rows]

    def compare_rows(self) -> None:
        """Compare the sources and the results with the rows."""
        existing = Counter(source["slug"] for source in self.sandbox.sources)
        for number in range(1, self.rows + 1):
            slug = f"row-{number}"
            if existing[slug] != 1:
                self.report.fail("lost" if not existing[slug] else "doubled", slug)
        results = [json.loads(line) for line in self.output.read_text().splitlines()]
        if [result["row"] for result in results] != list(range(1, self.rows + 1)):
            self.report.fail("wrong", f"{len(results)} results")
        if any(result["status"] not in ("done", "skipped") for result in results):
            self.report.fail("wrong", "a row that is not done")
        self.report.count("rows", self.rows)
        self.report.count("requests", self.log.total)
