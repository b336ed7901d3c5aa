"""Event volumes: made-up counts, the same whenever they are asked for, that add up across buckets and groups.

A count is a weight times the growth of one clock. Weights belong to sources, events and app versions; the
clock ticks once a minute, and more often by day than by night. So the hours of a day sum up to the day, and
the groups of a list to the total.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .errors import problem
from .operations import Data, RequestContext, operation
from .pagination import page_of

PATH = "/observability/event_volume/v2.json"
MAX_BUCKETS = 1_500
MAX_RESULTS = 5_000
MINUTES = {"MINUTE": 1, "HOUR": 60, "DAY": 1440}
GROUPS = ("eventName", "eventType", "source")
FILTERS = ("sourceId", "eventName", "eventType", "appVersion")
EVENTS = (
    ("track", "Product Viewed", 7),
    ("track", "Product Added", 3),
    ("track", "Order Completed", 1),
    ("page", None, 9),
    ("identify", None, 2),
)
VERSIONS = {"1.0.0": 1, "2.0.0": 3}


@dataclass(frozen=True)
class _Asked:
    granularity: str
    start: datetime
    end: datetime
    lists: dict[str, list[str]]

    def buckets(self) -> list[tuple[datetime, int]]:
        """Each bucket's start and the growth of the clock within it."""
        size = MINUTES[self.granularity]
        first, last = _minute(self.start), _minute(self.end)
        edges = [first, *range((first // size + 1) * size, last, size), last]
        return [(_moment(low - low % size), _clock(high) - _clock(low)) for low, high in itertools.pairwise(edges)]

    def bucket_count(self) -> int:
        size = MINUTES[self.granularity]
        return -(-_minute(self.end) // size) - _minute(self.start) // size


@operation("getEventsVolumeFromWorkspace", "GET /events/volume")
def get_events_volume(call: RequestContext) -> Data:
    """Counts of events over time."""
    asked = _read(call)
    if asked.bucket_count() > MAX_BUCKETS and call.assume("volume-range") == "422":
        raise ApiError(
            422,
            [problem("endTime", f"is more than {MAX_BUCKETS} {asked.granularity} buckets behind startTime")],
        )
    real = call.assume("volume-counts") == "synthetic"
    groups = _groups(call, asked)[:MAX_RESULTS]
    shown, pagination = page_of(call, groups)
    buckets = asked.buckets()
    return {
        "path": PATH,
        "query": _echo(call, asked),
        "result": [_result(group, weight if real else 0, buckets) for group, weight in shown],
        "pagination": pagination,
    }


def _read(call: RequestContext) -> _Asked:
    query, errors = call.query, []
    granularity = query.text("granularity")
    if granularity is None:
        errors.append(problem("granularity", "is required"))
    elif granularity not in MINUTES:
        errors.append(problem("granularity", "must be one of DAY, HOUR, MINUTE"))
    times = {}
    for name in ("startTime", "endTime"):
        try:
            times[name] = _time(query.text(name))
        except ValueError as error:
            errors.append(problem(name, str(error)))
    if len(times) == 2 and times["startTime"] >= times["endTime"]:
        errors.append(problem("endTime", "must be later than startTime"))
    groups = query.texts("groupBy")
    errors += [problem("groupBy", f"must be among {', '.join(GROUPS)}") for each in groups if each not in GROUPS]
    if errors:
        raise ApiError(422, errors)
    lists = {name: query.texts(name) for name in FILTERS} | {"groupBy": groups}
    return _Asked(str(granularity), times["startTime"], times["endTime"], lists)


def _time(text: str | None) -> datetime:
    if text is None:
        raise ValueError("is required")
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 time") from None
    return found


def _minute(moment: datetime) -> int:
    """Whole minutes since 1970; a count of a broken minute belongs to the minute it started in."""
    return int(moment.timestamp() // 60)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _clock(minute: int) -> int:
    """How often the clock has ticked: once a minute, and once more in each minute from 08:00 to 20:00 UTC."""
    days, rest = divmod(minute, 1440)
    return minute + days * 720 + min(max(rest - 480, 0), 720)


def _groups(call: RequestContext, asked: _Asked) -> list[tuple[dict[str, Any], int]]:
    """Each group's fields and weight; a group without events is left out."""
    by = asked.lists["groupBy"]
    wanted = asked.lists["appVersion"]
    versions = sum(weight for version, weight in VERSIONS.items() if not wanted or version in wanted)
    events: dict[tuple[Any, ...], int] = {}
    for kind, name, weight in EVENTS:
        if _passes(asked, "eventType", kind) and _passes(asked, "eventName", name):
            key = (name if "eventName" in by else None, kind if "eventType" in by else None)
            events[key] = events.get(key, 0) + weight
    sources = _sources(call, asked)
    if "source" not in by:
        sources = [({}, sum(weight for _, weight in sources))]
    return [
        (source | _present(eventName=name, eventType=kind), weight * share * versions)
        for source, weight in sources
        for (name, kind), share in events.items()
        if weight * share * versions
    ]


def _passes(asked: _Asked, name: str, value: str | None) -> bool:
    return not asked.lists[name] or value in asked.lists[name]


def _present(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _sources(call: RequestContext, asked: _Asked) -> list[tuple[dict[str, Any], int]]:
    wanted = asked.lists["sourceId"]
    found: Iterable[Record | None] = (
        [call.store.get("sources", id_) for id_ in dict.fromkeys(wanted)] if wanted else call.store.all("sources")
    )
    return [
        (
            {"source": {name: source[name] for name in ("id", "name", "slug")}},
            zlib.crc32(source["id"].encode()) % 9 + 1,
        )
        for source in found
        if source is not None
    ]


def _result(group: dict[str, Any], weight: int, buckets: list[tuple[datetime, int]]) -> dict[str, Any]:
    series = [{"time": _text(moment), "count": weight * growth} for moment, growth in buckets]
    return group | {"total": sum(weight * growth for _, growth in buckets), "series": series}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _echo(call: RequestContext, asked: _Asked) -> dict[str, Any]:
    times = {name: call.query.text(name) for name in ("startTime", "endTime")}
    lists = {name: values for name, values in asked.lists.items() if values}
    return {"workspaceId": call.workspace["id"], **times, "granularity": asked.granularity, **lists}
