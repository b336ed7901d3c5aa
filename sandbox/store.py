"""The workspace's records in SQLite: one table, written in transactions committed before the answer.

A record is kept as the JSON text that answers need, beside the few columns that it is found by. A kill of the
process loses no committed write: the write-ahead log has reached the operating system by then, which is why
`synchronous` is NORMAL (FULL would guard against a loss of power as well, at one disk flush a write).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.sandbox_kit.errors import BusyError
from connector.sandbox_kit.record_types import Kind, Record

from .errors import SandboxError
from .record_types import KINDS, record_id

BUSY_SECONDS = 5.0
OTHER_FILE = "Choose another file, or delete this one."
_VERSION = 1
_LAST = 2**63 - 1
_SCHEMA = """
CREATE TABLE records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, key TEXT, metadata TEXT, body TEXT NOT NULL,
  UNIQUE (kind, id));
CREATE INDEX records_in_order ON records (kind, scope, seq);
CREATE INDEX records_by_key ON records (kind, key);
CREATE TABLE counts (kind TEXT, scope TEXT, records INTEGER NOT NULL, PRIMARY KEY (kind, scope))
  WITHOUT ROWID;
CREATE TRIGGER record_added AFTER INSERT ON records BEGIN
  INSERT INTO counts VALUES (new.kind, new.scope, 1) ON CONFLICT DO UPDATE SET records = records + 1; END;
CREATE TRIGGER record_removed AFTER DELETE ON records BEGIN
  UPDATE counts SET records = records - 1 WHERE kind = old.kind AND scope = old.scope; END;
