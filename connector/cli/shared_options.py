"""What commands share: the component at work, and the options that every command takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component

Function = TypeVar("Function", bound=Callable[..., Any])


def component_of(context: click.Context) -> Component:
    """The component that the command line is about.

    Raises:
        SetupError: It cannot be loaded.
    """
    from connector.component.component import load_component

    return load_component(context.find_root().params.get("manifest"))


def common_options(function: Function) -> Function:
    """`--debug` and `--error-format`, which are read before parsing and may stand anywhere."""
    # click keeps the lines of a paragraph after the character itself, which a raw docstring cannot hold
    function.__doc__ = (function.__doc__ or "").replace("\\b\n", "\b\n")
    debug = click.option("--debug", is_flag=True, expose_value=False, help="Log requests, redacted, on standard error.")
    form = click.option(
        "--error-format",
        type=click.Choice(["text", "json"]),
        expose_value=False,
        help="How errors are written.",
    )
    return debug(form(function))


def read_text(path: str) -> str:
    """The text of a file in UTF-8; `-` is standard input.

    Raises:
        UsageError: It cannot be read.
    """
    import sys

    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).expanduser().read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 (byte {error.start})"
    raise UsageError(f"{path} cannot be read: {reason}.", hint="Check the path and the file.")


def read_json(path: str, what: str) -> Any:
    """The JSON value in a file, which is never shown: it may hold secrets; `-` is standard input.

    Raises:
        UsageError: It cannot be read, or is no JSON; line and column are named.
    """
    from pydantic_core import from_json

    text = read_text(path)
    try:
        return from_json(text)
    except ValueError as error:
        reason = str(error)
    raise UsageError(f"the {what} in {'standard input' if path == '-' else path} cannot be used: {reason}.")


def read_json_object(path: str, what: str) -> dict[str, Any]:
    """The JSON object in a file; `-` is standard input.

    Raises:
        UsageError: It cannot be read, or holds no JSON object.
    """
    return json_object(read_text(path), f"{what} in {'standard input' if path == '-' else path}")


def json_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object of a text, which is never shown: it may hold secrets.

    Raises:
        UsageError: It is none; line and column are named.
    """
    from pydantic_core import from_json

    hint = f"A JSON object is expected for the {what}."
    try:
        value = from_json(text)
    except ValueError as error:
        reason = str(error)
    else:
        if isinstance(value, dict):
            return value
        reason = f"it is a {type(value).__name__}"
    raise UsageError(f"the {what} cannot be used: {reason}.", hint=hint)
