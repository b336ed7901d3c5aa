"""The sandbox of a command: by option, by variable, else the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import print_line
from connector.component.credentials import OFF, SANDBOX
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component

FAULTS = "CONNECTOR_SANDBOX_FAULTS"
SUFFIXES = {".sqlite", ".sqlite3", ".db"}
ON = {"1", "true", "yes", "on"}


def file_to_use(component: Component, option: str | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file of the sandbox that `--sandbox[=FILE]`, else the variable, selects; None if neither does."""
    selected = _variable(environment) if option is None else option or "1"
    return None if selected.lower() in OFF else _file(component, selected, environment)


def file_of(component: Component, file: str | None, environment: Mapping[str, str]) -> Path:
    """Return the file of the sandbox that a command of `connector sandbox` works on."""
    return _file(component, file or _variable(environment), environment)


def _variable(environment: Mapping[str, str]) -> str:
    """Return the value of the variable.

    Raises:
        UsageError: If it is neither a switch nor looks like a path: a misspelled switch must not create a file.
    """
    value = environment.get(SANDBOX, "").strip()
    path = Path(value).expanduser()
    if value.lower() in ON | OFF or len(path.parts) > 1 or path.suffix in SUFFIXES or path.is_file():
        return value
    switches = ", ".join(sorted(ON | OFF - {""}))
    hint = f"Use one of {switches}, or a path such as ./{value}.sqlite."
    raise UsageError(f'invalid {SANDBOX} "{value}"', hint=hint)


def _file(component: Component, selected: str, environment: Mapping[str, str]) -> Path:
    from connector.sandbox_kit.sandbox import default_file, make_folder, sandbox_of

    if selected.lower() not in ON | OFF:
        path = Path(selected).expanduser().absolute()
        if not path.exists():
            print_line(f"Creating sandbox {path}")
        return path
    sandbox_of(component)
    file = default_file(component, environment)
    make_folder(file)
    return file


def file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--file`."""
    help_line = f"Sandbox file.  [default: the user's sandbox; env: {SANDBOX}]"
    return click.option("--file", metavar="FILE", help=help_line)(function)
