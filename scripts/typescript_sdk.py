"""What the TypeScript SDK keeps and the Python SDK loses: spelling of operation ids, choices of query parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_METHOD_START = re.compile(r"public async (?=\w+\()")
_PATH = re.compile(r"this\.basePath \+\s*'([^']+)'")
_HTTP_METHOD = re.compile(r"method: '([A-Z]+)'")
_UNION = re.compile(r"(\w+)\??:\s*\|?\s*((?:'[^']*'\s*\|?\s*)+)")


class Spelling(NamedTuple):
    """How the TypeScript SDK names one operation, and the closed choices of its query parameters."""

    operation_id: str
    choices: dict[str, list[str]]


def spellings(checkout: Path) -> dict[tuple[str, str], Spelling]:
    """Return the spelling of every operation by method and path."""
    return dict(pair for file in sorted((checkout / "api").glob("*Api.ts")) for pair in _in_module(file))


def _in_module(file: Path) -> Iterator[tuple[tuple[str, str], Spelling]]:
    for source in _METHOD_START.split(file.read_text(encoding="utf-8"))[1:]:
        name, rest = source.split("(", 1)
        signature = rest.split("): Promise<")[0]
        choices = {parameter: re.findall(r"'([^']*)'", union) for parameter, union in _UNION.findall(signature)}
        yield (_only(_HTTP_METHOD, source).lower(), _only(_PATH, source)), Spelling(name, choices)


def _only(pattern: re.Pattern[str], source: str) -> str:
    match = pattern.search(source)
    if match is None:
        raise SystemExit(f"the TypeScript SDK has a method of an unknown form: {source[:60]!r}")
    return match.group(1)
