"""CPU of a write with 5 MB of settings, compared with encoding them: `python -m benchmarks.large_inputs`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import requests
from pydantic_core import to_json

import connector
from benchmarks.common import HEADERS, TOKEN
from benchmarks.loopback import serving
from benchmarks.samples import interleaved, keep

ENCODING = "encoding the settings"
ROUNDS = 20


def large_settings() -> dict[str, Any]:
    """Return settings of 5 MB."""
    return {
        f"key {number}": {"name": f"value {number}", "list": [1, 2, 3, {"on": True, "off": None}], "text": "x" * 40}
        for number in range(40_000)
    }


def cpu(call: Callable[[], object]) -> float:
    """Return the seconds of CPU of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def measure() -> None:
    """Measure and keep the samples of ours and of requests."""
    settings = large_settings()
    with serving() as url, requests.Session() as session:
        session.headers.update(HEADERS)
        runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
        inputs = {"destinationId": "id", "settings": settings}
        calls: dict[str, Callable[[], object]] = {
            ENCODING: lambda: to_json(settings),
            "updateDestination": lambda: runner.invoke("updateDestination", inputs),
            "requests": lambda: session.patch(f"{url}/destinations/id", json={"settings": settings}).json(),
        }
        keep("large input", interleaved({name: partial(cpu, call) for name, call in calls.items()}, ROUNDS))


if __name__ == "__main__":
    measure()
