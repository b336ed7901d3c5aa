"""YAML with locations: the content of a file, and the line of each part.

Scalars follow the JSON schema of YAML 1.2 (chapter 10.2), so `no`, `on`, and `012` are strings. The explicit tags of
YAML's core types and merge keys (`<<`) are followed, as Prismatic's tools do; any other tag is an error, because
ignoring it would change the value. Duplicate keys, aliases that make a small file huge, and very deep nesting are
errors as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connector.errors import Problem

Place = tuple[str | int, ...]
"""Path from the root of a document to one of its parts: keys and positions."""

MAX_BYTES = 5 * 2**20
"""Size of the largest file; a larger one would take many seconds."""

MAX_DEPTH = 100
MAX_NODES = 200_000

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "null": lambda text: {"": None, "~": None, "null": None}[text.lower()],
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": int,
    "float": float,
}
"""From the name of an explicit tag to the value of its text."""

_TAG = "tag:yaml.org,2002:"
_IMPLICIT = "implicit"
_NESTING = "nesting depth"
"""Part of the message of too deep nesting: libyaml, as bundled since PyYAML 6.0.4, has a limit of its own."""


class YamlError(ValueError):
    """A text is not valid YAML; `problems` lists the reasons."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a file, and the lines of its parts.

    Attributes:
        source: Name of the file, for messages.
        data: The content as plain Python values.
        lines: Line of each part, from 1. A part with a key has the line of the key.
    """

    source: str
    data: Any
    lines: dict[Place, int]

    def location(self, place: Place) -> str:
        """Return the `file:line` of a part, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.source}:{self.lines.get(place, 1)}"