CREATE TABLE facts (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Row:
    """One record of a list: its place, its JSON text without metadata, and its metadata's JSON text."""

    seq: int
    id: str
    body: str
    metadata: str | None


@dataclass(frozen=True)
class _Hint:
    """Where the last page of a list ended, so that the next one need not count from the start."""

    stamp: tuple[int, int]
    skipped: int
    seq: int


def dumps(value: Any) -> str:
    """Compact JSON text; `ValueError` for numbers that JSON lacks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Store:
    """The records of one workspace, safe to use from any thread.

    Args:
        path: The file; None keeps it in memory.

    Raises:
        SandboxError: The file is no sandbox, or one of another version.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._hints: dict[tuple[str, str, str], _Hint] = {}
        try:
            if path:
                # It holds tokens: SQLite itself would make it readable for everybody.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as error:
            raise SandboxError(f"{path} cannot be used as a sandbox: {error}.", hint=OTHER_FILE) from None
        except OSError as error:
            raise SandboxError(f"{path} cannot be used as a sandbox: {error.strerror}.") from None

    def _prepare(self) -> None:
        if self.path:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in _statements(_SCHEMA):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise SandboxError(f"{self.path} holds no sandbox of this version.", hint=OTHER_FILE)

    def close(self) -> None:
        """Closes the file; what was in memory is gone."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """One unit: all of it is committed at its end, or nothing when it raises. Others of its kind wait."""
        with self._lock:
            self._begin(write)
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _begin(self, write: bool) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
        raise BusyError(f"another process is writing to {self.path}.", hint="Try again in a moment.")

    def add(self, kind: str, records: Iterable[Record]) -> None:
        """Appends records, in their order."""
        spec = KINDS[kind]
        with self._lock:
            self._db.executemany(
                "INSERT INTO records (kind, id, scope, key, metadata, body) VALUES (?, ?, ?, ?, ?, ?)",
                (_columns(spec, record) for record in records),
            )

    def put(self, kind: str, record: Record) -> None:
        """Replaces a record that is there, by its id."""
        name, id_, scope, key, metadata, body = _columns(KINDS[kind], record)
        with self._lock:
            self._db.execute(
                "UPDATE records SET scope = ?, key = ?, metadata = ?, body = ? WHERE kind = ? AND id = ?",
                (scope, key, metadata, body, name, id_),
            )

    def get(self, kind: str, id_: str) -> Record | None:
        """The record of an id."""
        found = self._select("kind = ? AND id = ?", kind, id_)
        return found[0] if found else None

    def find(self, kind: str, key: str) -> list[Record]:
        """The records that a key names, in their order."""
        return self._select("kind = ? AND key = ? ORDER BY seq", kind, key)

    def all(self, kind: str, scope: str | None = None) -> list[Record]:
        """Every record of a kind, or of one of its lists, in order."""
        if scope is None:
            return self._select("kind = ? ORDER BY seq", kind)
        return self._select("kind = ? AND scope = ? ORDER BY seq", kind, scope)

    def remove(self, kind: str, *, id_: str | None = None, scope: str | None = None, key: str | None = None) -> int:
        """Removes one record, a whole list, or all that a key names; how many there were."""
        given = {"id": id_, "scope": scope, "key": key}
        column, value = next((name, value) for name, value in given.items() if value is not None)
        with self._lock:
            # The column is one of three words above.
            statement = f"DELETE FROM records WHERE kind = ? AND {column} = ?"  # noqa: S608
            return self._db.execute(statement, (kind, value)).rowcount

    def clear(self) -> None:
        """Removes every record."""
        with self._lock:
            self._db.execute("DELETE FROM records")
            self._db.execute("DELETE FROM counts")

    def count(self, kind: str, scope: str = "") -> int:
        """How many records a list has."""
        found = self._execute("SELECT records FROM counts WHERE kind = ? AND scope = ?", kind, scope)
        return int(found[0][0]) if found else 0

    def rows(
        self, kind: str, scope: str, *, after: int, skip: int, count: int, newest_first: bool = False
    ) -> list[Row]:
        """A stretch of a list: up to `count` records behind place `after`, without the first `skip`."""
        behind, order = ("<", "DESC") if newest_first else (">", "ASC")
        step = 1 if newest_first else -1
        list_ = (kind, scope, order)
        with self._lock:
            start, left = (after, skip) if after else self._nearest(list_, skip)
            found = self._rows(
                f"WHERE r.seq IN (SELECT seq FROM records WHERE kind = ? AND scope = ? AND seq {behind} ? "  # noqa: S608
                f"ORDER BY seq {order} LIMIT ? OFFSET ?) ORDER BY r.seq {order}",
                kind, scope, start, count, left,
            )  # fmt: skip
            if found and not after:
                self._hints[list_] = _Hint(self._stamp(), skip + len(found) - 1, found[-1].seq + step)
        return found

    def _nearest(self, list_: tuple[str, str, str], skip: int) -> tuple[int, int]:
        """A known place at or before the one wanted, and how many records lie between."""
        hint = self._hints.get(list_)
        if hint and hint.skipped <= skip and hint.stamp == self._stamp():
            return hint.seq, skip - hint.skipped
        return _LAST if list_[2] == "DESC" else 0, skip

    def _stamp(self) -> tuple[int, int]:
        """Changes when this process or another one has written."""
        return self._db.total_changes, int(self._execute("PRAGMA data_version")[0][0])

    def rows_of(self, kind: str, ids: list[str]) -> list[Row]:
        """The records of some ids, in the order of the ids."""
        return self._rows("JOIN json_each(?) j ON r.id = j.value WHERE r.kind = ? ORDER BY j.key", dumps(ids), kind)

    def seq_before(self, kind: str, scope: str, seq: int, count: int, *, newest_first: bool = False) -> int:
        """The place `count` records before another one; 0 when there are fewer."""
        before, order = (">=", "ASC") if newest_first else ("<=", "DESC")
        found = self._execute(
            f"SELECT seq FROM records WHERE kind = ? AND scope = ? AND seq {before} ? "  # noqa: S608
            f"ORDER BY seq {order} LIMIT 1 OFFSET ?",
            kind, scope, seq, count,
        )  # fmt: skip
        return int(found[0][0]) if found else 0

    def fact(self, name: str) -> Any:
        """A value that is no record: the workspace itself, its tokens."""
        found = self._execute("SELECT body FROM facts WHERE name = ?", name)
        return json.loads(found[0][0]) if found else None

    def set_fact(self, name: str, value: Any) -> None:
        """Keeps such a value."""
        self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, dumps(value))

    def connect_all(self, *, source: str | None = None, warehouse: str | None = None) -> None:
        """Connects one source to every warehouse, or one warehouse to every source."""
        kind, given = ("warehouses", source) if source else ("sources", warehouse)
        ids = "r.id, ?1" if source else "?1, r.id"
        first, second = ids.split(", ")
        # Only the words above go into the statement.
        self._execute(
            "INSERT INTO records (kind, id, scope, key, body) "  # noqa: S608
            f"SELECT 'connections', {first} || '/' || {second}, {first}, {second}, "
            f"json_object('warehouseId', {first}, 'sourceId', {second}) "
            "FROM records r WHERE r.kind = ?2 ORDER BY seq",
            given, kind,
        )  # fmt: skip

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        # All rows are fetched under the lock: another thread's transaction must not begin in between.
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _select(self, condition: str, *values: Any) -> list[Record]:
        # Conditions are literals of this class.
        found = self._execute(f"SELECT metadata, body FROM records WHERE {condition}", *values)  # noqa: S608
        return [_record(metadata, body) for metadata, body in found]

    def _rows(self, rest: str, *values: Any) -> list[Row]:
        # `rest` is a literal of this class.
        statement = (
            "SELECT r.seq, r.id, r.body, m.body FROM records r "  # noqa: S608
            f"LEFT JOIN records m ON m.kind = r.kind || 'Catalog' AND m.id = r.metadata {rest}"
        )
        return [Row(*found) for found in self._execute(statement, *values)]


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _columns(kind: Kind, record: Record) -> tuple[str, str, str, str | None, str | None, str]:
    scope = record[kind.scope] if kind.scope else ""
    key = record[kind.key] if kind.key else None
    body = record
    if kind.catalog:
        body = {name: value for name, value in record.items() if name != "metadataId"}
    return kind.name, record_id(kind.name, record), scope, key, record.get("metadataId"), dumps(body)


def _record(metadata: str | None, body: str) -> Record:
    record: Record = json.loads(body)
    if metadata is not None:
        record["metadataId"] = metadata
    return record
