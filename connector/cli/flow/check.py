"""`connector flow check`: the problems of flows, found without running them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.flow.options import (
    config_option,
    config_values_of,
    file_argument,
    flow_option,
    known_components,
    load_flow,
)
from connector.cli.output import counted, has_colors, plain, print_output, write_json
from connector.cli.shared_options import Command, common_options, json_option
from connector.errors import InvalidFlowError

if TYPE_CHECKING:
    from connector.flows import FlowProblem
    from connector.flows.check.integration import Target

COLORS = {"error": "red", "warning": "yellow"}


@click.command(cls=Command)
@file_argument
@flow_option
@config_option
@click.option("--target", type=click.Choice(["prismatic"]), help="Also check that the flow works on Prismatic.")
@json_option
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path,
    name: str | None,
    config: Sequence[str],
    target: Target | None,
    as_json: bool,
) -> int:
    """Check the flows of FILE (- reads standard input) without running them. Exits with 1 if there are errors.

    Warnings do not affect the exit code. A config variable without a value is a warning, or an error if you use
    --config.
    """
    problems = _problems(context, file, name, config, target)
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        write_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            click.echo(line_of(problem))
        print_output(_total(errors, len(problems) - errors))
    return 1 if errors else 0


def _problems(
    context: click.Context, file: Path, name: str | None, config: Sequence[str], target: Target | None
) -> list[FlowProblem]:
    from connector.flows import FlowProblem
    from connector.flows.run.config import config_values

    try:
        flow = load_flow(file)
    except InvalidFlowError as error:
        return [FlowProblem("error", "file", p.location, "", "", p.message, p.hint) for p in error.problems]
    values = config_values_of(config, flow.integration.config_variables)
    config_values(flow.integration, values)
    return flow.check(known_components(context), flow=name, target=target, config=values or None)


def line_of(problem: FlowProblem) -> str:
    """Return a problem in the format of compilers, in which editors find the location: `file:line: error: ...`."""
    path = "".join(f"{part}: " for part in (" / ".join(filter(None, (problem.flow, problem.step))),) if part)
    severity: str = problem.severity
    if has_colors(sys.stdout):
        severity = click.style(severity, fg=COLORS[problem.severity], bold=True)
    line = plain(f"{problem.location}: ") + severity + plain(f": {path}{problem.message}")
    return f"{line}\n    hint: {plain(problem.hint)}" if problem.hint else line


def _total(errors: int, warnings: int) -> str:
    counts = [counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    return ", ".join(counts) or "No problems found."
