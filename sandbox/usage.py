"""Daily usage of the workspace and its sources: synthetic counts, the same in every response."""

from __future__ import annotations

import calendar
import zlib
from datetime import UTC, date, datetime
from typing import Any

from connector.sandbox_kit import Data, RequestContext, invalid, page_of

from . import api
from .pagination import page_request, pagination_of

_USERS = ("anonymous", "anonymousIdentified", "identified", "neverIdentified")


@api.operation("getDailyWorkspaceAPICallsUsage", "GET /usage/api-calls/daily")
def get_daily_api_calls(context: RequestContext) -> Data:
    """Return the API calls of each day of a month."""
    days = [{"timestamp": _start_of(day), "apiCalls": _count(day, "calls")} for day in _days(context)]
    return _page(context, "dailyWorkspaceAPICallsUsage", days)


@api.operation("getDailyPerSourceAPICallsUsage", "GET /usage/api-calls/sources/daily")
def get_daily_api_calls_of_sources(context: RequestContext) -> Data:
    """Return the API calls of each source on each day of a month."""
    days = [
        {"sourceId": id_, "timestamp": _start_of(day), "apiCalls": _count(day, f"calls {id_}")}
        for day in _days(context)
        for id_ in context.store.ids("sources")
    ]
    return _page(context, "dailyPerSourceAPICallsUsage", days)


@api.operation("getDailyWorkspaceMTUUsage", "GET /usage/mtu/daily")
def get_daily_mtu(context: RequestContext) -> Data:
    """Return the monthly tracked users up to each day of a month."""
    month = _days(context)
    days = [_period(month) | _users(day, "") for day in month]
    return _page(context, "dailyWorkspaceMTUUsage", days)


@api.operation("getDailyPerSourceMTUUsage", "GET /usage/mtu/sources/daily")
def get_daily_mtu_of_sources(context: RequestContext) -> Data:
    """Return the monthly tracked users of each source up to each day of a month."""
    month = _days(context)
    days = [
        {"sourceId": id_} | _period(month) | _users(day, id_) for day in month for id_ in context.store.ids("sources")
    ]
    return _page(context, "dailyPerSourceMTUUsage", days)


def _page(context: RequestContext, root: str, records: list[dict[str, Any]]) -> Data:
    page = page_of(records, page_request(context))
    return {root: page.items, "pagination": pagination_of(context, page)}


def _days(context: RequestContext) -> list[date]:
    period = context.query.string("period")
    if period is None:
        raise invalid("period", "is required")
    try:
        month = datetime.fromisoformat(period).date()
    except ValueError:
        raise invalid("period", "must be a date or time such as 2026-01-01") from None
    last = calendar.monthrange(month.year, month.month)[1]
    return [month.replace(day=day) for day in range(1, last + 1)]


def _period(month: list[date]) -> dict[str, Any]:
    return {"periodStart": _seconds(month[0]), "periodEnd": _seconds(month[-1]) + 86_400}


def _users(day: date, source_id: str) -> dict[str, Any]:
    return {"timestamp": _start_of(day)} | {name: _count(day, f"{name} {source_id}".strip()) for name in _USERS}


def _count(day: date, name: str) -> str:
    return str(zlib.crc32(f"{name} {day}".encode()) % 1000)


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _start_of(day: date) -> str:
    return f"{day}T00:00:00.000Z"
