"""Calls from several threads against a sandbox that fails in eleven ways: nothing is lost, doubled, or wrong.

Each thread creates, reads, updates, and deletes sources of its own. Afterwards the records in the sandbox are compared
with what the calls reported.
"""

from __future__ import annotations

import random
import threading
from typing import Any

import connector
from connector import errors
from connector.testing import sandbox
from tests.trials.report import Report, main

MODES = (
    (),
    ("rate-limit:400/s",),
    ("rate-limit:400/s:no-retry-after",),
    ("latency:1ms±1",),
    ("error:503:0.1:before",),
    ("error:500:0.1:after",),
    ("error:502:0.1:either",),
    ("drop:0.05:before",),
    ("drop:0.05:after",),
    ("truncate:0.1",),
    ("rate-limit:400/s", "error:503:0.05:either", "drop:0.03:either", "truncate:0.05"),
)
THREADS = 8
CATALOG_ID = "IqDTy1TpoU"
NOT_APPLIED = (errors.RejectedError, errors.RateLimitError, errors.DeadlineError, errors.UnreachableError)


class Worker:
    """One thread: what it did, and what each call reported."""

    def __init__(self, runner: connector.Runner, token: str, report: Report, prefix: str, seed: int) -> None:
        self.runner = runner
        self.token = token
        self.report = report
        self.prefix = prefix
        self.choose = random.Random(seed)
        self.present: dict[str, str] = {}  # slug to ID of what exists for sure
        self.absent: set[str] = set()  # slugs that do not exist for sure
        self.unknown: set[str] = set()  # slugs that may exist

    def run(self, calls: int) -> None:
        """Make calls."""
        for number in range(calls):
            step = self.choose.choice([self.create, self.read, self.update, self.delete])
            if not self.present:
                step = self.create
            try:
                step(number)
            except connector.ConnectorError as error:
                self.report.count(type(error).__name__)
                if self.token in str(error) or self.token in str(error.to_dict()):
                    self.report.fail("leaked", str(error))
            except Exception as error:  # a trial reports whatever comes
                self.report.fail("uncaught", f"{type(error).__name__}: {error}")
            else:
                self.report.count("ok")

    def create(self, number: int) -> None:
        """Create a source."""
        slug = f"{self.prefix}-{number}"
        try:
            payload = self.runner.invoke("createSource", {"slug": slug, "enabled": True, "metadataId": CATALOG_ID})
        except NOT_APPLIED:
            self.absent.add(slug)
            raise
        except connector.ConnectorError:
            self.unknown.add(slug)
            raise
        self.present[slug] = payload["data"]["data"]["source"]["id"]

    def read(self, _number: int) -> None:
        """Read a source back."""
        slug, source_id = self.pick()
        source = self.runner.invoke("getSource", {"sourceId": source_id})["data"]["data"]["source"]
        if (source["id"], source["slug"]) != (source_id, slug):
            self.report.fail("wrong", f"{slug}: got {source['slug']}")

    def update(self, number: int) -> None:
        """Rename a source."""
        slug, source_id = self.pick()
        name = f"{slug} {number}"
        payload = self.runner.invoke("updateSource", {"sourceId": source_id, "name": name})
        if payload["data"]["data"]["source"]["name"] != name:
            self.report.fail("wrong", f"{slug}: name is {payload}")

    def delete(self, _number: int) -> None:
        """Delete a source."""
        slug, source_id = self.pick()
        del self.present[slug]
        try:
            self.runner.invoke("deleteSource", {"sourceId": source_id})
        except NOT_APPLIED as error:
            # A delete that was retried finds nothing the second time: it is gone either way.
            if isinstance(error, errors.NotFoundError):
                self.unknown.add(slug)
            else:
                self.present[slug] = source_id
            raise
        except connector.ConnectorError:
            self.unknown.add(slug)
            raise
        self.absent.add(slug)

    def pick(self) -> tuple[str, str]:
        """Return slug and ID of one of the own sources."""
        return self.choose.choice(sorted(self.present.items()))

    def compare(self, slugs: list[str]) -> None:
        """Compare what the calls reported with the slugs in the sandbox."""
        own = [slug for slug in slugs if slug.startswith(f"{self.prefix}-")]
        for slug in {slug for slug in own if own.count(slug) > 1}:
            self.report.fail("doubled", slug)
        for slug in self.present.keys() - set(own):
            self.report.fail("lost", slug)
        for slug in self.absent & set(own):
            self.report.fail("wrong", f"{slug} exists, although its call reported otherwise")


def run(calls: int, seed: int = 1) -> Report:
    """Make calls in every mode and return the report."""
    report = Report("faults", seed)
    for position, mode in enumerate(MODES):
        with sandbox(faults=mode) as workspace:
            token: Any = workspace.connection["fields"]["apiKey"]
            with workspace.runner(max_wait=30) as runner:
                workers = [
                    Worker(runner, token, report, f"m{position}t{thread}", seed + 1000 * position + thread)
                    for thread in range(THREADS)
                ]
                each = max(1, calls // len(MODES) // THREADS)
                threads = [threading.Thread(target=worker.run, args=(each,)) for worker in workers]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            workspace.clear_faults()
            slugs = [source["slug"] for source in workspace.sources]
            for worker in workers:
                worker.compare(slugs)
    return report


if __name__ == "__main__":
    main(run, __doc__, calls=24_000, seed=1)
