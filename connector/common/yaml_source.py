"""YAML with places: what stands in a file, and on which line each part of it stands.

Scalars follow the JSON schema of YAML 1.2 (chapter 10.2), so `no`, `on` and `012` are texts. A key that comes twice
is an error, as are aliases that make a small file huge and nesting that no honest file has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connector.errors import Problem

Place = tuple[str | int, ...]
"""Keys and positions from the root of a document to one of its parts."""

MAX_DEPTH = 100
MAX_NODES = 200_000

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """A text that is no YAML, or none that is taken; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content and the lines of its parts.

    Attributes:
        source: Name of the file, for messages.
        data: The content in plain Python.
        lines: Line, from 1, of each part; of what has a key, that of the key.
    """

    source: str
    data: Any
    lines: dict[Place, int]

    def location(self, place: Place) -> str:
        """`file:line` of a part, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.source}:{self.lines.get(place, 1)}"


def read(path: Path) -> Document:
    """Read a file.

    Raises:
        OSError: It cannot be read.
        YamlError: It holds no YAML that is taken.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        found = Problem(str(path), f"is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8.")
    raise YamlError([found])


def parse(text: str, source: str = "<text>") -> Document:
    """Read a text.

    Raises:
        YamlError: It is no YAML that is taken.
    """
    try:
        _check_depth(text, source)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        problem = _syntax_problem(error, source)
    else:
        reader = _Reader(source)
        data = reader.value(root, ()) if root is not None else None
        if reader.problems:
            raise YamlError(reader.problems)
        return Document(source, data, reader.lines)
    raise YamlError([problem])


def _check_depth(text: str, source: str) -> None:
    # the composer calls itself for each level, and the process dies of a text that is deep enough
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH + 1:
            mark = event.start_mark
            raise YamlError([_too_deep(f"{source}:{mark.line + 1}" if mark else source)])


def _too_deep(location: str) -> Problem:
    return Problem(location, f"is nested more than {MAX_DEPTH} levels deep.", hint="Flatten it.")


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines[place] = node.start_mark.line + 1
        self._nodes += 1
        refusal = self._refusal(node, place)
        if refusal:
            raise YamlError([*self.problems, refusal])
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        self._open.add(id(node))
        found: Any
        if isinstance(node, yaml.MappingNode):
            found = dict(self._pairs(node, place))
        else:
            found = [self.value(item, (*place, position)) for position, item in enumerate(node.value)]
        self._open.discard(id(node))
        return found

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else repr(key_node.tag)
            if key in seen:
                location = f"{self.source}:{key_node.start_mark.line + 1}"
                self.problems.append(Problem(location, f'the key "{key}" comes twice.', hint="Keep one of them."))
            seen.add(key)
            value = self.value(value_node, (*place, key))
            self.lines[*place, key] = key_node.start_mark.line + 1
            yield key, value

    def _refusal(self, node: yaml.Node, place: Place) -> Problem | None:
        location = f"{self.source}:{node.start_mark.line + 1}"
        if id(node) in self._open:
            return Problem(location, "an alias refers to what it stands in.", hint="Write the values out.")
        if len(place) > MAX_DEPTH:
            return _too_deep(location)
        if self._nodes > MAX_NODES:
            text = f"has more than {MAX_NODES} values once its aliases are followed."
            return Problem(location, text, hint="Use fewer aliases, or a smaller file.")
        return None


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style:  # quoted or a block
        return text
    return _CONSTANTS[text] if text in _CONSTANTS else _number_or_text(text)


def _number_or_text(text: str) -> Any:
    if len(text) < 64:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


def _syntax_problem(error: yaml.YAMLError, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or str(error).splitlines()[0]
    if "nesting depth" in text:  # libyaml as bundled since PyYAML 6.0.4 has a limit of its own, and may reach it first
        return _too_deep(source if mark is None else f"{source}:{mark.line + 1}")
    location = source if mark is None else f"{source}:{mark.line + 1}:{mark.column + 1}"
    return Problem(location, f"is not YAML: {text}.", hint="Check the indentation, quotes and colons there.")
