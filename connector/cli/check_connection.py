"""`connector test-connection`: do the credentials work, and whose are they."""

from __future__ import annotations

import click

from connector.cli.connection_options import Connecting, ConnectingCommand, connecting_options
from connector.cli.output import say, write_json
from connector.cli.shared_options import common_options, component_of


@click.command(cls=ConnectingCommand)
@connecting_options
@common_options
@click.pass_context
def command(context: click.Context, connecting: Connecting) -> None:
    """Ask the service who the credentials belong to, and print its answer."""
    opened = connecting.open(component_of(context))
    payload = opened.runner.test_connection(deadline=opened.deadline)
    say(f"the connection works: {opened.target()}")
    write_json(payload)
