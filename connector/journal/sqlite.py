"""Journals in a SQLite database, which several processes of one machine share."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from connector.common.private_files import dump_line, lock, open_private, parse_line, private_folder, reason_of
from connector.common.write_ahead_log import use_write_ahead_log
from connector.errors import JournalError
from connector.journal.buffered import BufferedJournal, closed_on_error
from connector.journal.file import NO_SPACE_HINT
from connector.journal.protocol import JournalExistsError, JournalHeldError, Record, UnknownRunError

SCHEME = "sqlite:///"

_TABLE = """CREATE TABLE IF NOT EXISTS records (
    run TEXT NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (run, seq)
) WITHOUT ROWID"""

_PAGE = "SELECT seq, record FROM records WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?"
_PAGE_SIZE = 500

_BUSY_SECONDS = 30.0


class SqliteJournal(BufferedJournal):
    """The records of one run in a database.

    The key (run, seq) is the fence: when another process took over the run, the next record of this one fails.
    A file beside the database is locked while the journal is held, so that a process that died is known to be dead.
    """

    def __init__(self, file: Path, run: str) -> None:
        """Claim a run, which may have records or not.

        Raises:
            JournalHeldError: If another process holds it.
            JournalError: If the database cannot be used.
        """
        super().__init__()
        self.file = file
        self.run = run
        self._database = connect(file)
        try:
            self._claim = Claim(file, run)
        except BaseException:
            self._database.close()
            raise
        # Read when the claim is held: the holder before may have written until then.
        last = self._database.execute("SELECT max(seq) FROM records WHERE run = ?", (run,)).fetchone()[0]
        self._seq: int = last or 0

    @property
    def location(self) -> str:
        """URL of the database and the run."""
        return f"{self.database}#{self.run}"

    @property
    def database(self) -> str:
        """URL of the database."""
        return f"{SCHEME}{self.file}"

    @classmethod
    def create(cls, file: Path, run: str, records: Sequence[Record]) -> SqliteJournal:
        """Create a journal with its first records; no other process ever sees a part of them.

        Raises:
            JournalExistsError: If the run has one.
            JournalHeldError: If another process is creating or running it.
            JournalError: If the database cannot be used.
        """
        journal = cls(file, run)
        with closed_on_error(journal):
            journal._begin(records)
        return journal

    @classmethod
    def reopen(cls, file: Path, run: str) -> SqliteJournal:
        """Continue a journal.

        Raises:
            UnknownRunError: If there is none.
            JournalHeldError: If another process holds it.
            JournalError: If the database cannot be used.
        """
        check_exists(file, run)
        journal = cls(file, run)
        if not journal._seq:
            journal.close()
            raise UnknownRunError(f'unknown run "{run}" in "{file}"')
        return journal

    def check_held(self) -> None:
        """Do nothing: while this process lives, even stopped, its lock keeps all others out; see `Journal`."""

    def records(self) -> Iterator[tuple[int, Any]]:
        """Iterate over number and content of each record."""
        return _records(self._database, self.run)

    def read(self, position: int) -> dict[str, Any]:
        """Return the record with a number."""
        query = "SELECT record FROM records WHERE run = ? AND seq = ?"
        with self._guard:
            record: dict[str, Any] = parse_line(self._database.execute(query, (self.run, position)).fetchone()[0])
        return record

    def rewrite(self, change: Callable[[Record], Record]) -> None:
        """Replace every record; see `Journal`."""
        with self._guard:
            self._flush()
            rows = ((change(record), record, seq) for seq, record in self.records())
            changed = ((dump_line(after), self.run, seq) for after, before, seq in rows if after != before)
            self._replace("UPDATE records SET record = ? WHERE run = ? AND seq = ?", changed)

    def delete(self) -> None:
        """Delete all records of the run; see `Journal`."""
        with self._guard:
            self._discard()
            self._replace("DELETE FROM records WHERE run = ?", [(self.run,)])
        self.close()

    def _replace(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            with self._database:
                self._database.executemany(statement, rows)
            # The write-ahead log has the old pages until it is cut off.
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise JournalError(f'cannot write journal "{self.file}": {error}', hint=NO_SPACE_HINT) from None

    def close(self) -> None:
        """Let another process have the run."""
        with self._guard:
            try:
                self._flush_at_end()
            finally:
                self._database.close()
                self._claim.release()

    def _begin(self, records: Sequence[Record]) -> None:
        if self._seq:
            raise JournalExistsError(f'run "{self.run}" already exists in "{self.file}"', hint="Choose another ID.")
        self._insert([dump_line(record) for record in records], sync=True)

    def _store(self, records: Sequence[bytes], *, sync: bool) -> None:
        if records:
            self._insert(records, sync=sync)
        elif sync:
            self._sync_log()

    def _insert(self, records: Sequence[bytes], *, sync: bool) -> None:
        numbered = [(self.run, self._seq + n, record) for n, record in enumerate(records, 1)]
        try:
            # In WAL mode, FULL waits for the disk with each commit, NORMAL only for the process to hand it over.
            self._database.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
            with self._database:
                self._database.executemany("INSERT INTO records VALUES (?, ?, ?)", numbered)
        except sqlite3.IntegrityError:
            raise JournalHeldError(f"run {self.run} was taken over by another process") from None
        except sqlite3.Error as error:
            raise JournalError(f'cannot write journal "{self.file}": {error}', hint=NO_SPACE_HINT) from None
        self._seq += len(records)

    def _sync_log(self) -> None:
        """Force earlier commits to the disk. A commit without changes would not do it."""
        try:
            log = os.open(f"{self.file}-wal", os.O_RDWR)
        except FileNotFoundError:
            return  # all of it is in the database already
        try:
            os.fsync(log)
        finally:
            os.close(log)


def connect(file: Path) -> sqlite3.Connection:
    """Open a database of journals.

    Raises:
        JournalError: If the file is not one.
    """
    try:
        private_folder(file.parent)
        _check_file(file)
        database = sqlite3.connect(file, timeout=_BUSY_SECONDS, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise JournalError(f'cannot open journal "{file}": {reason}') from None
    try:
        _make_private(file)  # the file is there now, and has no content if it is new
        use_write_ahead_log(database, _BUSY_SECONDS)
        # What is removed for good must not remain in free pages.
        database.execute("PRAGMA secure_delete = ON")
        with database:
            database.execute(_TABLE)
    except sqlite3.Error as error:
        database.close()
        raise JournalError(f'cannot open journal "{file}": {error}') from None
    return database


def _check_file(file: Path) -> None:
    """Raise OSError if a path cannot be a database; SQLite would not say why."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _make_private(file: Path) -> None:
    # The file is not opened for it: closing it would end the locks that SQLite has on it in other threads.
    mode = file.stat().st_mode
    if mode & 0o077 and os.name == "posix":
        file.chmod(stat.S_IMODE(mode) & 0o700)


