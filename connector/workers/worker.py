"""A worker: performs submitted runs until it is stopped."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connector.errors import ConnectorError, FlowStoppedError
from connector.flows.file.parse import read_text
from connector.flows.run.components import components_by_key
from connector.flows.run.prepare import PreparedRun, check_flow
from connector.flows.run.submitted import end_run, perform_submitted
from connector.journal import leases, postgres
from connector.journal.journals import default_database
from connector.journal.postgres_address import resolve_host
from connector.journal.presence import Presence, presence_in
from connector.journal.waiting import reporting_waits
from connector.workers.connections import Sandboxes, WorkerConnections

if TYPE_CHECKING:
    from connector.component.profiles import Profile
    from connector.journal.past_runs import PastRun
    from connector.journal.reader import JournalContents

AWAY_SECONDS = 0.5

logger = logging.getLogger("connector.workers")


class RunFailedError(Exception):
    """A run has ended, but not well; its journal says why."""


@dataclass(slots=True, eq=False)
class _Active:
    """One execution of a run by this worker.

    Attributes:
        key: Key of the run's place in the queue.
        stop: Set when it has to be left.
        is_cancelled: Whether someone cancelled it.
        is_lost: Whether another worker has it, or a later execution.
    """

    key: str
    stop: threading.Event = field(default_factory=threading.Event)
    is_cancelled: bool = False
    is_lost: bool = False


class Worker:
    """Performs the runs that are submitted to a database. A process can have one.

    Args:
        database: `sqlite:///FILE` or `postgresql://...`. Default: `CONNECTOR_DATABASE`, or a file in the user's state
            folder.
        slots: Runs that each worker of the database performs at once; the last worker that sets it decides. Default:
            the number that is set, or else 4.
        profiles: Profiles by name, for the connections of the runs.
        components: See `Flow.run`.
        environment: Environment variables. Default: those of this process.
        sandboxes: Returns the connection to the sandbox of a component, to which all connections then lead.

    Attributes:
        id: ID of the worker.

    Raises:
        UsageError: If the URL names no database.
        MissingExtraError: If the extra `workers` is not installed.
    """

    def __init__(
        self,
        database: str | None = None,
        *,
        slots: int | None = None,
        profiles: Mapping[str, Profile] | None = None,
        components: Any = None,
        environment: Mapping[str, str] | None = None,
        sandboxes: Sandboxes | None = None,
    ) -> None:
        from connector.workers.queue import RunQueue  # imports DBOS, which takes most of a second

        self.database = database or default_database()
        self._slots = slots
        self._queue = RunQueue(self.database, waits=False)
        self._components = components_by_key(components)
        self._connections = WorkerConnections(
            profiles or {}, os.environ if environment is None else environment, sandboxes
        )
        self._presence: Presence = presence_in(self.database)
        self.id = self._presence.id
        self._active: list[_Active] = []
        self._guard = threading.Condition()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._is_away = False

    def run(self, ready: Callable[[], None] | None = None) -> None:
        """Perform runs until `stop` is called. Wait for a database that is away.

        Args:
            ready: Called once the worker takes runs.

        Raises:
            UsageError: If this process has a worker already.
            JournalError: If the name of the host of the database cannot be resolved.
        """
        # What a run has done is in memory alone while the database is away: there is nothing better than to wait.
        from connector.workers.queue import Consumer

        consumer = Consumer(self.database, self.id, self._perform)
        before, postgres.AWAY_SECONDS = postgres.AWAY_SECONDS, math.inf
        threads = [threading.Thread(target=each, daemon=True) for each in (self._show_itself, self._keep_house)]
        try:
            self._resolve_host()
            # Others take the runs of a worker that they do not see.
            self._until_it_works(self._presence.show)
            threads[0].start()
            # Before the first look into the queue, which would take as many runs as the worker before did.
            self._until_it_works(lambda: self._queue.set_slots(self._slots))
            consumer.start(self._stopping, self._report_away)
            threads[1].start()
            if ready is not None and not self._stopping.is_set():
                ready()
            self._stopping.wait()
        finally:
            self._stopping.set()
            consumer.take_no_more()
            is_idle = not self._active
            self._leave_all()
            self._ended.set()
            consumer.end(is_idle=is_idle)
            for thread in threads:
                if thread.ident is not None:
                    thread.join(leases.LEASE_SECONDS)
            self._presence.close()
            self._queue.close()
            self._connections.close()
            postgres.AWAY_SECONDS = before

    def stop(self) -> None:
        """Take no more runs; each run ends its current step and goes back to the queue."""
        self._stopping.set()

    def _perform(self, run_id: str, key: str) -> None:
        active = _Active(key)
        with self._guard:
            # A worker that was taken for dead may get its own run again.
            for before in self._active:
                if before.key == key:
                    before.is_lost = True
                    before.stop.set()
            self._active.append(active)
        if self._stopping.is_set():
            active.stop.set()
        logger.info("run %s: started", run_id)
        try:
            ended = perform_submitted(
                self.database, run_id, lambda history: self._prepared(history, active), active.stop
            )
        except FlowStoppedError:
            from connector.workers.queue import NotOursError

            self._leave(run_id, active)
            raise NotOursError(run_id) from None
        finally:
            with self._guard:
                self._active.remove(active)
                self._guard.notify_all()
        reason = ended.error.partition("\n")[0]
        logger.info("run %s: %s", run_id, f"failed: {reason}" if ended.status == "failed" else ended.status)
        _check_done(ended)

    def _leave(self, run_id: str, active: _Active) -> None:
        """Do what is due when a run was stopped: it was cancelled, another worker has it, or this one ends."""
        if active.is_cancelled:
            end_run(self.database, run_id, "cancelled", "cancelled")
            logger.info("run %s: cancelled", run_id)
        elif active.is_lost:
            logger.info("run %s: another worker goes on with it", run_id)
        else:
            logger.info("run %s: given back", run_id)
            try:
                self._queue.give_back(active.key)
            except Exception as error:
                # The database is away: another worker finds that this one has ended.
                logger.debug("cannot give %s back: %s", active.key, error)

    def _prepared(self, history: JournalContents, active: _Active) -> PreparedRun:
        header = history.header
        integration = read_text(header["text"], header["source"])
        definition = integration.definition(header["flow"])
        checked = check_flow(integration, definition, self._components, header["config"], branch=header.get("branch"))
        connections = self._connections.of(checked, header.get("profiles") or {})
        return PreparedRun(checked, connections=connections, stop=active.stop)

    def _leave_all(self) -> None:
        """Let each run end its current step, and wait until all are left."""
        with self._guard:
            for active in self._active:
                active.stop.set()
            self._guard.wait_for(lambda: not self._active)

    def _show_itself(self) -> None:
        while not self._ended.wait(leases.RENEW_SECONDS):
            with suppress(ConnectorError):
                self._presence.show()

    def _keep_house(self) -> None:
        while not self._ended.wait(leases.RENEW_SECONDS / 2):
            try:
                self._leave_lost_runs()
                if not self._stopping.is_set():
                    self._free_runs_of_dead_workers()
            except Exception as error:
                self._report_away(error)  # what is due comes after its return
            else:
                self._report_back()

    def _leave_lost_runs(self) -> None:
        """Leave the runs that were cancelled, or that another worker has now."""
        with self._guard:
            actives = {active.key: active for active in self._active if not active.is_lost}
        if not actives:
            return
        for place in self._queue.of(actives):
            active = actives[place.key]
            active.is_cancelled = place.status == "CANCELLED"
            active.is_lost = not active.is_cancelled and (place.status, place.worker) != ("PENDING", self.id)
            if active.is_cancelled or active.is_lost:
                active.stop.set()

    def _free_runs_of_dead_workers(self) -> None:
        taken = [place for place in self._queue.taken() if place.worker != self.id]
        dead = self._presence.dead({place.worker for place in taken}) if taken else set()
        for place in taken:
            if place.worker in dead:
                self._queue.give_back(place.key)

    def _resolve_host(self) -> None:
        with reporting_waits(lambda _seconds, reason: logger.warning("waiting for %s", reason)):
            resolve_host(self.database, self._stopping.wait)

    def _until_it_works(self, call: Callable[[], None]) -> None:
        """Repeat a call while the database is away."""
        while not self._stopping.is_set():
            try:
                call()
            except Exception as error:
                if postgres.is_permanent(str(error)):
                    raise
                self._report_away(error)
                self._stopping.wait(AWAY_SECONDS)
            else:
                self._report_back()
                return

    def _report_away(self, error: Exception) -> None:
        if not self._is_away:  # once, not twice a second
            self._is_away = True
            logger.warning("waiting for the database: %s", str(error).strip().partition("\n")[0])

    def _report_back(self) -> None:
        if self._is_away:
            self._is_away = False
            logger.warning("the database is back")


def _check_done(run: PastRun) -> None:
    if run.status != "done":
        raise RunFailedError(f"{run.status}: {run.error}")
