"""Event volumes: made up, yet consistent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox import support
from tests.sandbox.support import Api

DAYS = "startTime=2026-01-01T00:00:00Z&endTime=2026-01-03T00:00:00Z"


def volume(api: Api, query: str) -> Any:
    return api.data("GET", f"/events/volume?{query}")


def total(api: Api, query: str) -> int:
    return sum(each["total"] for each in volume(api, query)["result"])


def test_path_and_query_are_echoed(api: Api) -> None:
    volumes = volume(api, f"granularity=DAY&{DAYS}&groupBy.0=source&eventType[]=track")
    assert volumes["path"] == "/observability/event_volume/v2.json"
    assert volumes["query"] == {
        "workspaceId": support.WORKSPACE,
        "granularity": "DAY",
        "startTime": "2026-01-01T00:00:00Z",
        "endTime": "2026-01-03T00:00:00Z",
        "groupBy": ["source"],
        "eventType": ["track"],
    }


def test_ungrouped_there_is_one_series_of_the_granularity(api: Api) -> None:
    [result] = volume(api, f"granularity=DAY&{DAYS}")["result"]
    assert [each["time"] for each in result["series"]] == ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    assert result["total"] == sum(each["count"] for each in result["series"]) > 0


def test_counts_are_the_same_each_time(api: Api) -> None:
    assert volume(api, f"granularity=HOUR&{DAYS}") == volume(api, f"granularity=HOUR&{DAYS}")


@pytest.mark.parametrize("granularity", ["HOUR", "MINUTE"])
def test_finer_buckets_sum_up_to_the_day(api: Api, granularity: str) -> None:
    day = "startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z"
    [fine] = volume(api, f"granularity={granularity}&{day}")["result"]
    assert len(fine["series"]) == {"HOUR": 24, "MINUTE": 1440}[granularity]
    assert fine["total"] == total(api, f"granularity=DAY&{day}")


@pytest.mark.parametrize("group", ["source", "eventName", "eventType"])
def test_groups_sum_up_to_the_whole(api: Api, group: str) -> None:
    assert total(api, f"granularity=DAY&{DAYS}&groupBy={group}") == total(api, f"granularity=DAY&{DAYS}")


def test_group_names_its_source(api: Api) -> None:
    groups = volume(api, f"granularity=DAY&{DAYS}&groupBy=source&groupBy=eventType")["result"]
    assert {"id": support.IOS_SOURCE, "name": "", "slug": "ios"} in [group["source"] for group in groups]
    assert {group["eventType"] for group in groups} == {"track", "page", "identify"}


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("eventType=track", "eventType=page&eventType=identify"),
        ("appVersion=1.0.0", "appVersion=2.0.0"),
        ("eventName=Order%20Completed&eventName=Product%20Viewed", None),
        (f"sourceId={support.IOS_SOURCE}", None),
    ],
)
def test_filters_leave_a_part(api: Api, query: str, rest: str | None) -> None:
    whole, part = (total(api, f"granularity=DAY&{DAYS}{each}") for each in ("", f"&{query}"))
    assert 0 < part < whole
    if rest:
        assert part + total(api, f"granularity=DAY&{DAYS}&{rest}") == whole


def test_filter_without_a_match_leaves_no_result(api: Api) -> None:
    assert volume(api, f"granularity=DAY&{DAYS}&sourceId=nothing")["result"] == []


def test_groups_come_in_pages(api: Api) -> None:
    query = f"granularity=DAY&{DAYS}&groupBy=source&pagination.count=2"
    first = volume(api, query)
    second = volume(api, f"{query}&pagination.cursor={first['pagination']['next']}")
    ids = [each["source"]["id"] for page in (first, second) for each in page["result"]]
    assert len(set(ids)) == 4
    assert first["pagination"]["totalEntries"] == 5


def test_span_within_a_bucket_counts_its_part(api: Api) -> None:
    part = total(api, "granularity=DAY&startTime=2026-01-01T06:00:00Z&endTime=2026-01-01T12:00:00Z")
    assert 0 < part < total(api, "granularity=DAY&startTime=2026-01-01&endTime=2026-01-02")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["granularity", "startTime", "endTime"]),
        (f"granularity=WEEK&{DAYS}", ["granularity"]),
        ("granularity=DAY&startTime=today&endTime=2026-01-01", ["startTime"]),
        ("granularity=DAY&startTime=2026-01-02&endTime=2026-01-02", ["endTime"]),
        (f"granularity=DAY&{DAYS}&groupBy=planet", ["groupBy"]),
        ("granularity=MINUTE&startTime=2026-01-01&endTime=2026-01-03", ["endTime"]),
    ],
)
def test_wrong_query_names_its_fields(api: Api, query: str, fields: list[str]) -> None:
    assert api.fields("GET", f"/events/volume?{query}") == fields
