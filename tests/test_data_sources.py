"""The picklists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connector
from tests.support.server import Asked, LoopbackServer, ServerResponse


def answering(name: str, *pages: list[dict[str, Any]]) -> Any:
    def script(asked: Asked) -> ServerResponse:
        page = int(dict(asked.query).get("pagination[cursor]", "0"))
        pagination = {"current": str(page)} | ({"next": str(page + 1)} if page + 1 < len(pages) else {})
        return ServerResponse({"data": {name: pages[page], "pagination": pagination}})

    return script


def named(key: str, name: str | None = None, kind: str = "Kind") -> dict[str, Any]:
    return {"id": key, "metadata": {"name": kind}} | ({} if name is None else {"name": name})


def options(runner: connector.Runner, key: str, **how: Any) -> list[tuple[str, str]]:
    return [(choice["label"], choice["key"]) for choice in runner.choices(key, **how)["result"]]


def test_all_pages_are_followed_and_sorted_by_label(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering(
        "sources", [{"id": "1", "slug": "web"}], [{"id": "2", "slug": "Android"}], [{"id": "3", "slug": "ios"}]
    )

    assert options(runner, "sources") == [("Android", "2"), ("ios", "3"), ("web", "1")]
    assert {dict(asked.query)["pagination[count]"] for asked in server.asked} == {"200"}


def test_destination_shows_its_name_else_the_name_of_its_type(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering(
        "destinations", [named("1", "Mine"), named("2", ""), named("3"), named("4", kind="Other")]
    )

    assert options(runner, "destination") == [("Kind (2)", "2"), ("Kind (3)", "3"), ("Mine", "1"), ("Other", "4")]


def test_warehouse_shows_the_name_of_its_type(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering("warehouses", [named("1", "ignored", "Redshift"), named("2", kind="Postgres")])

    assert options(runner, "warehouses") == [("Postgres", "2"), ("Redshift", "1")]


def test_equal_ids_count_once(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering(
        "sources", [{"id": "1", "slug": "web"}, {"id": "1", "slug": "web"}], [{"id": "1", "slug": "x"}]
    )

    assert options(runner, "sources") == [("web", "1")]


def test_equal_labels_get_their_id(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering("sources", [{"id": "1", "slug": "web"}, {"id": "2", "slug": "web"}])

    assert options(runner, "sources") == [("web (1)", "1"), ("web (2)", "2")]


def test_choices_without_records_are_an_empty_list(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering("sources", [])

    assert runner.choices("sources") == {"result": []}


def test_searching_looks_at_label_and_key_whatever_the_case(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering(
        "sources", [{"id": "Aweb", "slug": "x"}, {"id": "b", "slug": "My WEB"}, {"id": "c", "slug": "y"}]
    )

    assert options(runner, "sources", search="web") == [("My WEB", "b"), ("x", "Aweb")]
    assert options(runner, "sources", limit=2) == [("My WEB", "b"), ("x", "Aweb")]
    assert options(runner, "sources", limit=0) == []


def test_negative_limit_is_rejected(runner: connector.Runner) -> None:
    with pytest.raises(connector.errors.UsageError, match="limit"):
        runner.choices("sources", limit=-1)


def test_region_goes_to_the_list(segment: connector.Component) -> None:
    runner = connector.Runner(segment, {"fields": {"apiKey": "x"}})
    seen = []

    class Stop:
        @connector.hookimpl
        def send_request(self, context: connector.Context) -> Any:
            seen.append(context.endpoint.base_url)
            return connector.rest.Response(200, "", {}, b'{"data": {"sources": []}}')

    component = connector.load_component()
    component.add_plugin(Stop())
    connector.Runner(component, {"fields": {"apiKey": "x"}}).choices("sources", {"region": "eu1.api"})

    assert seen == ["https://eu1.api.segmentapis.com"]
    assert runner is not None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"id": "1"}, [("1", "1")]),
        ({"id": 1, "metadata": {"name": 2}}, [("2", "1")]),
        ({"id": "1", "name": None, "metadata": None}, [("1", "1")]),
        ({"id": "1", "name": "", "metadata": {"name": ["x"]}}, [("1", "1")]),
        ({"name": "no id"}, []),
        ({"id": None}, []),
        ("text", []),
        (None, []),
    ],
)
def test_odd_records_are_shown_by_what_they_have_or_left_out(
    record: Any, expected: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.script = answering("destinations", [record])

    assert options(runner, "destination") == expected


@given(st.lists(st.tuples(st.text(max_size=4), st.text("ab()1 ", min_size=1, max_size=4)), max_size=20))
def test_every_choice_has_a_unique_label(choices: list[tuple[str, str]]) -> None:
    result = connector.picklist([{"id": key, "name": label} for label, key in choices], "name")["result"]

    assert {choice["key"] for choice in result} == {key for _, key in choices}
    assert len({choice["label"] for choice in result}) == len(result) == len({key for _, key in choices})
