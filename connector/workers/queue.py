"""The queue of submitted runs. This is the only module that imports DBOS.

DBOS decides which worker performs which run and when: priority, delay, number of runs at once, and recovery. What a
run has done, and whether it has ended, is in its journal alone: a workflow of DBOS has one argument, the ID of the run,
and all that it does is to follow the journal.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from connector.common.private_files import lock, open_private, private_folder
from connector.errors import MissingExtraError, UsageError
from connector.journal.journals import database_of
from connector.journal.postgres import postgres_of
from connector.journal.postgres_address import check_connection
from connector.journal.sqlite import SCHEME

try:
    from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus
except ImportError:
    hint = "Run: pip install 'segment-connector[workers]'"
    raise MissingExtraError("submitted runs need the package dbos", hint=hint) from None

from connector.workers.sqlite_clock import teach_milliseconds  # needs the packages of the extra

teach_milliseconds()

NAME = "connector"
QUEUE = "connector-runs"
SCHEMA = "connector_queue"
VERSION = "runs-1"
"""Fixed, so that workers of several releases share a queue: what they have to agree on is the journal."""

DEFAULT_SLOTS = 4
POLL_SECONDS = 0.2
AWAY_SECONDS = 0.5
OUTCOME_SECONDS = 5
END_SECONDS = 10.0

OPEN = ("ENQUEUED", "DELAYED", "PENDING")


def _is_news(record: logging.LogRecord) -> bool:
    """Return False for the warning that a run has its place already: a run is submitted again on purpose."""
    message = record.getMessage()
    return not (message.startswith("Workflow already exists in queue") and QUEUE in message)


logging.getLogger("dbos").addFilter(_is_news)


class QueuedRun(NamedTuple):
    """A place of a run in the queue.

    Attributes:
        key: Key of the place: the ID of the run, or `ID:N` when it goes on after its Nth end.
        status: `ENQUEUED`, `DELAYED`, `PENDING`, `SUCCESS`, `ERROR`, or `CANCELLED`.
        worker: The worker that took it last.
    """

    key: str
    status: str
    worker: str

    @property
    def is_open(self) -> bool:
        """True until it has ended."""
        return self.status in OPEN


class RunQueue:
    """The queue in one database, for those that submit runs and for workers.

    Args:
        database: URL of the database of the journals.
        waits: Whether calls wait for a database that is away; else they raise.
    """

    def __init__(self, database: str, *, waits: bool = True) -> None:
        self.url = queue_url(database)
        self._waits = waits
        self._client: DBOSClient | None = None

    def set_slots(self, slots: int | None) -> None:
        """Store how many runs each worker performs at once; None keeps the number that is stored."""
        self._opened().register_queue(
            QUEUE,
            worker_concurrency=slots or DEFAULT_SLOTS,
            polling_interval_sec=POLL_SECONDS,
            on_conflict="never_update" if slots is None else "always_update",
        )

    def put(self, run_id: str, *, priority: int, number: int = 0, delay: float = 0) -> None:
        """Queue a run; the same ID and number again change nothing.

        Args:
            run_id: ID of the run.
            priority: Runs with a smaller number start first.
            number: How often the run has ended before.
            delay: Seconds until it may start.
        """
        options: EnqueueOptions = {
            "queue_name": QUEUE,
            "workflow_name": NAME,
            "workflow_id": key_of(run_id, number),
            "priority": priority,
        }
        if delay:
            options["delay_seconds"] = delay
        self._opened().enqueue(options, run_id)

    def places(self, run_id: str) -> list[QueuedRun]:
        """Return all places of a run, the latest last."""
        rows = self._list(workflow_ids=[run_id]) + self._list(workflow_id_prefix=f"{run_id}:")
        return [_place(row) for row in rows]

    def of(self, keys: Iterable[str]) -> list[QueuedRun]:
        """Return the places with these keys."""
        return [_place(row) for row in self._list(workflow_ids=list(keys))]

    def taken(self) -> list[QueuedRun]:
        """Return the places that a worker has taken and that have not ended."""
        return [_place(row) for row in self._list(status="PENDING", queue_name=QUEUE)]

    def give_back(self, key: str) -> None:
        """Let another worker take a place."""
        self._opened().resume_workflow(key, queue_name=QUEUE)

    def cancel(self, run_id: str) -> None:
        """Let no worker take a run anymore."""
        keys = [place.key for place in self.places(run_id) if place.is_open]
        if keys:
            self._opened().cancel_workflows(keys)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Delete all places of runs."""
        keys = [place.key for run_id in run_ids for place in self.places(run_id)]
        if keys:
            self._opened().delete_workflows(keys)

    def close(self) -> None:
        """Close the connections to the database."""
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def _list(self, **selection: object) -> list[WorkflowStatus]:
        return self._opened().list_workflows(load_input=False, load_output=False, **selection)  # type: ignore[arg-type]

    def _opened(self) -> DBOSClient:
        if self._client is None:
            with _prepared(self.url):
                DBOS.migrate(self.url, schema=SCHEMA)
            self._client = DBOSClient(
                system_database_url=self.url,
                dbos_system_schema=SCHEMA,
                serializer=DBOSPortableJSONSerializer(),
                application_name=NAME,
                retry_connection_errors=self._waits,
            )
        return self._client


