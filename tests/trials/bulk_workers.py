"""Thousands of rows that are submitted to workers, two of which are killed: each row is applied once.

    python -m tests.trials.bulk_workers --rows 10000 --database postgres

The requests are counted in the sandbox. A write that was on its way when a worker was killed is decided on by a look
into the sandbox, as a person would.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connector import testing
from connector.sandbox_kit.sandbox import Sandbox
from tests.trials.bulk_rows import LAUNCHER, RowsTrial
from tests.trials.report import Report, main
from tests.trials.shared_limits import database_of

ROOT = Path(__file__).parents[2]
WORKERS = 2


class Worker:
    """A worker in a process of its own, below a small one that measures its memory."""

    def __init__(self, folder: Path, url: str, number: int) -> None:
        self._pid_file = folder / f"worker-{number}"
        command = [sys.executable, "-m", "connector", "worker", "--database", url, "--profiles", str(folder / "p.toml")]
        launch = [sys.executable, "-S", "-c", LAUNCHER, str(self._pid_file), *command]
        self._process = subprocess.Popen(launch, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @property
    def _id(self) -> int:
        while not self._pid_file.exists():
            time.sleep(0.01)
        return int(self._pid_file.read_text())

    def private_memory(self) -> int:
        """Return the megabytes that are its own now, without the files of libraries, which all workers share."""
        status = Path(f"/proc/{self._id}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) // 1024

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the largest memory in megabytes, with the files of libraries."""
        os.kill(self._id, number)
        out, _ = self._process.communicate()
        return int(out.split()[-1]) // 1024


class Trial(RowsTrial):
    """One submitted file, from its start to its end over kills."""

    def __init__(self, folder: Path, url: str, rows: int, sandbox: Sandbox, report: Report) -> None:
        super().__init__(folder, rows, sandbox, report)
        self.url = url
        fields = sandbox.connection["fields"]
        table = "".join(f"{name} = {json.dumps(value)}\n" for name, value in fields.items())
        (folder / "p.toml").write_text(f'[profiles.trial]\ncomponent = "segment"\n[profiles.trial.fields]\n{table}')
        self._started = 0

    def submit(self, *options: str) -> int:
        """Run the command that submits the rows; return its exit code."""
        command = [sys.executable, "-m", "connector", "run", "createSource", "--each", str(self.file), "--submit"]
        command += ["--database", self.url, "--profile", "trial", *options]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
        if "Traceback" in ended.stderr:
            self.report.fail("uncaught", ended.stderr[-2_000:])
        return ended.returncode

    def worker(self) -> Worker:
        """Start a worker."""
        self._started += 1
        return Worker(self.folder, self.url, self._started)

    def until_requests(self, number: int) -> None:
        """Wait until the sandbox has seen a number of requests."""
        while self.log.total < number:
            time.sleep(0.01)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run workers, and kill one at a third and one at two thirds of the requests."""
        workers = [self.worker() for _ in range(WORKERS)]
        for third in (1, 2):
            self.until_requests(third * self.rows // 3)
            workers.pop(0).end(signal.SIGKILL)
            self.report.count("kills")
            workers.append(self.worker())
        yield
        self.report.count("private memory of a worker in MB", max(worker.private_memory() for worker in workers))
        peaks = [worker.end(signal.SIGTERM) for worker in workers]
        self.report.count("peak of a worker in MB", max(peaks))

    def finish(self) -> None:
        """Submit the rows, decide about each write of unknown outcome, and wait for the rest."""
        if self.submit("--id", "trial"):
            raise RuntimeError("the rows were not submitted")
        waiting = ("--wait", "--output", str(self.output))
        with self.working():
            code = self.submit("--id", "trial", *waiting)
            for _ in range(20):
                if not code:
                    break
                code = self.submit("--resume", "trial", *waiting, *self.decisions())
            else:
                self.report.fail("lost", "the rows do not come to their end")

    def decisions(self) -> list[str]:
        """Return an option for each row with an unknown outcome: what a person finds out in the workspace."""
        results = map(json.loads, self.output.read_text().splitlines())
        return self.decide(result["row"] for result in results if result["status"] == "unknown")

    def compare(self) -> None:
        """Compare the requests and the results with the rows."""
        self.compare_rows()
        for (slug, status), number in self.log.statuses.items():
            if status not in (201, None) or number != 1:
                self.report.fail("doubled", f"{slug}: {number} times status {status}")


def run(rows: int, database: str = "postgres") -> Report:
    """Run the trial and return its report."""
    report = Report(f"bulk over workers, {database}", 0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sandbox = stack.enter_context(testing.sandbox())
        url = stack.enter_context(database_of(database, folder))
        trial = Trial(folder, url, rows, sandbox, report)
        trial.finish()
        trial.compare()
    return report


if __name__ == "__main__":
    main(run, __doc__, rows=10_000, database="postgres")
