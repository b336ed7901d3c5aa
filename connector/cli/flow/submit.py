"""`--submit` of `connector flow run` and `connector flow resume`: a worker performs the run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from connector.cli.connection_options import ConnectionOptions
from connector.cli.database_option import database_option, seconds
from connector.cli.flow.options import known_components
from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Function, section
from connector.errors import ConnectorError, OutcomeUnknownError, UsageError

if TYPE_CHECKING:
    from connector.flows.run.prepare import CheckedFlow
    from connector.flows.steps.trigger import WebhookRequest
    from connector.journal.past_runs import PastRun

TAKEN_SECONDS = 5.0
"""Seconds in which a worker with a free slot takes a run."""


class SubmitOptions(NamedTuple):
    """The values of the options with `--submit`.

    Attributes:
        submit: Whether a worker performs the run.
        database: URL of the database; None is the default one.
        priority: Runs with a smaller number start first.
        delay: Seconds until it may start.
        wait: Whether to wait for its end.
    """

    submit: bool
    database: str | None
    priority: int | None
    delay: float | None
    wait: bool

    def check(self, *allowed: str) -> None:
        """Check that the command line has no option that another one excludes.

        Args:
            allowed: Options that this command allows with --submit, and others do not.

        Raises:
            UsageError: If it has.
        """
        if self.submit:
            context = click.get_current_context()
            for parameter in context.command.params:
                option, name = parameter.opts[0], parameter.name or ""
                if option not in _EXCLUDED or option in allowed:
                    continue
                if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                    raise UsageError(f"{option} and --submit cannot be used together", hint=_EXCLUDED[option])
            return
        for option, is_set in (
            ("--priority", self.priority is not None),
            ("--in", self.delay is not None),
            ("--wait", self.wait),
        ):
            if is_set:
                raise UsageError(f"{option} needs --submit", hint="Add --submit.")

    @property
    def placing(self) -> dict[str, Any]:
        """When the run may start, as `connector.workers.submit` takes it."""
        values = {"priority": self.priority, "delay": self.delay}
        return {name: value for name, value in values.items() if value is not None}

    def finish(self, run: PastRun, *, is_new: bool = True) -> int:
        """Print the run, or wait for its end and print its results.

        Args:
            run: The run.
            is_new: False if its ID was submitted before, so that nothing was changed.

        Raises:
            ConnectorError: If the run fails.
        """
        if not self.wait:
            print_line(f"Submitted run {run.id} ({run.status})" if is_new else _existing(run))
            write_json({"run": run.id, "status": run.status})
            return 0
        from connector.journal.reader import read_history
        from connector.workers import wait

        print_line(f"Waiting for run {run.id}")
        self.report_if_not_taken(run.id)
        ended = wait(run.id, database=self.database)
        _raise_if_failed(ended, self.database)
        write_json(read_history(run.id if self.database is None else f"{self.database}#{run.id}").run_results)
        return 0

    def report_if_not_taken(self, run_id: str) -> None:
        """Wait a moment, and print a line if no worker has taken a run that may start."""
        from connector.journal.journals import default_database
        from connector.journal.past_runs import past_run
        from connector.workers import wait

        if self.delay:
            return
        try:
            wait(run_id, database=self.database, timeout=TAKEN_SECONDS)
        except TimeoutError:
            if past_run(f"{self.database or default_database()}#{run_id}").status == "queued":
                print_line("No worker has taken the run yet. If none is running, start one: connector worker")


def _existing(run: PastRun) -> str:
    line = f"Run {run.id} already exists ({run.status})"
    return f"{line}\n{_how_to_go_on(run)}" if run.status in {"failed", "cancelled"} else line


def _how_to_go_on(run: PastRun) -> str:
    return f"To go on: connector flow resume {run.id} --submit"


_EXCLUDED = {
    "--connection": "The workers have the connections. Pass --profile to name one of them.",
    "--sandbox": "Start the worker with --sandbox.",
    "--journal": "Pass --database.",
    "--max-wait": "Leave out --max-wait. Workers use its default.",
    "--deadline": "Leave out --deadline. To end the run early, use `connector flow cancel`.",
    "--profile": "Leave out --profile. The run keeps the profiles that it was submitted with.",
}
_EXCLUDED |= {
    option: f"Leave out {option}."
    for option in (
        *("--dry-run", "--read-only", "--parallel", "--flow-file", "--stub", "--stubs"),
        *("--trace", "--events", "--fail-on-status"),
    )
}
"""Options that have no meaning for a run that a worker performs, and what to do instead."""


def submit_options(function: Function) -> Function:
    """Add the options, passed as `submitting`."""

    @wraps(function)
    def command(*args: Any, **values: Any) -> Any:
        fields = {name: values.pop(name) for name in SubmitOptions._fields}
        return function(*args, submitting=SubmitOptions(**fields), **values)

    decorated: Function = section(
        "Submit",
        click.option("--submit", is_flag=True, help="Let a worker perform the run; see connector worker."),
        database_option,
        click.option(
            "--priority", type=click.IntRange(1, 2**31 - 1), help="Smaller numbers start first.  [default: 100]"
        ),
        click.option(
            "--in", "delay", callback=seconds("a duration such as 5m"), metavar="DURATION", help="Start later, as 5m."
        ),
        click.option("--wait", is_flag=True, help="Wait for the end of the run, and print its result."),
    )(command)
    return decorated


def submit_flow(
    checked: CheckedFlow,
    webhook: Callable[[], WebhookRequest],
    run_id: str | None,
    submitting: SubmitOptions,
    connecting: ConnectionOptions,
) -> int:
    """Submit a run and return the exit code."""
    from connector.journal.journals import default_database, new_id
    from connector.workers.submissions import submit_checked

    run, is_new = submit_checked(
        checked,
        webhook(),
        database=submitting.database or default_database(),
        run_id=new_id() if run_id is None else run_id,
        profiles=dict(_profile(text) for text in connecting.profiles),
        **submitting.placing,
    )
    return submitting.finish(run, is_new=is_new)


def _profile(text: str) -> tuple[str, str]:
    name, _, profile = text.rpartition("=")
    return name, profile


def _raise_if_failed(run: PastRun, database: str | None) -> None:
    if run.status == "done":
        return
    # The error of the run has a hint of its own, which is about the write in doubt if there is one.
    reason, _, reason_hint = run.error.partition("\nhint: ")
    message = f"run {run.id} {'was cancelled' if run.status == 'cancelled' else f'failed: {reason}'}"
    resume = _how_to_go_on(run)
    if run.unknown:
        from connector.flows.run.write_names import describe
        from connector.journal.reader import read_history

        writes = read_history(run.id if database is None else f"{database}#{run.id}").unknown.values()
        components = known_components(click.get_current_context())
        lines = [_how_to_settle(run.id, write.path, describe(write, components)) for write in writes]
        raise OutcomeUnknownError(message.partition("\n")[0], hint="\n".join([*lines, resume]))
    error = ConnectorError(message, hint="\n".join(filter(None, [reason_hint, resume])))
    error.exit_code = run.exit_code  # type: ignore[misc]
    raise error


def _how_to_settle(run_id: str, path: str, write: str) -> str:
    return f"Record what became of {write}: {shlex.join(['connector', 'flow', 'settle', run_id, path, '--happened'])}"
