"""`connector check`: every problem of a component in one list."""

from __future__ import annotations

import click

from connector.cli.output import counted, print_output, write_json
from connector.cli.shared_options import Command, common_options, json_option


@click.command(cls=Command)
@json_option
@common_options
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Check manifest, code, examples, and docs of the component.

    Exits with 1 if there are problems.
    """
    from connector.describe.check import findings

    problems = findings(context.find_root().params.get("manifest"))
    if as_json:
        write_json([problem.to_dict() for problem in problems])
    else:
        for problem in problems:
            print_output(f"- {problem}")
        print_output(counted(len(problems), "problem") if problems else "No problems found.")
    return 1 if problems else 0
