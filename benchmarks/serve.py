"""Measure how a rate-limited tenant of `connector serve` slows another one: `python -m benchmarks.serve`.

The limited tenant has more calls in flight than the server has threads, and all of them wait. Quoted is the median
time of the other tenant's calls beside it, divided by their median time alone. Both tenants, the server, and the two
workspaces share the machine.
"""

from __future__ import annotations

import statistics
import threading
import time

import requests

import connector
from benchmarks.loopback import serving
from connector.engines.call_threads import THREADS
from connector.engines.http_app import HttpApp
from connector.engines.service import Caller, ServedConnection, Service
from connector.sandbox_kit import asgi_server
from connector.testing import sandbox

KEYS = {"limited": "key-of-the-limited-tenant", "other": "key-of-the-other-tenant"}
CALLS = 300
ROUNDS = 5
MAX_WAIT = 8.0


def milliseconds(session: requests.Session, url: str) -> float:
    """Return the time of one call of the other tenant."""
    started = time.perf_counter()
    response = session.post(f"{url}/v1/actions/listSources", json={"count": 2}, headers={"X-Api-Key": KEYS["other"]})
    response.raise_for_status()
    return (time.perf_counter() - started) * 1000


def median(url: str) -> tuple[float, float]:
    """Return the median and the 99th percentile of many calls."""
    with requests.Session() as session:
        times = sorted(milliseconds(session, url) for _ in range(CALLS))
    return statistics.median(times), times[int(len(times) * 0.99)]


class LimitedTenant:
    """Keeps calls in flight that wait for a rate limit."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(THREADS * 2)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        time.sleep(2)  # until all of them wait

    def _call(self) -> None:
        while not self._ended.is_set():
            response = requests.post(
                f"{self._url}/v1/actions/listSources", json={}, headers={"X-Api-Key": KEYS["limited"]}, timeout=60
            )
            self._ended.wait(float(response.headers.get("Retry-After", 0)))

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


def main() -> None:
    component = connector.load_component()
    with serving() as fast, sandbox(faults=["rate-limit:1/s"]) as workspace:
        connections = {
            "limited": ServedConnection(workspace.connection),
            "other": ServedConnection({"fields": {"apiKey": "benchmark-token", "baseUrl": fast}}),
        }
        service = Service(component, connections, [Caller(name, key, (name,)) for name, key in KEYS.items()])
        with asgi_server.serve(HttpApp(service, max_wait=MAX_WAIT).asgi()) as url:
            median(url)
            alone = [median(url) for _ in range(ROUNDS)]
            tenant = LimitedTenant(url)
            tenant.start()
            beside = [median(url) for _ in range(ROUNDS)]
            tenant.stop()
    before, after = (statistics.median(each[0] for each in rounds) for rounds in (alone, beside))
    slowest = [statistics.median(each[1] for each in rounds) for rounds in (alone, beside)]
    print(f"one tenant alone: {before:.2f} ms a call, 99th percentile {slowest[0]:.2f} ms")
    print(f"beside {THREADS * 2} calls of a rate-limited tenant: {after:.2f} ms, 99th percentile {slowest[1]:.2f} ms")
    print(f"ratio: {after / before:.2f}")


if __name__ == "__main__":
    main()
