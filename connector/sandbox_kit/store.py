"""The records of a workspace in SQLite: one table, written in transactions that are committed before the response.

A record is stored as the JSON that responses need, beside the few columns that it is looked up by. A killed process
loses no committed write, because the write-ahead log is in the operating system by then. That is why `synchronous`
is NORMAL; FULL would also survive a power failure, at the cost of one disk flush per write.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.common.write_ahead_log import use_write_ahead_log
from connector.sandbox_kit.errors import BusyError, DuplicateError, SandboxError
from connector.sandbox_kit.resources import Record, Resource, Row

BUSY_SECONDS = 5.0
RETRY_SECONDS = 0.005
OTHER_FILE = "Choose another file."
_VERSION = 2
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
class _Hint:
    """The position at which the last page of a list ended, so that the next page need not count from the start."""

    stamp: tuple[int, int]
    skipped: int
    seq: int


def dumps(value: Any) -> str:
    """Return compact JSON; raise `ValueError` for NaN and infinity."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Store:
    """The records of one workspace, safe to use from any thread.

    Args:
        path: The file; None keeps the records in memory.
        resources: The types of records, by name.

    Raises:
        SandboxError: If the file is not a sandbox file, or has another version.
    """

    def __init__(self, path: Path | None, resources: Mapping[str, Resource]) -> None:
        self.path = path
        self._resources = resources
        self._lock = threading.RLock()
        self._hints: dict[tuple[str, str, str], _Hint] = {}
        try:
            if path:
                # The file contains tokens, and SQLite itself would create it readable for all users.
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
            raise SandboxError(f'"{path}" is not a sandbox file: {error}', hint=OTHER_FILE) from None
        except OSError as error:
            raise SandboxError(f'cannot open the sandbox file "{path}": {error.strerror}') from None

    def _prepare(self) -> None:
        if self.path:
            use_write_ahead_log(self._db, BUSY_SECONDS)
            self._db.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version == 0 and tables == 0:
                for statement in _statements(_SCHEMA):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                is_older = version in range(1, _VERSION)  # version 0 is that of any other database, which may be dear
                hint = f"Delete {self.path} to begin anew, or choose another file." if is_older else OTHER_FILE
                raise SandboxError(f'"{self.path}" is not a sandbox file of this version', hint=hint)
        # From here on, transaction() waits and not SQLite, which cannot be interrupted.
        self._db.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        """Close the file. Records in memory are lost."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self, *, write: bool = True, wait: float | None = None) -> Iterator[None]:
        """Commit everything that the block does, or nothing if it raises. Other write transactions wait.

        Args:
            write: Whether the block writes.
            wait: The seconds to wait for another process. Default: `BUSY_SECONDS`.

        Raises:
            BusyError: If another process has locked the file for longer.
        """
        with self._lock:
            self._begin(write, time.monotonic() + (BUSY_SECONDS if wait is None else wait))
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _begin(self, write: bool, latest: float) -> None:
        while True:
            try:
                self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
            else:
                return
            if time.monotonic() >= latest:
                raise BusyError(f'"{self.path}" is locked by another process', hint="Retry in a moment.")
            time.sleep(RETRY_SECONDS)

    def add(self, kind: str, records: Iterable[Record]) -> None:
        """Append records.

        Raises:
            DuplicateError: If one has the id of another record of the resource.
        """
        resource = self._resources[kind]
        with self._lock:
            for record in records:
                try:
                    self._db.execute(
                        "INSERT INTO records (kind, id, scope, key, metadata, body) VALUES (?, ?, ?, ?, ?, ?)",
                        _columns(resource, record),
                    )
                except sqlite3.IntegrityError:
                    message = f'a record with the id "{resource.id_of(record)}" already exists in {kind}'
                    raise DuplicateError(message) from None

    def put(self, kind: str, record: Record) -> None:
        """Replace an existing record, by its id."""
        name, id_, scope, key, metadata, body = _columns(self._resources[kind], record)
        with self._lock:
            self._db.execute(
                "UPDATE records SET scope = ?, key = ?, metadata = ?, body = ? WHERE kind = ? AND id = ?",
                (scope, key, metadata, body, name, id_),
            )

    def get(self, kind: str, id_: str) -> Record | None:
        """Return the record with an id."""
        records = self._select("kind = ? AND id = ?", kind, id_)
        return records[0] if records else None

    def find(self, kind: str, key: str) -> list[Record]:
        """Return the records with a key, in order."""
        return self._select("kind = ? AND key = ? ORDER BY seq", kind, key)

    def all(self, kind: str, scope: str | None = None) -> list[Record]:
        """Return every record of a resource, or of one of its lists, in order."""
        if scope is None:
            return self._select("kind = ? ORDER BY seq", kind)
        return self._select("kind = ? AND scope = ? ORDER BY seq", kind, scope)

    def remove(self, kind: str, *, id_: str | None = None, scope: str | None = None, key: str | None = None) -> int:
        """Remove one record, a whole list, or all records with a key; return their number."""
        columns = {"id": id_, "scope": scope, "key": key}
        column, value = next((name, value) for name, value in columns.items() if value is not None)
        with self._lock:
            # The column is one of the three names above, never a value of a request.
            statement = f"DELETE FROM records WHERE kind = ? AND {column} = ?"  # noqa: S608
            return self._db.execute(statement, (kind, value)).rowcount

    def clear(self) -> None:
        """Remove every record."""
        with self._lock:
            self._db.execute("DELETE FROM records")
            self._db.execute("DELETE FROM counts")

    def count(self, kind: str, scope: str = "") -> int:
        """Return the number of records of a list."""
        counts = self._execute("SELECT records FROM counts WHERE kind = ? AND scope = ?", kind, scope)
        return int(counts[0][0]) if counts else 0

    def ids(self, kind: str) -> list[str]:
        """Return the ids of all records of a resource, in order."""
        return [id_ for (id_,) in self._execute("SELECT id FROM records WHERE kind = ? ORDER BY seq", kind)]

    def last_seq(self) -> int:
        """Return the position of the newest record that was ever added."""
        return int(self._execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'records'")[0][0])

    def rows(
        self, kind: str, scope: str, *, after: int, skip: int, count: int, newest_first: bool = False
    ) -> list[Row]:
        """Return up to `count` records of a list behind the position `after`, without the first `skip`."""
        behind, order = ("<", "DESC") if newest_first else (">", "ASC")
        step = 1 if newest_first else -1
        list_ = (kind, scope, order)
        with self._lock:
            start, left = (after, skip) if after else self._nearest(list_, skip)
            rows = self._rows(
                kind,
                f"WHERE r.seq IN (SELECT seq FROM records WHERE kind = ? AND scope = ? AND seq {behind} ? "  # noqa: S608
                f"ORDER BY seq {order} LIMIT ? OFFSET ?) ORDER BY r.seq {order}",
                kind, scope, start, count, left,
            )  # fmt: skip
            if rows and not after:
                self._hints[list_] = _Hint(self._stamp(), skip + len(rows) - 1, rows[-1].seq + step)
        return rows

    def _nearest(self, list_: tuple[str, str, str], skip: int) -> tuple[int, int]:
        """Return a known position at or before the requested one, and the number of records between them."""
        hint = self._hints.get(list_)
        if hint and hint.skipped <= skip and hint.stamp == self._stamp():
            return hint.seq, skip - hint.skipped
        return _LAST if list_[2] == "DESC" else 0, skip

    def _stamp(self) -> tuple[int, int]:
        """Return a value that changes when any process writes."""
        return self._db.total_changes, int(self._execute("PRAGMA data_version")[0][0])

    def rows_of(self, kind: str, ids: list[str]) -> list[Row]:
        """Return the records with these ids, in the order of the ids."""
        return self._rows(
            kind, "JOIN json_each(?) j ON r.id = j.value WHERE r.kind = ? ORDER BY j.key", dumps(ids), kind
        )

    def seq_before(self, kind: str, scope: str, seq: int, count: int, *, newest_first: bool = False) -> int:
        """Return the position `count` records before another one; 0 if there are fewer."""
        before, order = (">=", "ASC") if newest_first else ("<=", "DESC")
        positions = self._execute(
            f"SELECT seq FROM records WHERE kind = ? AND scope = ? AND seq {before} ? "  # noqa: S608
            f"ORDER BY seq {order} LIMIT 1 OFFSET ?",
            kind, scope, seq, count,
        )  # fmt: skip
        return int(positions[0][0]) if positions else 0

    def fact(self, name: str) -> Any:
        """Return a value that is not a record: the workspace itself, or a token."""
        bodies = self._execute("SELECT body FROM facts WHERE name = ?", name)
        return json.loads(bodies[0][0]) if bodies else None

    def set_fact(self, name: str, value: Any) -> None:
        """Store such a value."""
        self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, dumps(value))

    def _execute(self, statement: str, *values: Any) -> list[Any]:
        # All rows are fetched under the lock, because another thread's transaction must not begin in between.
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    def _select(self, condition: str, *values: Any) -> list[Record]:
        # Conditions are literals of this class.
        rows = self._execute(f"SELECT metadata, body FROM records WHERE {condition}", *values)  # noqa: S608
        return [_record(metadata, body) for metadata, body in rows]

    def _rows(self, kind: str, rest: str, *values: Any) -> list[Row]:
        # `rest` is a literal of this class.
        statement = (
            "SELECT r.seq, r.id, r.body, r.metadata, m.body FROM records r "  # noqa: S608
            f"LEFT JOIN records m ON m.kind = ? AND m.id = r.metadata {rest}"
        )
        return [Row(*columns) for columns in self._execute(statement, self._resources[kind].catalog, *values)]


def _statements(script: str) -> Iterator[str]:
    # sqlite3.executescript() would commit the transaction in which the tables are created.
    statement = ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _columns(resource: Resource, record: Record) -> tuple[str, str, str, str | None, str | None, str]:
    scope = record[resource.scope] if resource.scope else ""
    key = record[resource.key] if resource.key else None
    body = record
    if resource.catalog:
        body = {name: value for name, value in record.items() if name != "metadataId"}
    return resource.name, resource.id_of(record), scope, key, record.get("metadataId"), dumps(body)


def _record(metadata: str | None, body: str) -> Record:
    record: Record = json.loads(body)
    if metadata is not None:
        record["metadataId"] = metadata
    return record
