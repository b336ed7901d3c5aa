"""Seeds: what a workspace holds at its start, as one JSON object. A dump has the same form.

Its sections are `workspace` (`id`, `slug`, `name`) and one list for each kind of record, with `metadataId`
where an answer of the API shows `metadata`. Catalogs, roles and the workspace may be left out: the documented
ones stand in. Fields that have an obvious empty value may be left out too.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connector.sandbox_kit.record_types import Record

from .errors import SandboxError
from .operations import ID_ALPHABET
from .record_types import KINDS, record_id
from .store import Store

Seed = dict[str, Any]

_BUNDLED = Path(__file__).parent / "seed" / "workspace.json"
_FALLBACKS = ("workspace", "roles", "sourcesCatalog", "destinationsCatalog", "warehousesCatalog")
_REFERENCES = {
    "connections": {"warehouseId": "warehouses", "sourceId": "sources"},
    "destinations": {"sourceId": "sources"},
    "subscriptions": {"destinationId": "destinations"},
    "transformations": {"sourceId": "sources", "destinationMetadataId": "destinationsCatalog"},
}
_REQUIRED = {
    "sources": ("id", "slug", "metadataId"),
    "warehouses": ("id", "metadataId"),
    "connections": ("warehouseId", "sourceId"),
    "destinations": ("id", "sourceId", "metadataId"),
    "subscriptions": ("id", "destinationId", "actionId", "actionSlug"),
    "functions": ("id", "resourceType"),
    "transformations": ("id", "sourceId"),
    "users": ("id", "email"),
    "invites": ("email",),
}
_DEFAULTS: dict[str, Record] = {
    "sources": {"name": "", "enabled": True, "writeKeys": [], "settings": {}, "labels": []},
    "warehouses": {"enabled": True, "settings": {}},
    "destinations": {"name": "", "enabled": True, "settings": {}},
    "subscriptions": {"name": "", "enabled": True, "settings": {}, "trigger": 'type = "track"'},
    "transformations": {"name": "", "enabled": True, "if": ""},
    "users": {"name": ""},
}
_OWNED = ("sources", "warehouses")
_MOST_SHOWN = 10


@functools.lru_cache(maxsize=1)
def bundled() -> Seed:
    """The documented workspace; do not change it."""
    found: Seed = json.loads(_BUNDLED.read_text(encoding="utf-8"))
    return found


def read_seed(seed: Mapping[str, Any] | Path | str | None) -> Seed:
    """A checked seed with nothing left out.

    Args:
        seed: One, its file, or None for the documented workspace.

    Raises:
        SandboxError: It cannot be read, or its records contradict each other; every fault found is named.
    """
    if seed is None:
        return bundled()
    given = _parsed(Path(seed)) if isinstance(seed, Path | str) else dict(seed)
    unknown = [name for name in given if name != "workspace" and name not in KINDS]
    if unknown:
        raise SandboxError(f"a seed has no section {', '.join(unknown)}; it has workspace, {', '.join(KINDS)}.")
    whole = {name: given.get(name, bundled()[name] if name in _FALLBACKS else []) for name in ("workspace", *KINDS)}
    faults = list(_form_faults(whole))
    if not faults:
        whole |= {kind: _completed(kind, whole) for kind in KINDS}
        faults = list(_reference_faults(whole))
    if faults:
        more = f"; and {len(faults) - _MOST_SHOWN} more" if len(faults) > _MOST_SHOWN else ""
        raise SandboxError(f"the seed cannot be used: {'; '.join(faults[:_MOST_SHOWN])}{more}.")
    return whole


def _parsed(path: Path) -> Seed:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError(f"the seed {path} cannot be read: {error}.") from None
    if not isinstance(found, dict):
        raise SandboxError(f"the seed {path} is no JSON object.")
    return found


def _form_faults(seed: Seed) -> Iterator[str]:
    workspace = seed["workspace"]
    if not isinstance(workspace, dict) or not all(isinstance(workspace.get(n), str) for n in ("id", "slug", "name")):
        yield "workspace needs the texts id, slug and name"
    for kind in KINDS:
        if not isinstance(seed[kind], list):
            yield f"{kind} is no list"
            continue
        for number, record in enumerate(seed[kind]):
            missing = [n for n in _REQUIRED.get(kind, ("id", "name")) if not _is_text(record, n)]
            if missing:
                yield f"{kind}.{number} needs the text {', '.join(missing)}"


def _is_text(record: Any, name: str) -> bool:
    return isinstance(record, dict) and isinstance(record.get(name), str) and bool(record[name])


def _completed(kind: str, seed: Seed) -> list[Record]:
    defaults = _DEFAULTS.get(kind, {})
    if kind in _OWNED:
        defaults = {"workspaceId": seed["workspace"]["id"]} | defaults
    return [defaults | record for record in seed[kind]] if defaults else seed[kind]


def _reference_faults(seed: Seed) -> Iterator[str]:
    ids = {kind: {record_id(kind, record) for record in seed[kind]} for kind in KINDS}
    for kind, spec in KINDS.items():
        if len(ids[kind]) < len(seed[kind]):
            yield f"{kind} has an id twice"
        references = _REFERENCES.get(kind, {}) | ({"metadataId": spec.catalog} if spec.catalog else {})
        for number, record in enumerate(seed[kind]):
            for name, target in references.items():
                if name in record and record[name] not in ids[target]:
                    yield f"{kind}.{number}.{name} names nothing in {target}: {record[name]}"


def load(store: Store, seed: Seed, *, only_when_empty: bool = False) -> None:
    """Makes a checked seed the only contents of a store, in one transaction."""
    with store.transaction():
        if only_when_empty and store.fact("workspace") is not None:
            return
        store.clear()
        store.set_fact("workspace", seed["workspace"])
        for kind in KINDS:
            store.add(kind, seed[kind])


def dump(store: Store) -> Seed:
    """All contents of a store, as a seed."""
    with store.transaction(write=False):
        return {"workspace": store.fact("workspace"), **{kind: store.all(kind) for kind in KINDS}}


def generate(*, sources: int = 40_000, destinations: int | None = None) -> Seed:
    """A big workspace for load tests, the same each time for the same numbers.

    Args:
        sources: How many sources; each is connected to the one warehouse.
        destinations: How many destinations, one after another on the sources; an eighth of these unless given.

    Raises:
        SandboxError: A number is negative, or destinations outnumber what the sources can take.
    """
    catalog = bundled()["destinationsCatalog"]
    destinations = sources // 8 if destinations is None else destinations
    if sources < 0 or not 0 <= destinations <= sources * len(catalog):
        raise SandboxError(f"{sources} sources take 0 to {max(sources, 0) * len(catalog)} destinations.")
    chance = random.Random(sources)  # noqa: S311 - ids of a test's data

    def text(length: int) -> str:
        return "".join(chance.choices(ID_ALPHABET, k=length))

    warehouse = bundled()["warehouses"][0]
    types = [entry["id"] for entry in bundled()["sourcesCatalog"]]
    made = [
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
        "sources": made,
        "warehouses": [warehouse],
        "connections": [{"warehouseId": warehouse["id"], "sourceId": source["id"]} for source in made],
        "destinations": [
            {
                "id": text(22),
                "name": f"Destination {number}",
                "sourceId": made[number % sources]["id"],
                "metadataId": catalog[number // sources]["id"],
            }
            for number in range(destinations)
        ],
        "users": bundled()["users"],
    }
