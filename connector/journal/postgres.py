"""A journal in a PostgreSQL database, for runs that survive the loss of a machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from connector.common.private_files import dump_line, parse_line
from connector.errors import JournalError, SetupError
from connector.journal.buffered import BufferedJournal, closed_on_error
from connector.journal.leases import ALL_ALIVE, LEASE_SECONDS, Lease, leases_of
from connector.journal.postgres_address import (
    SCHEMES,
    check_connection,
    check_encoding,
    location_of,
    resolve_host,
)
from connector.journal.protocol import JournalExistsError, JournalHeldError, Record, UnknownRunError
from connector.journal.waiting import report_wait

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

Values = Sequence[Any] | Mapping[str, Any]

AWAY_SECONDS = 60.0
"""Seconds that a run waits for a database that is away, as during a restart."""

RETRY_SECONDS = 0.2
PAGE_SIZE = 200

_TABLES = """
SELECT pg_advisory_xact_lock(4711001);
CREATE TABLE IF NOT EXISTS connector_journal (
    run text NOT NULL, seq integer NOT NULL, holder text NOT NULL, record bytea NOT NULL, PRIMARY KEY (run, seq)
);
CREATE TABLE IF NOT EXISTS connector_holders (id text PRIMARY KEY, seen timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS connector_values (name text PRIMARY KEY, content bytea NOT NULL);
CREATE TABLE IF NOT EXISTS connector_limits (
    name text PRIMARY KEY, busy_until double precision NOT NULL, content bytea NOT NULL
)
"""

_INSERT = """INSERT INTO connector_journal (run, seq, holder, record)
SELECT %s, %s + number, %s, record FROM unnest(%s::bytea[]) WITH ORDINALITY AS records (record, number)"""

_PAGE = "SELECT seq, record FROM connector_journal WHERE run = %s AND seq >= %s ORDER BY seq LIMIT %s"

_LAST = "SELECT seq, holder FROM connector_journal WHERE run = %s ORDER BY seq DESC LIMIT 1"

_PERMANENT = (
    "password",
    "permission denied",
    "does not exist",
    "pg_hba",
    "not permitted",
    "does not support SSL",
    "certificate",
)
"""What a message says about a database that will not come back by waiting."""


class Database:
    """A connection to a database, which is opened again after it broke."""

    def __init__(self, url: str) -> None:
        """Check the address; nothing is connected yet.

        Raises:
            UsageError: If the URL is invalid, or the database is on another machine, and its certificate would not be
                verified.
            SetupError: If psycopg is not installed.
        """
        try:
            import psycopg
        except ImportError:
            hint = "Install it: pip install 'segment-connector[workers]'."
            raise SetupError("a PostgreSQL journal needs psycopg, which is not installed", hint=hint) from None
        check_encoding(url)
        check_connection(url)
        self.url = url
        self.location = location_of(url)
        self._away = (psycopg.OperationalError, psycopg.InterfaceError)
        self._error = psycopg.Error
        self._taken = psycopg.errors.UniqueViolation
        self._guard = threading.RLock()
        self._connection: psycopg.Connection[Any] | None = None

    def fetch(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Execute a statement and return its rows; see `patiently`."""
        return self.patiently(lambda: self.fetch_once(statement, values))

    def patiently(self, use: Callable[[], T]) -> T:
        """Return what a function returns that uses the database, as soon as the database can be reached.

        Raises:
            JournalError: If it cannot be reached for long, its host is unknown, or it rejects a statement.
        """
        resolve_host(self.url)
        until = time.monotonic() + AWAY_SECONDS
        is_reported = False
        while True:
            try:
                return use()
            except self._away as error:
                self.close()
                if time.monotonic() > until or is_permanent(str(error)):
                    message = f'cannot use the database of journal "{self.location}": {reason_of(error)}'
                    raise JournalError(message, hint=hint_about(str(error))) from None
                if not is_reported:
                    is_reported = True
                    report_wait(AWAY_SECONDS, f'database "{self.location}": {reason_of(error)}')
            except self._error as error:
                if isinstance(error, self._taken):
                    raise _TakenError from None
                message = f'cannot write journal "{self.location}": {reason_of(error)}'
                raise JournalError(message, hint=hint_about(str(error)) if is_permanent(str(error)) else "") from None
            time.sleep(RETRY_SECONDS)

    def fetch_once(self, statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Execute a statement and return its rows."""
        with self._guard:
            if self._connection is None:
                self._connection = self._connect()
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def transact(self, use: Callable[[], T]) -> T:
        """Return what a function returns, in one transaction; see `patiently`, which may call it again."""
        return self.patiently(lambda: self._transact_once(use))

    def _transact_once(self, use: Callable[[], T]) -> T:
        with self._guard:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.transaction():
                return use()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep what is done inside together: all of it is stored, or nothing.

        Raises:
            JournalError: If the database cannot be used.
        """
        with self._guard:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                with self._connection.transaction():
                    yield
            except self._error as error:
                self.close()
                raise JournalError(f'cannot write journal "{self.location}": {reason_of(error)}') from None

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        connection = psycopg.connect(self.url, autocommit=True, connect_timeout=5, application_name="connector")
        try:
            with connection.transaction():
                connection.execute(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(Exception):
                    connection.close()


class _TakenError(Exception):
    """A record with this number exists."""


class PostgresJournal(BufferedJournal):
    """The records of one run in a database.

    The key (run, seq) is the fence: when another process took over the run, the next record of this one fails. Each
    record names its holder. A run can be taken over once the lease of the holder of its last record is over.
    """

    def __init__(self, url: str, run: str) -> None:
        super().__init__()
        self.run = run
        self._database = Database(url)
        self._leases = leases_of(self._database)
        self._lease: Lease | None = None
        self._page: dict[int, bytes] = {}
        rows = self._database.fetch(_LAST, [run])
        self._seq: int = rows[0][0] if rows else 0
        self._holder: str = rows[0][1] if rows else ""

    @property
    def location(self) -> str:
        """URL of the database and the run, without a password."""
        return f"{self._database.location}#{self.run}"

    @property
    def database(self) -> str:
        """URL of the database, with its password."""
        return self._database.url

    @classmethod
    def create(cls, url: str, run: str, records: Sequence[Record]) -> PostgresJournal:
        """Create a journal with its first records; no other process ever sees a part of them.

        Raises:
            JournalExistsError: If the run has one.
            JournalError: If the database cannot be used.
        """
        journal = cls(url, run)
        with closed_on_error(journal):
            journal._begin(records)
        return journal

    @classmethod
    def reopen(cls, url: str, run: str) -> PostgresJournal:
        """Continue a journal.

        Raises:
            UnknownRunError: If there is none.
            JournalHeldError: If the process that holds it lives.
            JournalError: If the database cannot be used.
        """
        journal = cls(url, run)
        with closed_on_error(journal):
            journal._check_free()
        return journal

    def _begin(self, records: Sequence[Record]) -> None:
        try:
            if not self._seq:
                self._store([dump_line(record) for record in records], sync=True)
                return
        except JournalHeldError:
            pass  # another process was quicker
        raise JournalExistsError(f'run "{self.run}" already exists in "{self.location}"', hint="Choose another ID.")

    def _check_free(self) -> None:
        if not self._seq:
            raise UnknownRunError(f'unknown run "{self.run}" in "{self._database.location}"')
        if self._leases.is_alive(self._holder):
            message = f"run {self.run} is still running"
            raise JournalHeldError(message, hint="Wait for its end, or stop its process.")

    def check_held(self) -> None:
        """Raise JournalHeldError if another process may have taken over the run; see `Journal`."""
        if self._lease is None or not self._lease.may_send():
            message = f"run {self.run} was not renewed in time; another process may have taken it over"
            raise JournalHeldError(message)

    def records(self) -> Iterator[tuple[int, Any]]:
        """Iterate over number and content of each record."""
        return read_records(self._database, self.run)

    def read(self, position: int) -> dict[str, Any]:
        """Return the record with a number."""
        # A resumed run asks in order, and undo in reverse order: one query brings the neighbors too.
        if position not in self._page:
            self._page = dict(self._database.fetch(_PAGE, [self.run, position - position % PAGE_SIZE, PAGE_SIZE]))
        record: dict[str, Any] = parse_line(bytes(self._page[position]))
        return record

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Replace every record; see `Journal`. The database's own log and free pages are the administrator's."""
        with self._guard:
            self._flush()
            for seq, before in self.records():
                after = change(before)
                if after != before:
                    statement = "UPDATE connector_journal SET record = %s WHERE run = %s AND seq = %s"
                    self._database.fetch(statement, [dump_line(after), self.run, seq])

    def delete(self) -> None:
        """Delete all records of the run; see `Journal`."""
        with self._guard:
            self._discard()
            self._database.fetch("DELETE FROM connector_journal WHERE run = %s", [self.run])
        self.close()

    def close(self) -> None:
        """Let another process have the run."""
        with self._guard:
            self._flush_at_end()
            if self._lease is not None:
                self._lease.release()
                self._lease = None
            self._database.close()

    def _may_store_late(self) -> bool:
        # A new lease from another thread would hide from a write that the one of its intent is over.
        return self._lease is not None and self._lease.is_valid()

    def _store(self, records: Sequence[bytes], *, sync: bool) -> None:
        # Every commit waits for the disk of the database, so there is nothing to sync later.
        if not records:
            return
        if self._lease is None or not self._lease.is_valid():
            # A process that took over the run meanwhile has the next number, so that a new lease does no harm.
            self._lease = self._leases.begin()
        try:
            self._database.fetch(_INSERT, [self.run, self._seq, self._lease.id, list(records)])
        except _TakenError:
            if not self._is_ours(records[-1], self._seq + len(records)):
                raise JournalHeldError(f"run {self.run} was taken over by another process") from None
        self._seq += len(records)

    def _is_ours(self, record: bytes, seq: int) -> bool:
        """Return True if a record arrived whose confirmation was lost with the connection."""
        assert self._lease is not None  # noqa: S101 - see _store
        statement = "SELECT holder, record FROM connector_journal WHERE run = %s AND seq = %s"
        return self._database.fetch(statement, [self.run, seq]) == [(self._lease.id, record)]


def postgres_of(name: bool | str | Path) -> tuple[str, str] | None:
    """Return the URL of a database and the run in it; None for what is not a URL of PostgreSQL.

    Raises:
        UsageError: If a character of the URL is not percent-encoded.
    """
    if not isinstance(name, str) or not name.startswith(SCHEMES):
        return None
    check_encoding(name)
    url, _, run = name.partition("#")
    return url, run


def read_history_records(url: str, run: str) -> Iterator[tuple[int, Any]]:
    """Iterate over number and content of each record of a run that another process may hold."""
    with closing(Database(url)) as database:
        yield from read_records(database, run)


def read_records(database: Database, run: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
    """Iterate over number and content of each record of a run after a number; it may be changed meanwhile."""
    next_seq = after + 1
    while rows := database.fetch(_PAGE, [run, next_seq, PAGE_SIZE]):
        yield from ((seq, parse_line(bytes(record))) for seq, record in rows)
        next_seq = rows[-1][0] + 1


def is_held(database: Database, run: str) -> bool:
    """Return True while the process that wrote the last record of a run lives."""
    rows = database.fetch(_LAST, [run])
    return bool(rows) and rows[0][1] in {holder for (holder,) in database.fetch(ALL_ALIVE, [LEASE_SECONDS])}


def read_record(url: str, run: str, number: int) -> dict[str, Any]:
    """Return one record of a run."""
    statement = "SELECT record FROM connector_journal WHERE run = %s AND seq = %s"
    with closing(Database(url)) as database:
        content: dict[str, Any] = parse_line(bytes(database.fetch(statement, [run, number])[0][0]))
    return content


def all_ends(url: str, run: str | None = None) -> list[tuple[str, Any, Any, int, bool]]:
    """Return the runs, or one run: id, first record, last record, bytes of all records, and whether it is held."""
    statement = """SELECT ids.run, first.record, last.record, size.bytes, last.holder FROM (
        SELECT run FROM connector_journal WHERE seq = 1 AND (%(run)s::text IS NULL OR run = %(run)s)) AS ids
    JOIN LATERAL (SELECT record FROM connector_journal WHERE run = ids.run ORDER BY seq LIMIT 1) AS first ON true
    JOIN LATERAL (
        SELECT record, holder FROM connector_journal WHERE run = ids.run ORDER BY seq DESC LIMIT 1) AS last ON true
    JOIN LATERAL (
        SELECT sum(octet_length(record))::bigint AS bytes FROM connector_journal WHERE run = ids.run) AS size ON true"""
    with closing(Database(url)) as database:
        alive = {holder for (holder,) in database.fetch(ALL_ALIVE, [LEASE_SECONDS])}
        rows = database.fetch(statement, {"run": run})
    return [
        (run, parse_line(bytes(first)), parse_line(bytes(last)), size, holder in alive)
        for run, first, last, size, holder in rows
    ]


def is_permanent(message: str) -> bool:
    """Return True if a message says that a database does not come back by waiting."""
    return any(text in message for text in _PERMANENT)


def hint_about(message: str) -> str:
    """Return what to do about a database that cannot be used, from the message of its error."""
    if "permission denied" in message:
        return "Make the role the owner of the database, or let it create tables and schemas there."
    if "password" in message:
        return "Check user and password, and percent-encode both in the URL."
    if is_permanent(message):
        return "Check the URL of the database."
    return "Try again, or resume the run, once it can be reached."


def reason_of(error: Exception) -> str:
    """Return the first line of the message of an error."""
    return str(error).strip().partition("\n")[0]
