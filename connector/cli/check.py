"""`connector check`: every finding about a component in one list."""

from __future__ import annotations

import click

from connector.cli.output import write_json
from connector.cli.shared_options import common_options


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@common_options
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Find every mismatch of manifest, code, examples and docs, with its cure; exit 1 when there are some."""
    from connector.describe.check import findings

    found = findings(context.find_root().params.get("manifest"))
    if as_json:
        write_json([problem.to_dict() for problem in found])
    else:
        for problem in found:
            click.echo(f"- {problem}")
        click.echo(f"{len(found)} finding{'' if len(found) == 1 else 's'}" if found else "no findings")
    return 1 if found else 0
