"""The JSONPath options: parts of a payload, and conditions on records."""

from __future__ import annotations

from collections.abc import Callable
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
        return [value] if self._parsed is None else [match.value for match in self._parsed.find(value)]

    def __call__(self, value: Any) -> Any:
        """Return one value if the path can match once, else a list."""
        matches = self.matches(value)
        if self._parsed is not None and not _is_single(self._parsed):
            return matches
        return matches[0] if matches else None


def record_filter(condition: str | None) -> Callable[[Any], bool]:
    """Return a function that returns whether a record meets a condition of JSONPath, such as `enabled == false`.

    Raises:
        UsageError: If the condition is invalid.
    """
    if condition is None:
        return lambda _record: True
    hint = "An example is 'enabled == false && metadata.name =~ \"^Web\"'."
    parsed = _parsed(f"$[?({condition})]", condition, hint)
    return lambda record: bool(parsed.find([record]))


def _parsed(path: str, text: str, hint: str) -> JSONPath:
    from jsonpath_ng.ext.parser import parse

    try:
        return parse(path)
    except Exception as error:
        reason = " ".join(str(error).split())
    raise UsageError(f'invalid JSONPath "{text}": {reason}', hint=hint)


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
