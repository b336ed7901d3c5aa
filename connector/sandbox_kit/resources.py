"""Resources: the types of records in a sandbox, each declared once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One record of a list: its position, its JSON without metadata, and the id and the JSON of its metadata."""

    seq: int
    id: str
    body: str
    metadata_id: str | None
    metadata: str | None


View = Callable[[Any, Row], str]
"""From the context of a request and a record to the JSON that a response shows."""


def compose(body: str, metadata: str | None) -> str:
    """Add the metadata to the JSON of a record."""
    # Spliced as strings: a page of 200 records is sent without parsing one of them.
    return body if metadata is None else f'{body[:-1]},"metadata":{metadata}}}'


def whole_record(_context: Any, row: Row) -> str:
    """Return the JSON of a stored record, with its metadata."""
    return compose(row.body, row.metadata)


@dataclass(frozen=True)
class Resource:
    """One type of record.

    Attributes:
        name: Its name, which is also its section in seeds and dumps.
        id: The fields that identify a record.
        scope: The field that divides the records into separate lists.
        key: A field, other than the id, that records are looked up by.
        catalog: The resource that `metadataId` refers to; responses show that record as `metadata`.
        required: The strings that a record of a seed must have; by default the id fields.
        defaults: Values of the fields that a record of a seed may leave out.
        in_workspace: Whether a record has the field `workspaceId`.
        belongs_to: Fields that refer to a resource, by field. Deleting that record also deletes this one, so the field
            must be the scope or the key.
        refers_to: Other fields that refer to a resource.
        standard: Whether a seed without this section gets the records of the initial state.
        view: How responses show a record.
    """

    name: str
    id: tuple[str, ...] = ("id",)
    scope: str | None = None
    key: str | None = None
    catalog: str | None = None
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    in_workspace: bool = False
    belongs_to: Mapping[str, str] = field(default_factory=dict)
    refers_to: Mapping[str, str] = field(default_factory=dict)
    standard: bool = False
    view: View = whole_record

    def __post_init__(self) -> None:
        if isinstance(self.id, str):
            raise TypeError(f'{self.name}: id must be a tuple of fields, such as ("{self.id}",), got "{self.id}"')
        unindexed = [name for name in self.belongs_to if name not in (self.scope, self.key)]
        if unindexed:
            raise ValueError(f"{self.name}: belongs_to needs {unindexed[0]} as scope or key")

    @property
    def references(self) -> dict[str, str]:
        """Every field that refers to a resource, with the name of that resource."""
        return {**self.belongs_to, **self.refers_to, **({"metadataId": self.catalog} if self.catalog else {})}

    def id_of(self, record: Record) -> str:
        """Return what identifies a record within its resource."""
        return "/".join(str(record.get(name, "")) for name in self.id)
