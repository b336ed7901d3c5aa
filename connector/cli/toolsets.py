"""The option `--toolset`: how many actions a server offers."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connector.component.component import Component

toolset_option = click.option(
    "--toolset",
    default="documented",
    show_default=True,
    metavar="all|documented|TAG,...",
    help="Actions to offer: all operations of the API, the documented actions, or those with these tags.",
)


def toolset_of(component: Component, text: str) -> str | Collection[str]:
    """Return the toolset that the option names.

    Raises:
        UsageError: If the API has no such tag.
    """
    from connector.component.runner import known_toolset

    return known_toolset(component, text if text in ("all", "documented") else text.split(","))
