"""Facts that only the texts of an SDK state: numbers, dates, names, and never a sentence."""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

_LIMIT = re.compile(r"rate limit (?:for this endpoint is|of) ([\d,]+) requests per (\w+)(?: per (\w+))?")
_FEATURE = re.compile(r"needs to have the ([\w ]+?) feature enabled")
_PERMISSIONS = re.compile(r"at least the following permission\(s\):((?:\s*\* [\w\- ]+?)+)\s*(?:$|\n| {3,}[^*\s])")
_END = re.compile(r"no longer be available after (\w+ \d+, \d{4})")
_TESTING = re.compile(r"in \*\*(Alpha|Beta)\*\* testing")

_RANGE = re.compile(r"between (\d+) and (\d+)|min (\d+), max (\d+)")
_NUMBER_DEFAULT = re.compile(r"[Dd]efaults? (?:to|is) (\d+)\b")
_BOOLEAN_DEFAULT = re.compile(r"Defaults to (true|false)\b")
_STRING_DEFAULT = re.compile(r"Defaults to [`'](\w+)[`'](?: if not set)?\.")
_MOST_ITEMS = re.compile(r"Maximum (\d+) items|maximum number of paths is (\d+)|limited to (\d+) propert")
_MOST_CHARACTERS = re.compile(r"\(max (\d+) characters\)")
_ISO_TIME = re.compile(r"ISO[- ]?8601|ISO timestamp|RFC3339")
_TIME = re.compile(r"timestamp|execution time", re.IGNORECASE)


def operation_facts(text: str) -> Schema:
    """Return limits, feature, permissions, end and testing phase that the text of an operation states."""
    facts: Schema = {}
    limits = [_limit(*match) for match in _LIMIT.findall(text)]
    if limits:
        facts["x-rate-limit"] = limits
    if feature := _FEATURE.search(text):
        facts["x-feature"] = feature.group(1)
    if permissions := _PERMISSIONS.search(text):
        facts["x-permissions"] = [name.strip() for name in permissions.group(1).split("*") if name.strip()]
    if "Forward-only pagination" in text:
        facts["x-forward-only"] = True
    if end := _END.search(text):
        facts["x-ends"] = end.group(1)
    if testing := _TESTING.search(text):
        facts["x-testing"] = testing.group(1).lower()
    return facts


def with_stated_keywords(schema: Schema, text: str) -> Schema:
    """Return the schema with the limits, defaults and formats of a field's text; `x-from-text` names them."""
    kind = str(schema.get("type"))
    read = {
        "number": _number_keywords,
        "integer": _number_keywords,
        "boolean": _boolean_keywords,
        "array": _array_keywords,
        "string": _string_keywords,
    }.get(kind)
    keywords = read(text) if read else {}
    return {**schema, **keywords, "x-from-text": sorted(keywords)} if keywords else schema


def _limit(number: str, unit: str, scope: str) -> Schema:
    limit: Schema = {"requests": int(number.replace(",", "")), "per": unit}
    return {**limit, "scope": scope} if scope else limit


def _number_keywords(text: str) -> Schema:
    keywords: Schema = {}
    if pair := _RANGE.search(text):
        keywords["minimum"], keywords["maximum"] = (int(number) for number in pair.groups() if number)
    if default := _NUMBER_DEFAULT.search(text):
        keywords["default"] = int(default.group(1))
    return keywords


def _boolean_keywords(text: str) -> Schema:
    default = _BOOLEAN_DEFAULT.search(text)
    return {"default": default.group(1) == "true"} if default else {}


def _array_keywords(text: str) -> Schema:
    most = _MOST_ITEMS.search(text)
    return {"maxItems": int(next(filter(None, most.groups())))} if most else {}


def _string_keywords(text: str) -> Schema:
    keywords: Schema = {}
    if most := _MOST_CHARACTERS.search(text):
        keywords["maxLength"] = int(most.group(1))
    if _ISO_TIME.search(text) and _TIME.search(text):
        keywords["format"] = "date-time"
    if default := _STRING_DEFAULT.search(text):
        keywords["default"] = default.group(1)
    return keywords
