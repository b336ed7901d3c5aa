"""A big workspace: every record once, in flat memory."""

from __future__ import annotations

import tracemalloc

import connector
from connector.sandbox_kit.sandbox import sandbox_of
from connector.testing import sandbox
from tests.support.amount import amount

SOURCES = amount(10_000, 4_000)


def test_iteration_over_many_sources_returns_each_once_and_keeps_one_page(segment: connector.Component) -> None:
    seed = sandbox_of(segment).generate(sources=SOURCES, destinations=10)
    ids = {source["id"] for source in seed["sources"]}
    with sandbox(segment, seed=seed) as workspace:
        del seed
        runner = workspace.runner()
        seen: set[str] = set()
        for number, source in enumerate(runner.records("listSources"), 1):
            seen.add(source["id"])
            if number == 2_000:
                tracemalloc.start()
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        pages = len(workspace.requests)

    assert (number, seen) == (SOURCES, ids)
    assert pages == SOURCES // 200
    # the ids that this test collects are a quarter of it; whole sources would be 10 MB
    assert grown < 3_500_000
