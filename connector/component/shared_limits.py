"""The gate of a connection that several processes use: its limits are in the database of their journals."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from connector.common.private_files import dump_line

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.connections import Connection
    from connector.journal.limit_queue import Limit
    from connector.journal.limit_stores import LimitStore
    from connector.journal.shared_gate import SharedGate


def shared_gate(store: LimitStore | None, component: Component, connection: Connection | None) -> SharedGate | None:
    """Return the gate of a connection; None without a database, and for a connection without a secret.

    In the database, a hash of the secrets stands for them.

    Raises:
        JournalError: If the database cannot be used.
    """
    if store is None or connection is None:
        return None
    secrets = connection.secrets()
    if not secrets:
        return None
    from connector.journal.shared_gate import SharedGate

    content = dump_line([connection.endpoint(None).base_url, *secrets])
    name = hashlib.blake2b(content, key=store.salt(), digest_size=16).hexdigest()
    return SharedGate(store, name, partial(_published_limits, component))


def _published_limits(component: Component, key: str) -> list[Limit]:
    operation = component.api.get(key) if key else None
    limits = () if operation is None else operation.rate_limits
    return [(limit.requests, limit.seconds) for limit in limits if limit.seconds is not None]
