"""Costs of flows: CPU a step beyond the action itself, memory of a long loop, reading and checking a large export.

python -m benchmarks.flows
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.samples import interleaved, keep
from connector import Component, Runner
from connector.flows import Flow
from tests.flows.support import CONNECTION, document, flow_of, step, workshop

ALONE = "the actions alone"
START = "a flow of one step"
ROUNDS = 20
CONNECTIONS = {CONNECTION: {"fields": {"apiKey": "unused", "baseUrl": "http://127.0.0.1:1"}}}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))
        component = workshop()
        a_long_loop(component)
        a_large_export(component, Path(folder))


def measure(folder: Path) -> None:
    """Measure and keep the samples of the steps of a flow."""
    os.environ["XDG_STATE_HOME"] = str(folder)
    a_step(workshop(), folder)


def best(times: int, measured: Callable[[], Any]) -> float:
    """Least CPU seconds of several tries."""
    seconds = []
    for _ in range(times):
        gc.collect()
        began = time.process_time()
        measured()
        seconds.append(time.process_time() - began)
    return min(seconds)


def a_step(component: Component, folder: Path) -> None:
    count = 1000
    flow = flow_of(*[step(f"Step {n}", "workshop.noop", {"connection": f"#{CONNECTION}"}) for n in range(count)])
    runner = Runner(component, CONNECTIONS[CONNECTION])

    def bare() -> None:
        for _ in range(count):
            runner.invoke("noop")

    def fixed() -> None:
        flow_of(step("Step", "workshop.noop")).run(component, connections=CONNECTIONS, journal=False)

    journals: dict[str, dict[str, Any]] = {
        "no journal": {"journal": False},
        "journal": {},
        "journal and trace": {"trace": folder / "trace"},
    }
    runs = {
        name: partial(flow.run, component, connections=CONNECTIONS, **options) for name, options in journals.items()
    }
    calls: dict[str, Callable[[], object]] = {ALONE: bare, START: fixed, **runs}
    keep("1,000 steps of a flow", interleaved({name: partial(cpu, call) for name, call in calls.items()}, ROUNDS))


def cpu(call: Callable[[], object]) -> float:
    """Return the seconds of CPU of a call, without garbage of the one before."""
    gc.collect()
    began = time.process_time()
    call()
    return time.process_time() - began


def a_long_loop(component: Component) -> None:
    print("Peak memory of a loop whose results nobody refers to, beyond its records")
    tell = step("Tell", "workshop.echo", {"value": "~{{$loop.currentItem.id}} {{$loop.currentItem.name}}"})
    flow = flow_of(step("Loop", "loop.loopOverItems", {"items": "=trigger.results.body.data"}, steps=[tell]))
    for count in (4_000, 40_000):
        records = [{"id": f"id-{n}", "name": f"record {n}"} for n in range(count)]
        tracemalloc.start()
        began = time.process_time()
        flow.run(component, connections=CONNECTIONS, payload=records, journal=False)
        seconds = time.process_time() - began
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"  {count:6} records {peak / 1e6:6.1f} MB ({seconds / count * 1e6:.0f} us a record while traced)")


def a_large_export(component: Component, folder: Path) -> None:
    pairs = [{"name": f"n{n}", "type": "value", "value": "v"} for n in range(3)]
    inputs = {
        "connection": f"#{CONNECTION}",
        "name": "~{{$list.results.things.0.name}} copy",
        "colour": "red",
        "size": "5",
        "settings": {"type": "complex", "value": pairs},
    }
    retry = {"errorHandlerType": "retry", "maxAttempts": 3, "delaySeconds": 2, "usesExponentialBackoff": False}
    steps = [step(f"Create {n}", "workshop.createThing", inputs, errorConfig=retry) for n in range(499)]
    file = folder / "large.yaml"
    file.write_text(yaml.safe_dump(document(step("List", "workshop.listThings"), *steps)))
    read = best(3, lambda: Flow.load(file))
    flow = Flow.load(file)
    check = best(3, lambda: flow.check(component))
    size = file.stat().st_size / 1000
    print(f"An export of 500 steps ({size:.0f} kB): read {read:.2f} s, checked {check:.2f} s of CPU")


if __name__ == "__main__":
    main()
