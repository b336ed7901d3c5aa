"""Which sandbox a command is about: by option, by variable, else the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from connector.component.component import Component

VARIABLE = "CONNECTOR_SANDBOX"
FAULTS = "CONNECTOR_SANDBOX_FAULTS"
YES = {"1", "true", "yes", "on"}
NO = {"", "0", "false", "no", "off"}


def file_to_use(component: Component, option: str | None, environment: Mapping[str, str]) -> Path | None:
    """The sandbox that `--sandbox[=FILE]`, else the variable, asks for; None when neither does."""
    asked = environment.get(VARIABLE, "").strip() if option is None else option or "1"
    return None if asked.lower() in NO else _file(component, asked, environment)


def file_of(component: Component, file: str | None, environment: Mapping[str, str]) -> Path:
    """The sandbox that a command of `connector sandbox` is about."""
    return _file(component, file or environment.get(VARIABLE, "").strip(), environment)


def _file(component: Component, asked: str, environment: Mapping[str, str]) -> Path:
    from connector.sandbox_kit.sandbox import default_file, make_folder, sandbox_of

    if asked.lower() not in YES | NO:
        return Path(asked).expanduser().absolute()
    sandbox_of(component)
    file = default_file(component, environment)
    make_folder(file)
    return file


def file_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--file`."""
    text = f"The file of the sandbox instead of the user's own; so does {VARIABLE}=FILE."
    return click.option("--file", metavar="FILE", help=text)(function)
