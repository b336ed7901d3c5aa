"""`connector new`: create a component, or add to one."""

from __future__ import annotations

import click

from connector.cli.root import Lazy, LazyGroup
from connector.cli.shared_options import common_options

COMMANDS = {
    "component": Lazy("connector.cli.new.component:command", "Create a component as a package of its own."),
    "resource": Lazy("connector.cli.new.resource:command", "Add a resource to a component."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
@common_options
def group() -> None:
    """Create a component, or add a resource to one."""