def key_of(run_id: str, number: int) -> str:
    """Return the key of a place of a run; no ID contains a colon."""
    return f"{run_id}:{number}" if number else run_id


def queue_url(database: str) -> str:
    """Return the URL of the queue of a database: the same PostgreSQL database, or a file beside the SQLite one.

    Raises:
        UsageError: If it names no database, or one on another machine whose certificate would not be verified.
    """
    if server := postgres_of(database):
        check_connection(server[0])  # DBOS does not
        return server[0]
    file = database_of(database)
    if file is None:
        raise UsageError("invalid database", hint="Pass sqlite:///FILE or postgresql://...")
    return f"{SCHEME}{file[0]}.queue"


@contextmanager
def _prepared(url: str) -> Iterator[None]:
    """Create the file of a queue in SQLite, which only its user can read, and keep other processes from its tables."""
    if not url.startswith(SCHEME):
        yield
        return
    file = Path(url.removeprefix(SCHEME))
    private_folder(file.parent)
    handle = open_private(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT)
    try:
        lock(handle, wait=True)
        # Closing a file that exists would end the locks that SQLite has on it in this process.
        if not file.exists():
            os.close(open_private(file, os.O_RDWR | os.O_CREAT))
        yield
    finally:
        os.close(handle)


def _place(row: WorkflowStatus) -> QueuedRun:
    return QueuedRun(row.workflow_id, row.status, row.executor_id or "")


Perform = Callable[[str, str], None]
"""Performs the run with an ID, at the place with a key, and raises what it fails with."""


class NotOursError(BaseException):
    """This worker has left the run.

    DBOS stores an `Exception` as the outcome of the run. It cannot store that of a run which this worker has left, and
    the thread would wait for the outcome that another worker stores.
    """


class _Process:
    """What the one workflow function needs to know."""

    perform: Perform | None = None
    ending: threading.Thread | None = None
    guard = threading.Lock()


@DBOS.workflow(name=NAME, max_recovery_attempts=None)
def _workflow(run_id: str) -> None:
    # No call of DBOS may be made here: each would become a step of its own.
    key, perform = DBOS.workflow_id, _Process.perform
    if key is None or perform is None:
        raise NotOursError(run_id)  # it was taken while the worker ended, and another one finds it
    perform(run_id, key)


class Consumer:
    """Takes runs from the queue of a database and performs them in threads. A process has one.

    Args:
        database: URL of the database of the journals.
        worker: ID of the worker.
        perform: Performs a run.
    """

    def __init__(self, database: str, worker: str, perform: Perform) -> None:
        if _Process.ending is not None:
            _Process.ending.join()  # the worker before may still close its queue
        with _Process.guard:
            if _Process.perform is not None:
                raise UsageError("this process has a worker already", hint="Raise --slots, or start another process.")
            _Process.perform = perform
        self._dbos: DBOS | None = None
        self._url = queue_url(database)
        self._config: DBOSConfig = {
            "name": NAME,
            "system_database_url": self._url,
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": worker,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "CRITICAL",
            "enable_otlp": False,
        }

    def start(self, stopping: threading.Event, report: Callable[[Exception], None]) -> None:
        """Start to take runs, as soon as the database can be used.

        Args:
            stopping: Ends the wait for the database.
            report: Called with the reason while the database is away.
        """
        while not stopping.is_set():
            try:
                with _prepared(self._url):
                    self._dbos = DBOS(config=self._config)
                    DBOS.launch()
            except Exception as error:
                report(error)
                DBOS.destroy()
                stopping.wait(AWAY_SECONDS)
            else:
                return

    def take_no_more(self) -> None:
        """Take no more runs, not even one that this worker gives back."""
        for event in self._dbos.background_thread_stop_events if self._dbos is not None else ():
            event.set()

    def end(self, *, is_idle: bool) -> None:
        """Close the queue, once all runs are left.

        What waits for a database that is away or busy is given up: another worker finds that the run has ended, and
        stores its outcome.

        Args:
            is_idle: True if no run was in progress; then no outcome is waited for.
        """
        outcomes = 0 if is_idle else OUTCOME_SECONDS
        _Process.ending = threading.Thread(target=self._end, args=[outcomes], name="connector-queue-end", daemon=True)
        _Process.ending.start()
        _Process.ending.join(END_SECONDS)

    def _end(self, outcomes: int) -> None:
        try:
            DBOS.destroy(workflow_completion_timeout_sec=outcomes)
        finally:
            with _Process.guard:
                _Process.perform = None
