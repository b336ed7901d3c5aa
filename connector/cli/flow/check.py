"""`connector flow check`: what would go wrong, found offline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.flow.options import config_of, config_option, flow_option, known_components
from connector.cli.output import colours, write_json
from connector.cli.shared_options import common_options
from connector.errors import InvalidFlowError

if TYPE_CHECKING:
    from connector.flows import FlowProblem
    from connector.flows.check.integration import Target

COLOURS = {"error": "red", "warning": "yellow"}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@flow_option
@config_option
@click.option("--target", type=click.Choice(["prismatic"]), help="Also find what does not work on the platform.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path,
    name: str | None,
    configured: Sequence[str],
    target: Target | None,
    as_json: bool,
) -> int:
    """Find what would go wrong in the flows of FILE, each with its cure; exit 1 when there are errors.

    Nothing is sent. Warnings alone are no error: a config variable without a value is one, unless --config is used.
    """
    problems = _problems(context, file, name, configured, target)
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        write_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            click.echo(line_of(problem))
        click.echo(_total(errors, len(problems) - errors))
    return 1 if errors else 0


def _problems(
    context: click.Context, file: Path, name: str | None, configured: Sequence[str], target: Target | None
) -> list[FlowProblem]:
    from connector.flows import Flow, FlowProblem
    from connector.flows.run.config import config_values

    try:
        flow = Flow.load(file)
    except InvalidFlowError as error:
        return [FlowProblem("error", "file", p.location, "", "", p.message, p.hint) for p in error.problems]
    config = config_of(configured, flow.integration.config_variables)
    config_values(flow.integration, config)
    return flow.check(known_components(context), flow=name, target=target, config=config or None)


def line_of(problem: FlowProblem) -> str:
    """A finding as compilers print theirs, so that editors find the place: `file:line: error: ...`."""
    place = "".join(f"{part}: " for part in (" / ".join(filter(None, (problem.flow, problem.step))),) if part)
    severity: str = problem.severity
    if colours(sys.stdout):
        severity = click.style(severity, fg=COLOURS[problem.severity], bold=True)
    return f"{problem.location}: {severity}: {place}{problem.message} {problem.hint}".rstrip()


def _total(errors: int, warnings: int) -> str:
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) or "no findings"
