"""All reference pages of this package, which only a checkout has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli.reference_pages.command_line import command_line_page
from connector.cli.reference_pages.environment import environment_page
from connector.cli.reference_pages.errors import errors_page
from connector.cli.reference_pages.python_api import python_page
from connector.cli.reference_pages.steps import steps_page

if TYPE_CHECKING:
    from connector.component.component import Component


def reference_pages(component: Component) -> dict[Path, str]:
    """Return the pages by their paths below the folder of the component."""
    folder = Path("docs") / "reference"
    return {
        folder / "command-line.md": command_line_page(),
        folder / "environment.md": environment_page(component),
        folder / "errors.md": errors_page(),
        folder / "python-api.md": python_page(),
        Path("docs") / "flows" / "steps.md": steps_page(),
    }


def is_checkout(component: Component) -> bool:
    """Return True if the component is the root of a checkout of this package, where its pages are."""
    root = Path(__file__).parents[3]
    return component.folder == root and (root / "pyproject.toml").is_file()
