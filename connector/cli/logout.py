"""`connector logout`: remove a profile."""

from __future__ import annotations

import os

import click

from connector.cli.connection_options import complete_profiles
from connector.cli.output import print_line
from connector.cli.shared_options import Command, common_options
from connector.component.profiles import DEFAULT


@click.command(cls=Command)
@click.argument("name", default=DEFAULT, shell_complete=complete_profiles)
@common_options
def command(name: str) -> None:
    """Remove profile NAME, by default the profile "default". The token itself stays valid."""
    from connector.component.profiles import remove_profile

    file = remove_profile(name, os.environ)
    print_line(f'Removed profile "{name}" from {file}')
