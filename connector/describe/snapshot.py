"""A workspace as files: what the service holds, sorted, without secrets, and with names in place of IDs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.common.differences import Difference, compare
from connector.common.private_files import reason_of
from connector.common.redaction import REDACTED
from connector.component.pagination import compile_jsonpath
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.manifest import SnapshotPart
    from connector.component.runner import Runner

Records = dict[str, dict[str, Any]]
Snapshot = dict[str, Records]
"""Records by part and name, such as `snapshot["sources"]["web"]`."""

HEADER = "snapshot.json"
VERSION = 1
SHORTEST_ID = 8
"""Shorter strings are not replaced by names: they may be ordinary values."""


def take_snapshot(runner: Runner, *, on_part: Callable[[str, int], object] = lambda *_: None) -> Snapshot:
    """Read a workspace. Everything is a read.

    Args:
        runner: Runs the actions that the manifest names under `snapshot`.
        on_part: Called with name and number of records after each part.

    Raises:
        UsageError: If the component declares no snapshot.
        ConnectorError: If an action fails.
    """
    parts = _parts(runner)
    collected: dict[str, dict[str, tuple[str, Any]]] = {}
    names_of: dict[str, str] = {}
    for name, part in parts.items():
        named = _named(part, list(_records(runner, part, collected)), names_of)
        collected[name] = named
        if not part.each:
            names_of |= {id_: f"{name}/{record}" for record, (id_, _) in named.items()}
        on_part(name, len(named))
    redactor = runner.connection.endpoint(None).redactor
    return {
        name: {
            record: redactor.record(_without_secrets(_shortened(value, parts[name], names_of), parts[name]))
            for record, (_, value) in sorted(records.items())
        }
        for name, records in collected.items()
    }


def snapshot_changes(before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Yield what was added, removed, or changed, with the values that changed."""
    for part in [*before, *(part for part in after if part not in before)]:
        old, new = before.get(part, {}), after.get(part, {})
        yield from compare(
            {f'{part} "{name}"': dict(_leaves(record)) for name, record in old.items()},
            {f'{part} "{name}"': dict(_leaves(record)) for name, record in new.items()},
        )


def write_snapshot(folder: Path, snapshot: Snapshot, component: str) -> None:
    """Write a snapshot to a folder: a file of JSON for each part. An older snapshot in it is replaced.

    Raises:
        UsageError: If the folder holds something else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / HEADER).is_file():
            hint = "Choose a new folder, or one that holds a snapshot."
            raise UsageError(f'"{folder}" is not empty and holds no snapshot', hint=hint)
        for name, records in snapshot.items():
            _write(folder / f"{name}.json", records)
        header = {"component": component, "version": VERSION, "parts": sorted(snapshot)}
        _write(folder / HEADER, header)
    except OSError as error:
        raise UsageError(f'cannot write "{folder}": {reason_of(error)}', hint="Choose another folder.") from None


def read_snapshot(folder: Path, component: str) -> Snapshot:
    """Return the snapshot in a folder.

    Raises:
        UsageError: If there is none, or it is one of another component.
    """
    hint = "Write one with `connector snapshot --to DIR`."
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        parts = {str(name): json.loads((folder / f"{name}.json").read_text("utf-8")) for name in header["parts"]}
        whole = all(isinstance(record, dict) for records in parts.values() for record in records.values())
    except OSError as error:
        raise UsageError(f'no snapshot in "{folder}": {reason_of(error)}', hint=hint) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole or header.get("version") != VERSION:
        raise UsageError(f'the snapshot in "{folder}" is damaged', hint=hint)
    if header["component"] != component:
        raise UsageError(f'the snapshot in "{folder}" is of component "{header["component"]}", not "{component}"')
    return parts


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _parts(runner: Runner) -> Mapping[str, SnapshotPart]:
    parts = runner.component.manifest.snapshot
    if not parts:
        raise UsageError("the component declares no snapshot", hint="Add snapshot to its manifest.yaml.")
    return parts


def _records(
    runner: Runner, part: SnapshotPart, collected: Mapping[str, Mapping[str, tuple[str, Any]]]
) -> Iterator[tuple[str, Any]]:
    """Iterate over the records of a part, each with the name of the record that it belongs to."""
    for inputs in part.inputs or [{}]:
        if not part.each:
            yield from (("", _whole(runner, part, record)) for record in runner.records(part.action, inputs))
            continue
        ((key, parent),) = part.each.items()
        for name, (id_, _) in collected[parent].items():
            records = runner.records(part.action, {**inputs, key: id_})
            yield from ((name, _whole(runner, part, record)) for record in records)


def _whole(runner: Runner, part: SnapshotPart, record: Any) -> Any:
    """Return a record with the fields that only another action returns."""
    if part.get is None:
        return record
    payload = runner.invoke(part.get.action, {part.get.input: record["id"]})
    matches = compile_jsonpath(part.get.record).find(payload)
    return {**record, **(matches[0].value or {})} if matches else record


def _named(
    part: SnapshotPart, records: list[tuple[str, Any]], names_of: Mapping[str, str]
) -> dict[str, tuple[str, Any]]:
    """Return ID and content of records by name; equal names get a number, in the order of the IDs."""
    named: dict[str, tuple[str, Any]] = {}
    counts: Counter[str] = Counter()
    for parent, record in sorted(records, key=lambda pair: (pair[0], str(pair[1].get("id", "")))):
        owner = parent or names_of.get(str(_at(record, part.parent) or ""), "").partition("/")[2]
        own = next((str(value) for path in part.name if (value := _at(record, path))), str(record.get("id", "")))
        name = f"{owner}/{own}" if owner else own
        counts[name] += 1
        named[name if counts[name] == 1 else f"{name} ({counts[name]})"] = (str(record.get("id", "")), record)
    return named


def _shortened(record: Mapping[str, Any], part: SnapshotPart, names_of: Mapping[str, str]) -> dict[str, Any]:
    """Return what a snapshot holds of a record: its own fields, and names where it refers to others."""
    fields = part.fields_ or [key for key in record if key != "id" and key not in part.leave_out]
    content = {key: record[key] for key in fields if key in record}
    for key, inner in part.only.items():
        if isinstance(content.get(key), dict):
            content[key] = {name: value for name, value in content[key].items() if name in inner}
    resolved: dict[str, Any] = _resolved(content, names_of)
    return resolved


def _resolved(value: Any, names_of: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _resolved(part, names_of) for key, part in value.items()}
        case list():
            return [_resolved(part, names_of) for part in value]
        case str() if len(value) >= SHORTEST_ID:
            return names_of.get(value, value)
    return value


def _without_secrets(record: dict[str, Any], part: SnapshotPart) -> dict[str, Any]:
    for path in part.secret:
        *parents, name = path.split(".")
        holder = _at(record, ".".join(parents)) if parents else record
        if isinstance(holder, dict) and holder.get(name):
            holder[name] = REDACTED
    return record


def _at(record: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        record = record.get(name) if isinstance(record, dict) else None
    return record if path else None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over the values in a record by path; a list is one value."""
    if isinstance(value, dict) and (value or not path):
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}" if path else key)
    else:
        yield path, value
