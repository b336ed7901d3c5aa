"""`connector sandbox compare`: the sandbox against the real API."""

from __future__ import annotations

import click

from connector.cli.changes import print_entries
from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.output import print_line, print_output, write_json
from connector.cli.shared_options import Command, common_options, component_of
from connector.cli.tables import write_table


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@connection_options
@common_options
@click.pass_context
def command(context: click.Context, *, as_json: bool, connecting: ConnectionOptions) -> None:
    r"""Compare the sandbox with your real workspace. Only reads, and reports no value of the workspace.

    \b
    connector sandbox compare --profile eu
    """
    from connector.sandbox_kit.compare import CONTRADICTED, compare
    from connector.sandbox_kit.sandbox import sandbox_of

    component = component_of(context)
    opened = connecting.open(component, read_only=True)
    print_line(f"Comparing the sandbox with {opened.target()}")
    opened.runner.test_connection(deadline=opened.deadline)
    report = compare(sandbox_of(component), opened.runner)
    if as_json:
        write_json(report.to_dict())
    else:
        rows = [(each.name, each.verdict, each.assumed, each.observed or "") for each in report.assumptions]
        write_table(("assumption", "verdict", "sandbox", "API"), rows)
        print_output("")
        print_entries(report.differences, as_json=False)
    if report.differences or any(each.verdict == CONTRADICTED for each in report.assumptions):
        context.exit(1)
