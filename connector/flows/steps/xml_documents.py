"""XML to objects and back, in the form of the library fast-xml-parser.

An element with attributes or children is an object: attributes have keys that begin with `@_`, text beside them is
`#text`, and elements of the same name become a list. Any other element is its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from connector.errors import UsageError
from connector.flows.values.javascript import as_text

MAX_DEPTH = 100
ATTRIBUTE = "@_"
TEXT = "#text"

_NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d{1,15})?([eE][-+]?\d{1,2})?")
_NAME = re.compile(r"[^\W\d][\w.-]*(:[^\W\d][\w.-]*)?")


class _Builder:
    """Builds the object of a document from the events of the parser."""

    def __init__(self, *, numbers_as_strings: bool) -> None:
        self.root: dict[str, Any] = {}
        self._elements: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]
        self._numbers_as_strings = numbers_as_strings

    def start(self, _name: str, attributes: dict[str, str]) -> None:
        if len(self._elements) > MAX_DEPTH:
            raise UsageError(f"XML is nested more than {MAX_DEPTH} levels deep")
        self._elements.append(({ATTRIBUTE + key: self._value(text) for key, text in attributes.items()}, []))

    def text(self, text: str) -> None:
        self._elements[-1][1].append(text)

    def end(self, name: str) -> None:
        members, texts = self._elements.pop()
        text = self._value("".join(texts).strip())
        if members and text != "":
            members[TEXT] = text
        value = members or text
        parent = self._elements[-1][0]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def _value(self, text: str) -> Any:
        if self._numbers_as_strings:
            return text
        if _NUMBER.fullmatch(text):
            return float(text) if re.search(r"[.eE]", text) else int(text)
        return {"true": True, "false": False}.get(text, text)


def parse_xml(content: bytes | str, *, numbers_as_strings: bool) -> dict[str, Any]:
    """Return the object of an XML document.

    Raises:
        UsageError: If it is not XML, declares entities, or is nested too deeply.
    """
    builder = _Builder(numbers_as_strings=numbers_as_strings)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    # Entities could read files of this machine, or grow without bound.
    parser.EntityDeclHandler = _reject_entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UsageError(f"invalid XML: {error}") from None
    return builder.root


def _reject_entity(name: str, *_facts: object) -> None:
    raise UsageError(f'XML must not declare entities, got "{name}"')


def write_xml(value: Any) -> str:
    """Return the XML document of an object.

    Raises:
        UsageError: If a key is not the name of an element, or the object is nested too deeply.
    """
    if not isinstance(value, Mapping):
        raise UsageError('"data" must be an object')
    return "".join(part for name, member in value.items() for part in _element(name, member, 0))


def _element(name: str, value: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise UsageError(f"the object is nested more than {MAX_DEPTH} levels deep")
    if not _NAME.fullmatch(name):
        raise UsageError(f'"{name}" is not a valid name of an XML element')
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _element(name, entry, depth + 1)
        return
    members = value if isinstance(value, Mapping) else {TEXT: value}
    attributes = [(key.removeprefix(ATTRIBUTE), part) for key, part in members.items() if key.startswith(ATTRIBUTE)]
    yield f"<{name}{''.join(f' {key}={quoteattr(as_text(part))}' for key, part in attributes if _NAME.fullmatch(key))}>"
    for key, part in members.items():
        if key == TEXT:
            yield escape(as_text(part))
        elif not key.startswith(ATTRIBUTE):
            yield from _element(key, part, depth + 1)
    yield f"</{name}>"
