"""The JSONPath options: parts of a payload, and conditions on records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connector.errors import UsageError

if TYPE_CHECKING:
    from jsonpath_ng import JSONPath


class Selector:
    """A part of a value, as `--select` names it; without a path, the whole value.

    Raises:
        UsageError: If the path is invalid.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self._parsed = None if path is None else _parsed(path, path, "An example is '$.data.data.sources[*].id'.")

    def matches(self, value: Any) -> list[Any]:
        """Return every match."""
        if self._parsed is None:
            return [value]
        return [match.value for match in _matches(self._parsed, self.path or "", value)]

    def __call__(self, value: Any) -> Any:
        """Return one value if the path can match once, else a list."""
        matches = self.matches(value)
        if self._parsed is not None and not _is_single(self._parsed):
            return matches
        return matches[0] if matches else None


class Condition:
    """A condition on records in JSONPath, such as `enabled == false`; without one, every record meets it.

    Raises:
        UsageError: If the condition is invalid.
    """

    def __init__(self, text: str | None) -> None:
        self._text = text or ""
        hint = "An example is 'enabled == false && metadata.name =~ \"^Web\"'."
        self._parsed = None if text is None else _parsed(f"$[?({text})]", text, hint)
        comparisons = [] if self._parsed is None else list(_comparisons(self._parsed))
        self._fields = {_field(each.target): each.target for each in comparisons}
        self._bare = [each for each in comparisons if each.op in (None, "!")]

    def __call__(self, record: Any) -> bool:
        """Return whether a record meets the condition.

        Raises:
            UsageError: If the condition cannot be applied to the record.
        """
        for comparison in self._bare:
            # In JSONPath, a name alone is true for a field that is false.
            if any(isinstance(match.value, bool) for match in comparison.target.find(record)):
                name, value = _field(comparison.target), "false" if comparison.op else "true"
                text = f'"{name}" alone is met by every record that has the field, true or false'
                raise UsageError(text, hint=f"Write {name} == {value}.")
        return self._parsed is None or bool(_matches(self._parsed, self._text, [record]))

    def fields(self, record: Any) -> set[str]:
        """Return those of the condition's fields that a record has; all of them for None."""
        return {name for name, target in self._fields.items() if record is None or target.find(record)}


def _comparisons(node: Any) -> Iterator[Any]:
    """Iterate over the comparisons in the filters of a JSONPath."""
    if hasattr(node, "target") and hasattr(node, "op"):
        yield node
    for value in vars(node).values():
        for part in value if isinstance(value, list | tuple) else (value,):
            if hasattr(part, "find") and hasattr(part, "__dict__"):
                yield from _comparisons(part)


def _field(target: Any) -> str:
    return str(target).removeprefix("`this`.").removeprefix("@.")


def _matches(parsed: JSONPath, text: str, value: Any) -> list[Any]:
    try:
        matches: list[Any] = parsed.find(value)
    except Exception as error:
        reason = " ".join(str(error).split())
    else:
        return matches
    raise UsageError(f'cannot apply JSONPath "{text}": {reason}')


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_BARE_WORD = re.compile(r"(?:=~|==?|!=|[<>]=?)\s*(?!(?:true|false|null)\b)([A-Za-z_][\w-]*)")


def _parsed(path: str, text: str, hint: str) -> JSONPath:
    """Return the JSONPath of a path. The text is a part of it, for messages.

    Raises:
        UsageError: If it is invalid.
    """
    from jsonpath_ng.ext.parser import parse

    # The parser would take the word for a string, so that False would match nothing.
    if word := _BARE_WORD.search(_STRING.sub('""', text)):
        small = {"none": "null"}.get(word[1].lower(), word[1].lower())
        hint = f"Write {small}." if small in ("true", "false", "null") else f'Write "{word[1]}" for a string.'
        raise UsageError(
            f'invalid JSONPath "{text}": {word[1]} is neither a string nor true, false, or null', hint=hint
        )
    try:
        parsed = parse(path)
    except Exception as error:
        reason = " ".join(str(error).split())
    else:
        _check_patterns(parsed, text)
        return parsed
    raise UsageError(f'invalid JSONPath "{text}": {reason}', hint=hint)


def _check_patterns(parsed: JSONPath, text: str) -> None:
    for comparison in _comparisons(parsed):
        try:
            if comparison.op == "=~":
                re.compile(str(comparison.value))
        except re.error as error:
            reason = f'invalid regular expression "{comparison.value}": {error}'
            hint = "Write a backslash before a character that stands for itself, such as \\(."
            raise UsageError(f'invalid JSONPath "{text}": {reason}', hint=hint) from None


def _is_single(node: Any) -> bool:
    """Return True if a JSONPath can match only once."""
    from jsonpath_ng.jsonpath import Child, Fields, Index, Root

    if isinstance(node, Child):
        return _is_single(node.left) and _is_single(node.right)
    if isinstance(node, Fields):
        return len(node.fields) == 1 and "*" not in node.fields
    if isinstance(node, Index):
        return len(getattr(node, "indices", (0,))) == 1
    return isinstance(node, Root)
