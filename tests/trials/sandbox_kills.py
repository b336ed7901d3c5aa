"""A sandbox server that is killed while it writes, and one with many clients at once: nothing is lost.

Every write that a response acknowledged is in the file afterwards, whole and once; a killed server has at most one
write of each client that no response acknowledged.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import requests

import sandbox
from tests.sandbox import support
from tests.sandbox.support import Api
from tests.trials.report import Report, main

ROOT = Path(__file__).parents[2]
SERVER = """
import sys, sandbox
from connector.sandbox_kit import SandboxApp
from connector.sandbox_kit.asgi_server import run
with sandbox.open_workspace(sys.argv[1]) as workspace:
    run(SandboxApp([workspace]), ready=lambda url: print(url, workspace.token, flush=True))
"""
CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
WRITERS = 4


@contextmanager
def server(file: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Serve a file in another process; yield the process, its URL and its token."""
    command = [sys.executable, "-W", "error", "-c", SERVER, str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url, token = process.stdout.readline().split()
        try:
            yield process, url, token
        finally:
            process.kill()


class Client:
    """One client that creates sources, and what the responses acknowledged."""

    def __init__(self, url: str, token: str, name: str, report: Report) -> None:
        self.api = Api(url, token)
        self.name = name
        self.report = report
        self.acknowledged: dict[str, str] = {}

    def write(self, number: int) -> None:
        """Create sources until the server is killed or `number` of them exist."""
        with closing(self.api):
            for each in range(number):
                slug = f"{self.name}-{each}"
                try:
                    source = self.api.data("POST", "/sources", self._body(slug))["source"]
                except CUT:
                    return
                except Exception as error:  # a trial reports whatever comes
                    self.report.fail("uncaught", f"{slug}: {type(error).__name__}: {error}")
                    return
                self.acknowledged[slug] = source["id"]

    def _body(self, slug: str) -> dict[str, object]:
        return {"slug": slug, "enabled": True, "metadataId": support.JAVASCRIPT}


def compare(file: Path, clients: list[Client], report: Report, *, unacknowledged: int) -> None:
    """Compare the file with what the responses acknowledged."""
    with sandbox.open_workspace(file) as workspace:
        stored = {source["slug"]: source["id"] for source in workspace.sources}
        slugs = Counter(source["slug"] for source in workspace.sources)
        connected = {each["sourceId"] for each in workspace.connections}
    acknowledged = {slug: id_ for client in clients for slug, id_ in client.acknowledged.items()}
    mine = {slug: id_ for slug, id_ in stored.items() if slug.startswith("c") and "-" in slug}
    for slug, id_ in acknowledged.items():
        if stored.get(slug) != id_:
            report.fail("lost", f"{slug} ({id_})")
    for slug, number in slugs.items():
        if number > 1:
            report.fail("doubled", slug)
    if len(mine) - len(acknowledged) > unacknowledged:
        report.fail("wrong", f"{len(mine) - len(acknowledged)} writes that no response acknowledged")
    for slug, id_ in mine.items():
        if id_ not in connected:
            report.fail("wrong", f"{slug} has no connection to the warehouse, which the same write creates")
    report.count("acknowledged writes", len(acknowledged))
    report.count("other writes", len(mine) - len(acknowledged))


def write_together(clients: list[Client], number: int) -> list[threading.Thread]:
    """Start all clients and return their threads."""
    threads = [threading.Thread(target=client.write, args=(number,)) for client in clients]
    for thread in threads:
        thread.start()
    return threads


def kill(folder: Path, choose: random.Random, report: Report, number: int) -> None:
    """Kill a server at a random moment while several clients write; then compare."""
    file = folder / f"{number}.sqlite"
    with server(file) as (process, url, token):
        clients = [Client(url, token, f"c{each}", report) for each in range(WRITERS)]
        threads = write_together(clients, 100_000)
        while not any(client.acknowledged for client in clients) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(choose.random() * 0.15)
        process.kill()
        for thread in threads:
            thread.join()
    report.count("kills")
    compare(file, clients, report, unacknowledged=WRITERS)


def crowd(folder: Path, clients: int, writes: int, report: Report) -> None:
    """Let many clients write at once, and compare."""
    file = folder / "crowd.sqlite"
    with server(file) as (_, url, token):
        crowd = [Client(url, token, f"c{number}", report) for number in range(clients)]
        for thread in write_together(crowd, writes):
            thread.join()
    missing = clients * writes - sum(len(client.acknowledged) for client in crowd)
    if missing:
        report.fail("wrong", f"{missing} writes failed")
    report.count("clients at once", clients)
    compare(file, crowd, report, unacknowledged=0)


def run(kills: int, clients: int, writes: int, seed: int = 1) -> Report:
    """Run both parts and return the report."""
    report, choose = Report("sandbox kills", seed), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(kills):
            kill(Path(folder), choose, report, number)
        if clients:
            crowd(Path(folder), clients, writes, report)
    return report


if __name__ == "__main__":
    main(run, __doc__, kills=120, clients=64, writes=50, seed=1)
