"""Types of records in a sandbox."""

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
