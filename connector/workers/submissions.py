"""Submits runs of flows, and looks after them from outside."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.common.text import did_you_mean
from connector.errors import JournalError, UsageError
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import connection_variables
from connector.flows.run.prepare import CheckedFlow, check_flow
from connector.flows.run.resume import Unknown, decisions_about
from connector.flows.run.submitted import ENDED, end_run, store_submission
from connector.flows.steps.trigger import WebhookRequest, webhook_request
from connector.journal.journals import default_database, default_path, new_id, reopen_journal
from connector.journal.past_runs import PastRun, is_held, past_run
from connector.journal.protocol import UnknownRunError
from connector.journal.reader import contents_of
from connector.journal.writer import JournalWriter

if TYPE_CHECKING:
    from connector.flows import Flow
    from connector.flows.flow import Components
    from connector.workers.queue import RunQueue

PRIORITY = 100
LARGEST_PRIORITY = 2**31 - 1
POLL_SECONDS = 0.2

CLOSING_SECONDS = 10.0
"""Seconds in which a worker reports to the queue that a run has ended, after its journal says so."""


class Submission(NamedTuple):
    """A run that was submitted, now or before.

    Attributes:
        run: The run.
        is_new: False if its ID was submitted before.
    """

    run: PastRun
    is_new: bool


def submit(
    flow: Flow,
    components: Components = None,
    *,
    database: str | None = None,
    id: str | None = None,  # noqa: A002 - the ID of the run, as everywhere
    name: str | None = None,
    payload: Any = None,
    config: Mapping[str, Any] | None = None,
    branch: str | None = None,
    profiles: Mapping[str, str] | None = None,
    priority: int = PRIORITY,
    delay: float = 0,
) -> PastRun:
    """Submit a run to a database, where a worker takes it.

    Args:
        flow: The file.
        components: See `Flow.run`.
        database: See `Worker`.
        id: ID of the run. The same ID again changes nothing and returns the run.
        name: Name of the flow. Optional if the file has one flow.
        payload: The trigger payload.
        config: Values of config variables by key.
        branch: The branch of the trigger to take.
        profiles: Names of profiles of the workers, by the name of the connection. The empty name stands for all
            others. Default: the profile with the name of the connection, or else the default one.
        priority: Runs with a smaller number start first.
        delay: Seconds until it may start.

    Raises:
        InvalidFlowError: If the flow has errors.
        UsageError: If an argument is invalid, or the ID was used for another flow, payload, config, or branch.
        JournalError: If the database cannot be used.
        MissingExtraError: If the extra `workers` is not installed.
    """
    checked = check_flow(
        flow.integration, flow.definition(name), components_by_key(components), config or {}, branch=branch
    )
    return submit_checked(
        checked,
        webhook_request(payload),
        database=database or default_database(),
        run_id=new_id() if id is None else id,
        profiles=profiles or {},
        priority=priority,
        delay=delay,
    ).run


def submit_checked(
    checked: CheckedFlow,
    request: WebhookRequest,
    *,
    database: str,
    run_id: str,
    profiles: Mapping[str, str],
    priority: int = PRIORITY,
    delay: float = 0,
) -> Submission:
    """Submit a run of a checked flow; see `submit`."""
    check_placing(priority, delay)
    check_profiles(checked, profiles)
    with _queue(database) as queue:
        # The journal comes first, so that a run in the queue always has one. The caller of a process that dies in
        # between has no ID yet, or submits it again.
        is_new = store_submission(checked, request, database=database, run_id=run_id, profiles=profiles)
        queue.put(run_id, priority=priority, delay=delay)
    return Submission(past_run(f"{database}#{run_id}"), is_new)


def check_placing(priority: int, delay: float) -> None:
    """Check when a run may start.

    Raises:
        UsageError: If a value is invalid.
    """
    if type(priority) is not int or not 1 <= priority <= LARGEST_PRIORITY:
        raise UsageError(f"priority must be an integer from 1 to {LARGEST_PRIORITY}, got {priority!r}")
    if type(delay) not in {int, float} or not 0 <= delay < math.inf:
        raise UsageError(f"delay must be a number of seconds, 0 or more, got {delay!r}")


def check_profiles(checked: CheckedFlow, profiles: Mapping[str, str]) -> None:
    """Check the profiles that a submission names.

    Raises:
        UsageError: If one is not a string, or names a connection that the flow does not have.
    """
    if not isinstance(profiles, Mapping) or not all(
        isinstance(part, str) for pair in profiles.items() for part in pair
    ):
        raise UsageError(f"profiles must be names of profiles by the name of the connection, got {profiles!r}")
    names = dict.fromkeys([*connection_variables(checked.integration), *(name or key for key, name in checked.needs)])
    for name in profiles:
        if name and name not in names:
            hint = did_you_mean(name, names) or f"Available connections: {', '.join(names) or 'none'}."
            raise UsageError(f'profiles: unknown connection "{name}"', hint=hint)


def cancel(run_id: str, *, database: str | None = None) -> PastRun:
    """Cancel a run: it ends before its next step. Return once it has ended.

    Raises:
        JournalError: If there is no such run, it has ended, also meanwhile, or the database cannot be used.
    """
    url = database or default_database()
    with _names_own_runs(run_id):
        run = past_run(f"{url}#{run_id}")
    if run.status not in ENDED:
        with _queue(url) as queue:
            queue.cancel(run_id)
        end_run(url, run_id, "cancelled", "cancelled")
        run = past_run(f"{url}#{run_id}")
        if run.status == "cancelled":
            return run
    raise JournalError(f"run {run_id} has already ended: {run.status}")


def submit_again(
    run_id: str,
    components: Components = None,
    *,
    database: str | None = None,
    unknown: Unknown | Mapping[str, Unknown] = "stop",
    priority: int = PRIORITY,
    delay: float = 0,
) -> PastRun:
    """Let a run that failed or was cancelled go on; finished steps are not run again.

    Args:
        run_id: ID of the run.
        components: See `Flow.run`. They say which writes of unknown outcome may be retried without asking.
        database: See `Worker`.
        unknown: See `connector.flows.resume`.
        priority: See `submit`.
        delay: See `submit`.

    Raises:
        UsageError: If `priority` or `delay` is invalid.
        JournalError: If there is no such run, it was not submitted, it is done, it goes on already, or nothing is
            decided about a write of unknown outcome.
    """
    check_placing(priority, delay)
    url = database or default_database()
    with _queue(url) as queue, _names_own_runs(run_id):
        past_run(f"{url}#{run_id}")  # the queue does not wait for a database that is away
        is_queued = _is_queued(queue, url, run_id)
        number = _reopened(url, run_id, components, unknown, is_queued=is_queued)
        queue.put(run_id, number=number, priority=priority, delay=delay)
    return past_run(f"{url}#{run_id}")


@contextmanager
def _names_own_runs(run_id: str) -> Iterator[None]:
    """Say of a run that is listed, but not in the database of submitted runs, where it is."""
    try:
        yield
    except UnknownRunError:
        with suppress(OSError):  # the name is too long
            if default_path(run_id).is_file():
                raise _not_submitted(run_id) from None
        raise


def _not_submitted(run_id: str) -> JournalError:
    return JournalError(f"run {run_id} was not submitted", hint=f"Run `connector flow resume {run_id}`.")


def _is_queued(queue: RunQueue, url: str, run_id: str) -> bool:
    """Return whether a run has a place in the queue. The place of a run that has ended is about to be closed."""
    until = time.monotonic() + CLOSING_SECONDS
    while any(place.is_open for place in queue.places(run_id)):
        if past_run(f"{url}#{run_id}").status not in ENDED or time.monotonic() > until:
            return True
        time.sleep(POLL_SECONDS)
    return False


def _reopened(
    url: str,
    run_id: str,
    components: Components,
    unknown: Unknown | Mapping[str, Unknown],
    *,
    is_queued: bool,
) -> int:
    """Record that a run goes on, and return how often it did."""
    journal = reopen_journal(url, run_id)
    try:
        history = contents_of(journal)
        if not history.header.get("submitted"):
            raise _not_submitted(run_id)
        if history.status == "done" or history.undone:
            state = "was undone" if history.undone else "has already finished"
            raise JournalError(f"run {run_id} {state}", hint="Submit a new run.")
        # The queue hears of the end of a run a moment after the journal.
        if is_queued and not history.status:
            raise JournalError(f"run {run_id} is still in the queue")
        writer = JournalWriter(journal, history)
        for path, decision in decisions_about(history, components_by_key(components), unknown).items():
            writer.decided(path, decision)
        writer.reopened()
        return history.reopened + 1
    finally:
        journal.close()


def wait(run_id: str, *, database: str | None = None, timeout: float | None = None) -> PastRun:
    """Wait until a run has ended and its journal is free, and return it.

    Raises:
        JournalError: If there is no such run.
        TimeoutError: If it has not ended in time.
    """
    url = database or default_database()
    until = None if timeout is None else time.monotonic() + timeout
    while True:
        run = past_run(f"{url}#{run_id}")
        if run.status in ENDED and not is_held(f"{url}#{run_id}"):
            return run
        if until is not None and time.monotonic() > until:
            raise TimeoutError(f"run {run_id} has not ended in time")
        time.sleep(POLL_SECONDS)


def forget(run_ids: list[str], database: str) -> None:
    """Delete what the queue of a database has about runs whose journals were deleted."""
    with _queue(database) as queue:
        queue.forget(run_ids)


def _queue(database: str) -> closing[RunQueue]:
    from connector.workers.queue import RunQueue  # imports DBOS, which takes most of a second

    return closing(RunQueue(database))
