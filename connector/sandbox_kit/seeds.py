"""Seeds: the state of a workspace as one JSON object. A dump has the same form.

A seed has the section `workspace` and one list per resource, with `metadataId` where responses show `metadata`.
Standard resources, such as catalogs, and the workspace can be left out: the initial state provides them. Fields that
have a default can be left out as well. The section `tokens` has the tokens of a new workspace; without it, they are
random.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connector.sandbox_kit.errors import SandboxError
from connector.sandbox_kit.resources import Record, Resource
from connector.sandbox_kit.simulated_api import SimulatedApi
from connector.sandbox_kit.store import Store

Seed = dict[str, Any]

MAX_PROBLEMS = 10
TOKENS = ("admin", "restricted")
_EMPTY: Seed = {"workspace": {"id": "sandbox", "slug": "sandbox", "name": "Sandbox"}}


@functools.lru_cache(maxsize=8)
def initial_state(api: SimulatedApi) -> Seed:
    """Return the state of a new workspace, with nothing left out. Do not change it: every workspace shares it.

    Raises:
        SandboxError: If the component's file is invalid.
    """
    return _complete(api, _parse(api.initial_state) if api.initial_state else _EMPTY, _EMPTY)


def read_seed(api: SimulatedApi, seed: Mapping[str, Any] | Path | str | None) -> Seed:
    """Return a validated seed with nothing left out.

    Args:
        api: The simulated API.
        seed: A seed, its file, or None for the initial state.

    Raises:
        SandboxError: If it cannot be read, or its records contradict each other; every problem is named.
    """
    initial = initial_state(api)
    if seed is None:
        return initial
    return _complete(api, _parse(Path(seed)) if isinstance(seed, Path | str) else seed, initial)


def _parse(path: Path) -> Seed:
    try:
        seed = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxError(f'cannot read the seed "{path}": {error.strerror}') from None
    except (ValueError, RecursionError) as error:
        raise SandboxError(f'the seed "{path}" is not valid JSON: {error}') from None
    if not isinstance(seed, dict):
        raise SandboxError(f'the seed "{path}" must contain a JSON object')
    return seed


def _complete(api: SimulatedApi, seed: Mapping[str, Any], initial: Seed) -> Seed:
    resources = api.resources
    for name in seed:
        if name not in ("workspace", "tokens") and name not in resources:
            sections = ", ".join(["workspace", "tokens", *resources])
            raise SandboxError(f'unknown section "{name}" in the seed', hint=f"Valid sections: {sections}.")
    whole: Seed = {"workspace": seed.get("workspace", initial.get("workspace")), "tokens": seed.get("tokens", {})}
    for name, resource in resources.items():
        whole[name] = seed.get(name, initial.get(name, []) if resource.standard else [])
    problems = list(_form_problems(api, whole))
    if not problems:
        whole |= {name: _with_defaults(resource, whole) for name, resource in resources.items()}
        problems = list(_reference_problems(resources, whole))
    if problems:
        more = f"; and {len(problems) - MAX_PROBLEMS} more" if len(problems) > MAX_PROBLEMS else ""
        raise SandboxError(f"invalid seed: {'; '.join(problems[:MAX_PROBLEMS])}{more}")
    return whole


def _form_problems(api: SimulatedApi, seed: Seed) -> Iterator[str]:
    fields = api.workspace_fields
    if not all(_is_string(seed["workspace"], name) for name in fields):
        yield f"workspace: the strings {', '.join(fields)} are required"
    tokens = seed["tokens"]
    if not isinstance(tokens, dict) or not all(name in TOKENS and _is_string(tokens, name) for name in tokens):
        yield f"tokens: must have only the strings {', '.join(TOKENS)}"
    for name, resource in api.resources.items():
        if not isinstance(seed[name], list):
            yield f"{name}: must be a list"
            continue
        for number, record in enumerate(seed[name]):
            missing = [field for field in resource.required or resource.id if not _is_string(record, field)]
            if missing:
                yield f"{name}.{number}: the string {', '.join(missing)} is required"


def _is_string(record: Any, name: str) -> bool:
    return isinstance(record, dict) and isinstance(record.get(name), str) and bool(record[name])


def _with_defaults(resource: Resource, seed: Seed) -> list[Record]:
    defaults = dict(resource.defaults)
    if resource.in_workspace:
        defaults = {"workspaceId": seed["workspace"]["id"]} | defaults
    records: list[Record] = seed[resource.name]
    if not defaults:
        return records
    # The fields of a record keep their order, and the defaults follow.
    return [record | {name: value for name, value in defaults.items() if name not in record} for record in records]


def _reference_problems(resources: Mapping[str, Resource], seed: Seed) -> Iterator[str]:
    ids = {name: {resource.id_of(record) for record in seed[name]} for name, resource in resources.items()}
    for name, resource in resources.items():
        if len(ids[name]) < len(seed[name]):
            yield f"{name}: duplicate id"
        references = resource.references
        for number, record in enumerate(seed[name]):
            for field, target in references.items():
                if field in record and record[field] not in ids[target]:
                    yield f'{name}.{number}.{field}: no record "{record[field]}" in {target}'


def load(api: SimulatedApi, store: Store, seed: Seed, *, only_when_empty: bool = False) -> None:
    """Replace the state of a store with a validated seed, in one transaction."""
    with store.transaction():
        if only_when_empty and store.fact("workspace") is not None:
            return
        store.clear()
        store.set_fact("workspace", seed["workspace"])
        for name in api.resources:
            store.add(name, seed[name])


def dump(api: SimulatedApi, store: Store) -> Seed:
    """Return the state of a store as a seed."""
    with store.transaction(write=False):
        return {"workspace": store.fact("workspace"), **{name: store.all(name) for name in api.resources}}
