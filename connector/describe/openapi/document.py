"""An OpenAPI document: its file, and its references."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from connector.common.private_files import reason_of
from connector.common.yaml_source import MAX_DEPTH, YamlError, parse
from connector.errors import UsageError

MAX_BYTES = 32 * 2**20
MAX_NODES = 2_000_000
VERSIONS = ("3.0", "3.1")


class UnsupportedError(ValueError):
    """A part of a document that no action can express; the message is the reason."""


class OpenApiDocument:
    """The content of a document.

    Attributes:
        content: The document.
        version: `3.0` or `3.1`.

    Raises:
        UsageError: If it is not an OpenAPI document of one of these versions, or has no operation.
    """

    def __init__(self, content: Any, name: str = "the document") -> None:
        if not isinstance(content, Mapping):
            raise UsageError(f"{name} is not an OpenAPI document", hint="Pass a document of OpenAPI 3.0 or 3.1.")
        if "swagger" in content:
            hint = "Convert it to OpenAPI 3.0 first, for example with https://converter.swagger.io."
            raise UsageError(f"{name} is of Swagger {content['swagger']}, not of OpenAPI 3", hint=hint)
        version = str(content.get("openapi", ""))
        if version[:3] not in VERSIONS:
            hint = "Pass a document of OpenAPI 3.0 or 3.1."
            text = f'has the unknown version "{version}"' if version else 'has no "openapi"'
            raise UsageError(f"{name} {text}", hint=hint)
        if not isinstance(content.get("paths"), Mapping) or not content["paths"]:
            raise UsageError(f"{name} has no paths", hint="Pass a document that describes operations.")
        self.content = content
        self.version = version[:3]

    def followed(self, value: Any) -> Any:
        """Return a value, or what it refers to.

        Raises:
            UnsupportedError: If a reference is not found, names another file, or refers to itself.
        """
        passed: set[str] = set()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            pointer = value["$ref"]
            if pointer in passed:
                raise UnsupportedError(f'the reference "{pointer}" leads in a circle')
            passed.add(pointer)
            value = self.at(pointer)
        return value

    def at(self, pointer: str) -> Any:
        """Return what a reference names.

        Raises:
            UnsupportedError: If there is nothing, or if it names another file.
        """
        if not pointer.startswith("#/"):
            raise UnsupportedError(f'it refers to another file, "{pointer}"')
        value: Any = self.content
        for part in pointer[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            elif isinstance(value, Mapping) and name in value:
                value = value[name]
            else:
                raise UnsupportedError(f'the document has nothing at "{pointer}"')
        return value


def load_document(path: Path) -> OpenApiDocument:
    """Load a document in JSON or YAML.

    Raises:
        UsageError: If the file cannot be read, is too large or too deep, or holds no OpenAPI document.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {reason_of(error)}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: not UTF-8 (byte {error.start})") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 2**20} MiB", hint="Check that it is the right file.")
    return OpenApiDocument(_parsed(text, path), str(path))


def _parsed(text: str, path: Path) -> Any:
    from pydantic_core import from_json

    if not text.lstrip().startswith("{"):
        try:
            return parse(text, str(path), max_bytes=MAX_BYTES, max_nodes=MAX_NODES).data
        except YamlError as error:
            problem = error.problems[0]
        raise UsageError(f"{path} is not valid YAML: {problem.message} ({problem.location})", hint=problem.hint)
    try:
        value = from_json(text, cache_strings="keys")
    except ValueError as error:
        reason = str(error)
    else:
        if _is_deep(value):
            raise UsageError(f"{path} is nested more than {MAX_DEPTH} levels deep", hint="Flatten the file.")
        return value
    raise UsageError(f"{path} is not valid JSON: {reason}", hint="Correct the file.")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            part
            for each in level
            for part in (each.values() if isinstance(each, Mapping) else each)
            if isinstance(part, Mapping | list)
        ]
        if not level:
            return False
    return True
