"""The choices of a data source, from the records of an API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from connector.component.definitions import Payload
from connector.errors import HandlerError


@contextmanager
def searching(search: str, most: int | None) -> Iterator[None]:
    """Let `picklist` in this block keep only choices that contain a string, and stop when it has enough."""
    token = _SEARCH.set((search.casefold(), most))
    try:
        yield
    finally:
        _SEARCH.reset(token)


_SEARCH: ContextVar[tuple[str, int | None]] = ContextVar("search", default=("", None))


def picklist(records: Iterable[Any], *labels: str, key: str = "id") -> Payload:
    """Return `{"result": [{"label", "key"}]}` from records, sorted by label.

    Equal keys count once; equal labels get their key as a suffix, so that a person can choose. If the caller searches
    for a few choices, no further record is read when they are found.

    Args:
        records: Objects as an API lists them; one without a key is left out.
        labels: Dotted paths into a record; the first one with a value is the label, else the key is.
        key: Field that holds the key.

    Raises:
        HandlerError: If there are records, and none of them has the field of the key.
    """
    search, most = _SEARCH.get()
    label_of: dict[str, str] = {}
    other_fields: dict[str, Any] = {}
    has_key = False
    for record in records:
        if isinstance(record, dict):
            has_key = has_key or key.partition(".")[0] in record
            other_fields = other_fields or record
        value = _text_at(record, key)
        label = next(filter(None, (_text_at(record, path) for path in labels)), value)
        if value and (search in label.casefold() or search in value.casefold()):
            label_of.setdefault(value, label)
            if search and most is not None and len(label_of) >= most:
                break
    if other_fields and not has_key:
        hint = f"Pass picklist(..., key=...). The first record has: {', '.join(map(str, other_fields))}."
        raise HandlerError(f'no record has the field "{key}"', hint=hint)
    while len(set(label_of.values())) < len(label_of):
        shared = Counter(label_of.values())
        label_of = {key: label if shared[label] == 1 else f"{label} ({key})" for key, label in label_of.items()}
    ordered = sorted(label_of.items(), key=lambda pair: (pair[1].casefold(), pair[1], pair[0]))
    return {"result": [{"label": label, "key": key} for key, label in ordered]}


def _text_at(record: Any, path: str) -> str:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return "" if record is None or isinstance(record, dict | list) else str(record)
