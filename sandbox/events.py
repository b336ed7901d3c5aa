"""Event volumes: synthetic counts, the same in every response, that add up across buckets and groups.

A count is a weight times the ticks of a clock. Sources, events and app versions have weights; the clock ticks once per
minute, and twice by day. So the hours of a day add up to the day, and the groups of a list to the total.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.sandbox_kit import ApiError, Data, Record, RequestContext, page_of, problem

from . import api
from .pagination import page_request, pagination_of
from .query_lists import strings

api.assumption("granularity-case", "A granularity in lower case", ("422", "accept"), "a published program sends it")
api.assumption(
    "volume-counts", "Event volumes are synthetic, the same for the same sources and times", ("synthetic", "zero")
)
api.assumption("volume-range", "More than 1,500 buckets in one response", ("422", "allow"))

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
DELIMITERS = {"sourceId": ","}
VERSIONS = {"1.0.0": 1, "2.0.0": 3}


@dataclass(frozen=True)
class _VolumeQuery:
    granularity: str
    start: datetime
    end: datetime
    lists: dict[str, list[str]]

    def buckets(self) -> list[tuple[datetime, int]]:
        """Return each bucket's start and the ticks of the clock within it."""
        size = MINUTES[self.granularity]
        first, last = _minute(self.start), _minute(self.end)
        edges = [first, *range((first // size + 1) * size, last, size), last]
        return [(_moment(low - low % size), _clock(high) - _clock(low)) for low, high in itertools.pairwise(edges)]

    def bucket_count(self) -> int:
        size = MINUTES[self.granularity]
        return -(-_minute(self.end) // size) - _minute(self.start) // size


@api.operation("getEventsVolumeFromWorkspace", "GET /events/volume")
def get_events_volume(context: RequestContext) -> Data:
    """Return counts of events over time."""
    volume = _read(context)
    if volume.bucket_count() > MAX_BUCKETS and context.assume("volume-range") == "422":
        raise ApiError(
            422,
            [problem("endTime", f"must be at most {MAX_BUCKETS} {volume.granularity} buckets after startTime")],
        )
    real = context.assume("volume-counts") == "synthetic"
    groups = _groups(context, volume)[:MAX_RESULTS]
    page = page_of(groups, page_request(context))
    buckets = volume.buckets()
    return {
        "path": PATH,
        "query": _echo(context, volume),
        "result": [_result(group, weight if real else 0, buckets) for group, weight in page.items],
        "pagination": pagination_of(context, page),
    }


def _read(context: RequestContext) -> _VolumeQuery:
    query, errors = context.query, []
    granularity = query.string("granularity")
    if granularity and granularity.upper() != granularity and context.assume("granularity-case") == "accept":
        granularity = granularity.upper()
    if granularity is None:
        errors.append(problem("granularity", "is required"))
    elif granularity not in MINUTES:
        errors.append(problem("granularity", "must be one of DAY, HOUR, MINUTE"))
    times = {}
    for name in ("startTime", "endTime"):
        try:
            times[name] = _time(query.string(name))
        except ValueError as error:
            errors.append(problem(name, str(error)))
    if len(times) == 2 and times["startTime"] >= times["endTime"]:
        errors.append(problem("endTime", "must be later than startTime"))
    groups = strings(context, "groupBy", delimiter=",")
    errors += [problem("groupBy", f"must be one of {', '.join(GROUPS)}") for each in groups if each not in GROUPS]
    if errors:
        raise ApiError(422, errors)
    lists = {name: strings(context, name, delimiter=DELIMITERS.get(name)) for name in FILTERS} | {"groupBy": groups}
    return _VolumeQuery(str(granularity), times["startTime"], times["endTime"], lists)


def _time(text: str | None) -> datetime:
    if text is None:
        raise ValueError("is required")
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 time") from None
    return moment


def _minute(moment: datetime) -> int:
    """Return whole minutes since 1970; the counts of a partial minute belong to the minute in which it starts."""
    return int(moment.timestamp() // 60)


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _clock(minute: int) -> int:
    """Return the ticks of the clock: one per minute, and one more in each minute from 08:00 to 20:00 UTC."""
    days, rest = divmod(minute, 1440)
    return minute + days * 720 + min(max(rest - 480, 0), 720)


def _groups(context: RequestContext, volume: _VolumeQuery) -> list[tuple[dict[str, Any], int]]:
    """Return the fields and the weight of each group that has events."""
    by = volume.lists["groupBy"]
    app_versions = volume.lists["appVersion"]
    versions = sum(weight for version, weight in VERSIONS.items() if not app_versions or version in app_versions)
    events: dict[tuple[Any, ...], int] = {}
    for kind, name, weight in EVENTS:
        if _passes(volume, "eventType", kind) and _passes(volume, "eventName", name):
            key = (name if "eventName" in by else None, kind if "eventType" in by else None)
            events[key] = events.get(key, 0) + weight
    sources = _sources(context, volume)
    if "source" not in by:
        sources = [({}, sum(weight for _, weight in sources))]
    return [
        (source | _present(eventName=name, eventType=kind), weight * share * versions)
        for source, weight in sources
        for (name, kind), share in events.items()
        if weight * share * versions
    ]


def _passes(volume: _VolumeQuery, name: str, value: str | None) -> bool:
    return not volume.lists[name] or value in volume.lists[name]


def _present(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _sources(context: RequestContext, volume: _VolumeQuery) -> list[tuple[dict[str, Any], int]]:
    ids = volume.lists["sourceId"]
    sources: Iterable[Record | None] = (
        [context.store.get("sources", id_) for id_ in dict.fromkeys(ids)] if ids else context.store.all("sources")
    )
    return [
        (
            {"source": {name: source[name] for name in ("id", "name", "slug")}},
            zlib.crc32(source["id"].encode()) % 9 + 1,
        )
        for source in sources
        if source is not None
    ]


def _result(group: dict[str, Any], weight: int, buckets: list[tuple[datetime, int]]) -> dict[str, Any]:
    series = [{"time": _text(moment), "count": weight * growth} for moment, growth in buckets]
    return group | {"total": sum(weight * growth for _, growth in buckets), "series": series}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _echo(context: RequestContext, volume: _VolumeQuery) -> dict[str, Any]:
    times = {name: context.query.string(name) for name in ("startTime", "endTime")}
    lists = {name: values for name, values in volume.lists.items() if values}
    return {"workspaceId": context.workspace["id"], **times, "granularity": volume.granularity, **lists}
