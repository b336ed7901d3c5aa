"""`connector test-connection`: do the credentials work, and whose are they."""

from __future__ import annotations

from typing import Any

import click

from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.output import print_line, write_json
from connector.cli.shared_options import Command, common_options, component_of


@click.command(cls=Command)
@connection_options
@common_options
@click.pass_context
def command(context: click.Context, connecting: ConnectionOptions) -> None:
    """Test the credentials and show the workspace they belong to."""
    opened = connecting.open(component_of(context))
    payload = opened.runner.test_connection(deadline=opened.deadline)
    target = f"({opened.target()})" if opened.is_sandbox else f"at {opened.target()}"
    print_line(f"Connected to {owner_of(payload)} {target}")
    write_json(payload)


def owner_of(payload: Any) -> str:
    """Return what a payload with one named record is about: `workspace "acme"`; else `the service`."""
    node = payload
    while isinstance(node, dict) and len(node) == 1:
        ((noun, node),) = node.items()
        if isinstance(node, dict) and isinstance(node.get("name"), str):
            return f'{noun} "{node["name"]}"'
    return "the service"
