"""Large workspaces for load tests."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

from connector.sandbox_kit import SandboxError
from connector.sandbox_kit.context import ID_ALPHABET

_INITIAL_STATE = Path(__file__).parent / "seed" / "workspace.json"


@functools.lru_cache(maxsize=1)
def _initial_state() -> dict[str, Any]:
    state: dict[str, Any] = json.loads(_INITIAL_STATE.read_text(encoding="utf-8"))
    return state


def generate(*, sources: int = 40_000, destinations: int | None = None) -> dict[str, Any]:
    """Return the seed of a large workspace, the same each time for the same numbers.

    Args:
        sources: The number of sources; each is connected to the one warehouse.
        destinations: The number of destinations, distributed over the sources. Default: one eighth of the sources.

    Raises:
        SandboxError: If a number is negative, or there are more destinations than the sources can have.
    """
    initial = _initial_state()
    catalog = initial["destinationsCatalog"]
    destinations = sources // 8 if destinations is None else destinations
    if sources < 0:
        raise SandboxError("--sources must be 0 or more")
    if not 0 <= destinations <= sources * len(catalog):
        raise SandboxError(f"--destinations must be 0 to {sources * len(catalog)} for {sources} sources")
    chance = random.Random(sources)  # noqa: S311 - ids of test data

    def text(length: int) -> str:
        return "".join(chance.choices(ID_ALPHABET, k=length))

    warehouse = initial["warehouses"][0]
    types = [entry["id"] for entry in initial["sourcesCatalog"]]
    created = [
        {
            "id": text(22),
            "slug": f"source-{number}",
            "name": f"Source {number}",
            "enabled": number % 10 != 0,
            "writeKeys": [text(32)],
            "metadataId": types[number % len(types)],
        }
        for number in range(1, sources + 1)
    ]
    return {
        "sources": created,
        "warehouses": [warehouse],
        "connections": [{"warehouseId": warehouse["id"], "sourceId": source["id"]} for source in created],
        "destinations": [
            {
                "id": text(22),
                "name": f"Destination {number}",
                "sourceId": created[number % sources]["id"],
                "metadataId": catalog[number // sources]["id"],
            }
            for number in range(destinations)
        ],
        "users": initial["users"],
    }
