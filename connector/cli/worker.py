"""`connector worker`: perform submitted runs."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from connector.cli.connections import sandbox_connection
from connector.cli.database_option import database_option
from connector.cli.flow.options import known_components
from connector.cli.output import print_line
from connector.cli.sandbox_options import file_to_use
from connector.cli.shared_options import Command, common_options

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.profiles import Profile

JOIN_SECONDS = 1.0


@click.command(cls=Command)
@database_option
@click.option(
    "--slots",
    type=click.IntRange(1, 1000),
    help="Runs that each worker performs at once; the worker that starts last decides for all.  [default: 4]",
)
@click.option("--profiles", "file", type=click.Path(path_type=Path), help="File with profiles.  [default: the user's]")
@click.option("--sandbox", metavar="[=FILE]", help="Lead all connections to the local sandbox.")
@common_options
@click.pass_context
def command(
    context: click.Context, *, database: str | None, slots: int | None, file: Path | None, sandbox: str | None
) -> None:
    r"""Perform the runs that `connector flow run --submit` submits, until Ctrl-C or SIGTERM.

    \b
    connector worker --sandbox
    connector worker --database postgresql://connector@db.example/runs?sslmode=verify-full --profiles worker.toml

    Then each run ends its current step, and another worker goes on with it. The connections of the runs are the
    profiles of the worker; the database holds no credentials.
    """
    from connector.workers import Worker

    known = known_components(context)
    worker = Worker(
        database,
        slots=slots,
        profiles=_profiles(file),
        components=known,
        sandboxes=_sandboxes(sandbox) if file_to_use(next(iter(known.values())), sandbox, os.environ) else None,
    )
    logger = logging.getLogger("connector.workers")
    if logger.getEffectiveLevel() > logging.INFO:
        logger.setLevel(logging.INFO)
    with _stopping(worker.stop):
        worker.run(ready=lambda: print_line(f"Worker {worker.id} is ready"))
    _end()


def _profiles(file: Path | None) -> Mapping[str, Profile]:
    from connector.component.profiles import load_profiles, profiles_of, read_config

    return load_profiles(os.environ) if file is None else profiles_of(read_config(file), file)


def _sandboxes(option: str | None) -> Callable[[Component], Mapping[str, Any]]:
    context = click.get_current_context()

    @cache
    def connection(component: Component) -> Mapping[str, Any]:
        path = file_to_use(component, option, os.environ)
        assert path is not None  # noqa: S101 - see command
        with context.scope(cleanup=False):  # runs are performed in threads, which have no context
            return sandbox_connection(component, path).connection

    return connection


def _end() -> None:
    """End the process, if a thread of the queue waits: for a database that is away, or for what another worker does."""
    until = time.monotonic() + JOIN_SECONDS
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0, until - time.monotonic()))
            if thread.is_alive():
                sys.stderr.flush()
                os._exit(0)  # the runs are left, and nothing else has to be stored


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Stop the worker at the first signal to end, and end at once at the second one."""
    before: dict[int, Any] = {}

    def ask(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            # An exception would end the main thread alone, and the process would wait for the threads of the runs.
            signal.signal(number, signal.SIG_DFL)
        stop()
        print_line("Stopping: runs end their current step")

    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, ask)
    try:
        yield
    finally:
        sys.stderr.flush()
        for number, handler in before.items():
            signal.signal(number, handler)