def check_exists(file: Path, run: str) -> None:
    """Check that there is a database in which a run may be.

    Raises:
        UnknownRunError: If there is none.
    """
    if not file.is_file():
        raise UnknownRunError(f'unknown run "{run}": no database "{file}"')


def read_records(file: Path, run: str, *, after: int = 0) -> Iterator[tuple[int, Any]]:
    """Iterate over number and content of each record of a run after a number."""
    with _reading(file) as database:
        yield from _records(database, run, after)


def read_record(file: Path, run: str, number: int) -> dict[str, Any]:
    """Return one record of a run."""
    with _reading(file) as database:
        rows = database.execute("SELECT record FROM records WHERE run = ? AND seq = ?", (run, number))
        record: dict[str, Any] = parse_line(rows.fetchone()[0])
    return record


def _records(database: sqlite3.Connection, run: str, after: int = 0) -> Iterator[tuple[int, Any]]:
    """Iterate over number and content of each record of a run, which may be changed meanwhile."""
    last = after
    while rows := database.execute(_PAGE, (run, last, _PAGE_SIZE)).fetchall():
        yield from ((seq, parse_line(record)) for seq, record in rows)
        last = rows[-1][0]


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(file)) as database:
        try:
            yield database
        except sqlite3.Error as error:
            raise JournalError(f'cannot read journal "{file}": {error}') from None


_IDS = """WITH RECURSIVE ids(run) AS (
    SELECT min(run) FROM records
    UNION ALL SELECT (SELECT min(run) FROM records WHERE records.run > ids.run) FROM ids WHERE ids.run IS NOT NULL
) SELECT run FROM ids WHERE run IS NOT NULL"""
"""All ids, without reading the records of the runs."""

_ENDS = """SELECT
    (SELECT record FROM records WHERE run = :run ORDER BY seq LIMIT 1),
    (SELECT record FROM records WHERE run = :run ORDER BY seq DESC LIMIT 1),
    (SELECT sum(length(record)) FROM records WHERE run = :run)"""


def all_ends(file: Path, run: str | None = None) -> Iterator[tuple[str, Any, Any, int]]:
    """Iterate over the runs in a database, or one of them: id, first and last record, and bytes of all records."""
    database = connect(file)
    try:
        for (each,) in database.execute(_IDS).fetchall() if run is None else [(run,)]:
            first, last, size = database.execute(_ENDS, {"run": each}).fetchone()
            # Another process may have deleted the run meanwhile.
            if first is not None:
                yield each, parse_line(first), parse_line(last), size
    finally:
        database.close()


def is_held(file: Path, run: str) -> bool:
    """Return True while a process that lives holds the journal of a run."""
    try:
        Claim(file, run).release()
    except JournalHeldError:
        return True
    return False


class Claim:
    """The right to write the journal of a run: a locked file, which the system unlocks when its process dies."""

    def __init__(self, file: Path, run: str) -> None:
        folder = private_folder(file.with_name(f"{file.name}.locks"))
        self._path = folder / hashlib.sha256(run.encode()).hexdigest()[:32]
        while True:
            self._handle = open_private(self._path, os.O_RDWR | os.O_CREAT)
            if not lock(self._handle):
                os.close(self._handle)
                raise JournalHeldError(f"run {run} is still running", hint="Wait for its end, or stop its process.")
            if self._is_current():
                return
            # The holder before removed the file between our opening and locking it.
            os.close(self._handle)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._handle), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give up the right."""
        if self._handle >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1
