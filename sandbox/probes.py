"""How the real API shows which assumptions hold. Probes only read, and return no value of the workspace."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from connector.sandbox_kit.compare import Reader

from . import api
from .masks import BULLETS

_VOLUME = "/events/volume?startTime=2026-01-01T00:00:00Z&endTime="


def _status(reader: Reader, path: str, names: dict[int, str]) -> str | None:
    return names.get(reader.get(path).status)


@api.probe("missing-in-path")
def missing_in_path(reader: Reader) -> str | None:
    """Read a source that does not exist."""
    return _status(reader, "/sources/does-not-exist", {404: "404", 422: "422"})


@api.probe("missing-pagination")
def missing_pagination(reader: Reader) -> str | None:
    """Read a list without pagination."""
    return _status(reader, "/catalog/warehouses", {200: "first-page", 422: "422"})


@api.probe("trailing-slash")
def trailing_slash(reader: Reader) -> str | None:
    """Read a list with a slash at the end of its path."""
    return _status(reader, "/sources/?pagination.count=1", {200: "ignore", 404: "strict", 422: "strict"})


@api.probe("null-cursor")
def null_cursor(reader: Reader) -> str | None:
    """Read a page with the cursor `null`."""
    return _status(reader, "/sources?pagination.count=1&pagination.cursor=null", {200: "first-page", 422: "422"})


@api.probe("granularity-case")
def granularity_case(reader: Reader) -> str | None:
    """Read event volumes with a granularity in lower case."""
    return _status(reader, f"{_VOLUME}2026-01-02T00:00:00Z&granularity=day", {200: "accept", 422: "422"})


@api.probe("bracketed-lists")
def bracketed_lists(reader: Reader) -> str | None:
    """Read event volumes with a list in brackets, which the response repeats if it was read."""
    reading = reader.get(f"{_VOLUME}2026-01-02T00:00:00Z&granularity=DAY&groupBy[]=eventType")
    if reading.status != 200:
        return {422: "422"}.get(reading.status)
    return "read" if reading.body["data"]["query"].get("groupBy") else "ignore"


@api.probe("volume-range")
def volume_range(reader: Reader) -> str | None:
    """Read 2,880 buckets of event volumes."""
    return _status(reader, f"{_VOLUME}2026-01-03T00:00:00Z&granularity=MINUTE", {200: "allow", 422: "422"})


@api.probe("missing-function")
def missing_function(reader: Reader) -> str | None:
    """Read a function that does not exist."""
    return _status(reader, "/functions/does-not-exist", {200: "null", 404: "404"})


@api.probe("error-types")
def error_types(reader: Reader) -> str | None:
    """Read the type of a 422."""
    types = reader.get("/sources?pagination.count=0").error_types
    known = api.assumptions["error-types"].choices
    return types[0] if types and types[0] in known else None


@api.probe("last-page")
def last_page(reader: Reader) -> str | None:
    """Read a list that fits on one page."""
    pagination = _pagination(reader, "/catalog/warehouses?pagination.count=1000")
    if pagination is None or pagination.get("next"):
        return None
    return "null" if "next" in pagination else "absent"


@api.probe("cursors")
def cursors(reader: Reader) -> str | None:
    """Read the cursor of a second page."""
    pagination = _pagination(reader, "/catalog/warehouses?pagination.count=1")
    if not pagination or not pagination.get("next"):
        return None
    try:
        decoded = base64.b64decode(pagination["next"], validate=True).decode()
    except (binascii.Error, ValueError):
        return "stable"
    return "offset" if decoded == "1" else "stable"


@api.probe("rate-limit-budget")
def rate_limit_budget(reader: Reader) -> str | None:
    """Read the headers about the rate limit."""
    headers = reader.get("/").headers
    try:
        total = int(headers["X-RateLimit-Consumed"]) + int(headers["X-RateLimit-Remaining"])
    except (KeyError, ValueError):
        return None
    return str(total)


@api.probe("secret-settings")
def secret_settings(reader: Reader) -> str | None:
    """Read how settings of destinations are masked."""
    masks = [
        value
        for settings in _settings(reader, "destinations")
        for value in settings.values()
        if isinstance(value, str) and value.startswith("•")
    ]
    if not masks:
        return None
    return "bullets" if all(mask == BULLETS for mask in masks) else "last-four"


@api.probe("filters-path")
def filters_path(reader: Reader) -> str | None:
    """Read the filters of a destination by the path that is not documented."""
    reading = reader.get("/destinations?pagination.count=1")
    destinations = reading.body["data"]["destinations"] if reading.status == 200 else []
    if not destinations:
        return None
    path = f"/destinations/{quote(destinations[0]['id'], safe='')}/filters?pagination.count=1"
    return _status(reader, path, {200: "both", 404: "documented"})


@api.probe("warehouse-name")
def warehouse_name(reader: Reader) -> str | None:
    """Read whether a warehouse has its name among its settings."""
    return "in-settings" if any("name" in each for each in _settings(reader, "warehouses")) else None


def _settings(reader: Reader, root: str) -> list[dict[str, Any]]:
    reading = reader.get(f"/{root}?pagination.count=200")
    return [each["settings"] for each in reading.body["data"][root]] if reading.status == 200 else []


def _pagination(reader: Reader, path: str) -> dict[str, Any] | None:
    reading = reader.get(path)
    return reading.body["data"]["pagination"] if reading.status == 200 else None
