"""`connector plugins`: what is loaded beside the component."""

from __future__ import annotations

from dataclasses import asdict

import click

from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Command, common_options, component_of, json_option
from connector.cli.tables import write_table


@click.command(cls=Command)
@json_option
@common_options
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the plugins of installed packages, with their hooks and files."""
    plugins = component_of(context).plugins.summaries()
    if as_json:
        write_json([asdict(plugin) for plugin in plugins])
    elif not plugins:
        print_line("no plugin is installed")
    else:
        rows = [(each.name, each.distribution, ", ".join(each.hooks), each.location) for each in plugins]
        write_table(("plugin", "package", "hooks", "file"), rows)
