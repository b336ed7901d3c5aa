"""The kinds of records that a workspace holds, and how each is found."""

from __future__ import annotations

from connector.sandbox_kit.record_types import Kind, Record

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
