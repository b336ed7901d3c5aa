"""Daily usage of the workspace: synthetic counts, the same in every response."""

from __future__ import annotations

import calendar
import zlib
from datetime import UTC, date, datetime

from connector.sandbox_kit import Data, RequestContext, invalid, page_of

from . import api
from .pagination import page_request, pagination_of


@api.operation("getDailyWorkspaceAPICallsUsage", "GET /usage/api-calls/daily")
def get_daily_api_calls(context: RequestContext) -> Data:
    """Return the API calls of each day of a month."""
    days = [{"timestamp": _start_of(day), "apiCalls": str(_count(day, "calls"))} for day in _days(context)]
    page = page_of(days, page_request(context))
    return {"dailyWorkspaceAPICallsUsage": page.items, "pagination": pagination_of(context, page)}


@api.operation("getDailyWorkspaceMTUUsage", "GET /usage/mtu/daily")
def get_daily_mtu(context: RequestContext) -> Data:
    """Return the monthly tracked users up to each day of a month."""
    month = _days(context)
    period = {"periodStart": _seconds(month[0]), "periodEnd": _seconds(month[-1]) + 86_400}
    names = ("anonymous", "anonymousIdentified", "identified", "neverIdentified")
    days = [period | {"timestamp": _start_of(day)} | {name: str(_count(day, name)) for name in names} for day in month]
    page = page_of(days, page_request(context))
    return {"dailyWorkspaceMTUUsage": page.items, "pagination": pagination_of(context, page)}


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


def _count(day: date, name: str) -> int:
    return zlib.crc32(f"{name} {day}".encode()) % 1000


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _start_of(day: date) -> str:
    return f"{day}T00:00:00.000Z"
