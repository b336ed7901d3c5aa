"""Files that options name: reading them, and writing results to them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.common.private_files import reason_of
from connector.errors import UsageError

STANDARD_INPUT = "-"


def read_text(path: str) -> str:
    """Return the content of a file in UTF-8; `-` is standard input.

    Raises:
        UsageError: If the file cannot be read, or standard input was read before.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: not UTF-8 (byte {error.start})") from None


def read_bytes(path: str) -> bytes:
    """Return the content of a file; `-` is standard input.

    Raises:
        UsageError: If the file cannot be read, or standard input was read before.
    """
    if path == STANDARD_INPUT:
        take_standard_input()
        return sys.stdin.buffer.read()
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {reason_of(error)}") from None


def read_text_or_file(path: str) -> Any:
    """Return the content of a file as a string, or, if it is not UTF-8, as the value of an input that takes a file.

    Raises:
        UsageError: See `read_bytes`.
    """
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        from mimetypes import guess_type

        from connector.rest.multipart import OCTETS, File

        return File(content, guess_type(path)[0] or OCTETS, Path(path).name).to_value()


def take_standard_input() -> None:
    """Reserve standard input for one reader.

    Raises:
        UsageError: If another option reads it.
    """
    # A second reader would get an empty string, which could then be sent by mistake.
    root = click.get_current_context().find_root()
    if root.meta.get(__name__):
        raise UsageError("standard input can be read only once", hint="Pass the other values in files.")
    root.meta[__name__] = True


def read_json(path: str, noun: str) -> Any:
    """Return the JSON value of a file, which no message quotes, since it may hold secrets; `-` is standard input.

    Raises:
        UsageError: If the file cannot be read, or is not JSON.
    """
    return _parse(read_text(path), f"{noun} in {name_of(path)}")


def read_json_object(path: str, noun: str) -> dict[str, Any]:
    """Return the JSON object of a file; `-` is standard input.

    Raises:
        UsageError: If the file cannot be read, or does not hold a JSON object.
    """
    return parse_json_object(read_text(path), f"{noun} in {name_of(path)}")


def parse_json_object(text: str, noun: str) -> dict[str, Any]:
    """Return the JSON object of a string, which no message quotes, since it may hold secrets.

    Raises:
        UsageError: If the string is not a JSON object.
    """
    value = _parse(text, noun)
    if isinstance(value, dict):
        return value
    raise UsageError(f"the {noun} must be a JSON object, not {_json_type(value)}")


def _parse(text: str, noun: str) -> Any:
    from pydantic_core import from_json

    try:
        return from_json(text)
    except ValueError as error:
        reason = str(error)
    raise UsageError(f"the {noun} must be JSON: {reason}")


def _json_type(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def name_of(path: str) -> str:
    """Return the name of a file for messages."""
    return "standard input" if path == STANDARD_INPUT else path


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that is new or empty.

    Args:
        folder: The folder.
        files: Content by path in the folder.

    Raises:
        UsageError: If the folder has files already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", hint="Choose a new folder, or an empty one.")
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {reason_of(error)}", hint="Choose another folder.") from None


def write_file(path: Path, content: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file: with the user's ordinary mode, or one that only the user can read.

    Raises:
        UsageError: If the file cannot be written.
    """
    from connector.common.private_files import write_private

    try:
        # A device or a pipe, such as /dev/stdout, is written to; replacing it by a file would destroy it.
        if private and (path.is_file() or not path.exists()):
            write_private(path.resolve(), content)
        else:
            with path.open("wb" if replace else "xb") as file:
                file.write(content)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason_of(error)}", hint="Choose another file.") from None