def read_bytes(path: Path) -> bytes:
    """Read a file whose size is allowed.

    Raises:
        OSError: If the file cannot be read.
        YamlError: If it is larger than `MAX_BYTES`.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    _check_size(len(content), str(path))
    return content


def parse_bytes(content: bytes, source: str) -> Document:
    """Parse the content of a file.

    Raises:
        YamlError: If it is not UTF-8 or not valid YAML.
    """
    try:
        return parse(content.decode("utf-8"), source)
    except UnicodeDecodeError as error:
        problem = Problem(source, f"not UTF-8 (byte {error.start})", hint="Save the file as UTF-8.")
    raise YamlError([problem])


def parse(text: str, source: str = "<text>", *, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES) -> Document:
    """Parse a text.

    Raises:
        YamlError: If the text is not valid YAML.
    """
    _check_size(len(text), source, max_bytes)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        problem = _syntax_problem(error, source)
    else:
        reader = _Reader(source, max_nodes)
        data = reader.value(root, ()) if root is not None else None
        if reader.problems:
            raise YamlError(reader.problems)
        return Document(source, data, reader.lines)
    raise YamlError([problem])


def has_valid_syntax(content: bytes) -> bool:
    """Return whether a file is YAML, also with tags or several documents, which `parse` does not read."""
    try:
        for _ in yaml.parse(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.YAMLError:
        return False
    return True


def _check_size(size: int, source: str, limit: int = MAX_BYTES) -> None:
    if size > limit:
        hint = "Check that it is the right file, or split it."
        raise YamlError([Problem(source, f"larger than {limit // 2**20} MiB", hint=hint)])


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes the nodes of a text in one pass, and sees what nodes do not show.

    A node has the tag that its text names or that YAML infers; here the inferred one is always `_IMPLICIT`.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, _kind: type[yaml.Node], _value: object, _implicit: object) -> str:
        return _IMPLICIT

    def descend_resolver(self, parent: yaml.Node | None, _index: object) -> None:
        # The composer calls itself for each level, and would crash the process.
        self._depth += 1
        if self._depth > MAX_DEPTH + 2:
            raise yaml.MarkedYAMLError(problem=_NESTING, problem_mark=parent.start_mark if parent else None)

    def ascend_resolver(self) -> None:
        self._depth -= 1


def _too_deep(location: str) -> Problem:
    return Problem(location, f"nested more than {MAX_DEPTH} levels deep", hint="Flatten the file.")


class _Reader:
    def __init__(self, source: str, max_nodes: int) -> None:
        self.source = source
        self._max_nodes = max_nodes
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines[place] = node.start_mark.line + 1
        self._nodes += 1
        bomb = self._bomb(node, place)
        if bomb:
            raise YamlError([*self.problems, bomb])
        tag = None if node.tag == _IMPLICIT else node.tag
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, tag)
        if tag not in (None, "!", _TAG + "map", _TAG + "seq"):
            self._problem(node, f'unsupported tag "{tag}"', "Remove the tag.")
        self._open.add(id(node))
        content: Any
        if isinstance(node, yaml.MappingNode):
            content = {**self._merged(node, place), **dict(self._pairs(node, place))}
        else:
            content = [self.value(item, (*place, position)) for position, item in enumerate(node.value)]
        self._open.discard(id(node))
        return content

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Any]]:
        keys: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else repr(key_node.tag)
            if key in keys:
                self._problem(key_node, f'duplicate key "{key}"', "Keep one of them.")
            keys.add(key)
            if _is_merge(key_node):
                continue
            value = self.value(value_node, (*place, key))
            self.lines[*place, key] = key_node.start_mark.line + 1
            yield key, value

    def _merged(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """Return the entries that merge keys bring: the first object of a list wins, and the node's own keys win."""
        line = self.lines[place]
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not _is_merge(key_node):
                continue
            is_list = isinstance(value_node, yaml.SequenceNode)
            for part in reversed(value_node.value) if is_list else [value_node]:
                if isinstance(part, yaml.MappingNode):
                    content |= self.value(part, place)
                else:
                    self._problem(key_node, 'merge key "<<" must refer to an object or a list of objects')
        self.lines[place] = line
        return content

    def _scalar(self, node: yaml.ScalarNode, tag: str | None) -> Any:
        text = str(node.value)
        if tag is None:
            return text if node.style else _plain(text)  # a quoted scalar or a block has a style
        kind = tag.removeprefix(_TAG)
        if tag == "!" or kind == "str":
            return text
        if kind not in _CONVERTERS:
            self._problem(node, f'unsupported tag "{tag}"', "Remove the tag.")
            return text
        try:
            return _CONVERTERS[kind](text)
        except (KeyError, ValueError):
            self._problem(node, f'invalid !!{kind} "{text[:60]}"')
            return text

    def _problem(self, node: yaml.Node, message: str, hint: str = "") -> None:
        self.problems.append(Problem(f"{self.source}:{node.start_mark.line + 1}", message, hint=hint))

    def _bomb(self, node: yaml.Node, place: Place) -> Problem | None:
        """Return the problem of a file that would use up time or memory."""
        location = f"{self.source}:{node.start_mark.line + 1}"
        if id(node) in self._open:
            return Problem(location, "alias refers to its own parent", hint="Write the values out.")
        if len(place) > MAX_DEPTH:
            return _too_deep(location)
        if self._nodes > self._max_nodes:
            text = f"more than {self._max_nodes} values, including those of aliases"
            return Problem(location, text, hint="Use fewer aliases, or a smaller file.")
        return None


def _is_merge(key_node: yaml.Node) -> bool:
    is_plain = key_node.tag == _IMPLICIT and isinstance(key_node, yaml.ScalarNode) and not key_node.style
    return bool(key_node.tag == _TAG + "merge" or (is_plain and key_node.value == "<<"))


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) < 64:
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
    return text


def _syntax_problem(error: yaml.YAMLError, source: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or str(error).splitlines()[0]
    if _NESTING in text:
        return _too_deep(source if mark is None else f"{source}:{mark.line + 1}")
    location = source if mark is None else f"{source}:{mark.line + 1}:{mark.column + 1}"
    return Problem(location, f"invalid YAML: {text}", hint="Check the indentation, quotes, and colons in this line.")
