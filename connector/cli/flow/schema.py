"""`connector flow schema`: print the JSON Schema of integration files."""

from __future__ import annotations

import click

from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options


@click.command(cls=Command)
@common_options
def schema() -> None:
    """Print the JSON Schema of integration files, for validation in editors."""
    from connector.flows import json_schema

    write_json(json_schema())
