"""The kinds of records that a workspace holds, and how each is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How one kind of record is found.

    Attributes:
        name: Its name, which seeds and dumps use too.
        scope: The field that parts it into separate lists.
        key: The field, other than the id, that it is looked up by.
        catalog: The kind that its `metadataId` names; an answer shows that entry as `metadata`.
    """

    name: str
    scope: str | None = None
    key: str | None = None
    catalog: str | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("roles"),
        Kind("sourcesCatalog"),
        Kind("destinationsCatalog"),
        Kind("warehousesCatalog"),
        Kind("sources", key="slug", catalog="sourcesCatalog"),
        Kind("warehouses", catalog="warehousesCatalog"),
        Kind("connections", scope="warehouseId", key="sourceId"),
        Kind("destinations", key="sourceId", catalog="destinationsCatalog"),
        Kind("subscriptions", scope="destinationId"),
        Kind("functions", scope="resourceType"),
        Kind("transformations", key="sourceId"),
        Kind("users", key="email"),
        Kind("invites", key="email"),
    )
}


def record_id(kind: str, record: Record) -> str:
    """What identifies a record within its kind."""
    if kind == "connections":
        return f"{record['warehouseId']}/{record['sourceId']}"
    return str(record["email"] if kind == "invites" else record["id"])
