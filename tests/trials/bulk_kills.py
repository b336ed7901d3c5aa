"""A run for thousands of rows that is killed twice while requests fail: each row is applied once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from connector import testing
from connector.sandbox_kit.sandbox import Sandbox
from tests.trials.bulk_rows import LAUNCHER, RowsTrial
from tests.trials.report import Report, main

ROOT = Path(__file__).parents[2]
FAULTS = ("error:503:0.01:either", "drop:0.01:either")
RATE_LIMIT = "error:429:createSource#4000"
"""A rate limit lasts until the end of the minute, so only a long trial has one."""

MEGABYTES = 80


class Trial(RowsTrial):
    """One run of the command, from its start to its end over kills and failures."""

    def __init__(self, folder: Path, rows: int, parallel: int, sandbox: Sandbox, report: Report) -> None:
        super().__init__(folder, rows, sandbox, report)
        connection = folder / "connection.json"
        connection.write_text(json.dumps(dict(sandbox.connection)))
        self.command = [sys.executable, "-m", "connector", "run", "createSource", "--each", str(self.file)]
        self.command += ["--connection", str(connection), "--output", str(self.output), "--on-error", "keep-going"]
        self.command += ["--parallel", str(parallel), "--max-wait", "60"]

    def run(self, *options: str, kill_at: int | None = None) -> int:
        """Run the command, and kill it after a number of requests; return its exit code."""
        pid_file = self.folder / "pid"
        pid_file.unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONNECTOR_STATE_HOME": str(self.folder / "state")}
        launch = [sys.executable, "-S", "-c", LAUNCHER, str(pid_file), *self.command, *options]
        with subprocess.Popen(launch, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as it:
            while kill_at is not None and it.poll() is None and (self.log.total < kill_at or not pid_file.exists()):
                time.sleep(0.005)
            if kill_at is not None and it.poll() is None:
                os.kill(int(pid_file.read_text()), signal.SIGKILL)
                self.report.count("kills")
            out, err = it.communicate()
        code, kilobytes = map(int, out.split()[-2:])
        if b"Traceback" in err:
            self.report.fail("uncaught", err.decode()[-2_000:])
        self.report.outcomes["peak in MB"] = max(self.report.outcomes["peak in MB"], kilobytes // 1024)
        return code

    def decisions(self) -> list[str]:
        """Return an option for each row with an unknown outcome: what a person finds out in the workspace."""
        journal = self.folder / "state" / "bulk" / f"{self.name()}.jsonl"
        open_rows: set[int] = set()
        for line in journal.read_text().splitlines():
            record = json.loads(line) if line.endswith("}") else {}
            if record.get("type") == "intent":
                open_rows.add(int(record["path"]))
            elif "path" in record:
                open_rows.discard(int(record["path"]))
        return self.decide(sorted(open_rows))

    def name(self) -> str:
        """Return the ID of the run, whose journal is the only one; empty if it is done."""
        return next((file.stem for file in (self.folder / "state" / "bulk").glob("*.jsonl")), "")

    def resume(self) -> list[str]:
        """Return the options that resume the run."""
        return ["--resume", self.name()]

    def finish(self) -> None:
        """Kill the run at a third and two thirds of the requests, then resume it until every row is done."""
        self.run(kill_at=self.rows // 3)
        self.run(*self.resume(), *self.decisions(), kill_at=2 * self.rows // 3)
        for _ in range(20):
            if not self.name():
                break
            self.run(*self.resume(), *self.decisions())
        else:
            self.report.fail("lost", f"run {self.name()} does not come to its end")

    def compare(self) -> None:
        """Compare the requests and the results with the rows."""
        self.compare_rows()
        for (slug, status), number in self.log.statuses.items():
            if status == 201 and number > 1:
                self.report.fail("doubled", f"{slug}: {number} responses with success")
            if status is not None and status not in (201, 429, 503):
                # The API rejects a source whose slug exists: the row was sent again after it had been applied.
                self.report.fail("doubled", f"{slug}: {number} times status {status}")
        if self.report.outcomes["peak in MB"] >= MEGABYTES:
            self.report.fail("wrong", f"peak of {self.report.outcomes['peak in MB']} MB")


def run(rows: int, parallel: int = 1, *, faults: tuple[str, ...] = FAULTS, seed: int = 1) -> Report:
    """Run the trial and return its report."""
    report = Report(f"bulk kills, parallel {parallel}", seed)
    seeded = [f"{fault}@{seed}" for fault in faults] + ([RATE_LIMIT] if rows > 4_000 else [])
    with tempfile.TemporaryDirectory() as folder, testing.sandbox(faults=seeded) as sandbox:
        trial = Trial(Path(folder), rows, parallel, sandbox, report)
        trial.finish()
        trial.compare()
    return report


if __name__ == "__main__":
    main(run, __doc__, rows=10_000, parallel=1, seed=1)
