"""`connector flow check`: the problems of flows, found without running them."""

from __future__ import annotations

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
from connector.cli.flow.problem_formats import FORMATS, print_problems
from connector.cli.shared_options import Command, common_options
from connector.errors import InvalidFlowError, UsageError

if TYPE_CHECKING:
    from connector.flows import FlowProblem
    from connector.flows.check.integration import Target


@click.command(cls=Command)
@file_argument
@flow_option
@config_option
@click.option("--target", type=click.Choice(["prismatic"]), help="Also check that the flow works on Prismatic.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Output format; github prints annotations for GitHub Actions.",
)
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path,
    name: str | None,
    config: Sequence[str],
    target: Target | None,
    output_format: str,
) -> int:
    """Check the flows of FILE (- reads standard input) without running them. Exits with 1 if there are errors.

    Warnings and notes do not affect the exit code. A config variable without a value is a warning, or an error if you
    use --config. A step whose component is not installed is not checked, and a note says so.
    """
    problems = _problems(context, file, name, config, target)
    print_problems(problems, output_format)
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _problems(
    context: click.Context, file: Path, name: str | None, config: Sequence[str], target: Target | None
) -> list[FlowProblem]:
    from connector.flows import FlowProblem
    from connector.flows.run.config import unknown_variables

    try:
        flow = load_flow(file)
    except InvalidFlowError as error:
        return [FlowProblem("error", "file", p.location, "", "", p.message, p.hint) for p in error.problems]
    values = config_values_of(config, flow.integration.config_variables)
    unknown = unknown_variables(flow.integration, values)
    if unknown:
        raise UsageError("invalid config variables", problems=unknown)
    return flow.check(known_components(context), flow=name, target=target, config=values or None)
