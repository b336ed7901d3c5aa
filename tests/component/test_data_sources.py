"""The picklists."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connector
from connector.describe.prismatic import server_form
from connector.sandbox_kit.sandbox import Sandbox
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse


def answering(name: str, *pages: list[dict[str, Any]]) -> Any:
    def script(request: ReceivedRequest) -> ServerResponse:
        page = int(dict(request.query).get("pagination[cursor]", "0"))
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
    assert {dict(request.query)["pagination[count]"] for request in server.requests} == {"200"}


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
            return connector.rest.Response(200, "", {}, b'{"data": {"sources": [], "pagination": {}}}')

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


def test_records_without_the_field_of_the_key_are_an_error(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering("sources", [{"sourceId": "1", "slug": "web"}, {"sourceId": "2", "slug": "app"}])

    with pytest.raises(connector.errors.HandlerError, match='no record has the field "id"') as caught:
        runner.choices("sources")

    assert caught.value.hint == "Pass picklist(..., key=...). The first record has: sourceId, slug."


def test_records_are_left_out_when_only_some_lack_the_key(runner: connector.Runner, server: LoopbackServer) -> None:
    server.script = answering("sources", [{"slug": "web"}, {"id": "2", "slug": "app"}])

    assert options(runner, "sources") == [("app", "2")]


@given(st.lists(st.tuples(st.text("aB ßİ()1", max_size=4), st.text("ab()1 ", min_size=1, max_size=4)), max_size=20))
def test_every_choice_has_a_unique_label(choices: list[tuple[str, str]]) -> None:
    result = connector.picklist([{"id": key, "name": label} for label, key in choices], "name")["result"]

    assert {choice["key"] for choice in result} == {key for _, key in choices}
    assert len({choice["label"] for choice in result}) == len(result) == len({key for _, key in choices})


def test_every_id_of_a_documented_action_has_choices(segment: connector.Component) -> None:
    documented = [action for action in segment.actions.values() if action.in_prismatic]
    without = {
        f"{action.key}.{key}"
        for action in documented
        for key, marker in action.inputs.definitions().items()
        if key.endswith(("Id", "Ids")) and not marker.data_source
    }

    assert without == set()


@pytest.mark.parametrize("key", ["functions", "transformations", "users", "reverseEtlModels"])
def test_further_choices_are_the_records_of_the_workspace(sandbox: Sandbox, key: str) -> None:
    keys = {choice["key"] for choice in sandbox.runner().choices(key)["result"]}

    assert keys == {record["id"] for record in getattr(sandbox, key)}
    assert keys


def test_functions_can_be_those_of_one_type(sandbox: Sandbox) -> None:
    choices = sandbox.runner().choices("functions", {"resourceType": "SOURCE"})["result"]

    assert {choice["key"] for choice in choices} == {
        function["id"] for function in sandbox.functions if function["resourceType"] == "SOURCE"
    }


def test_choices_of_types_are_those_of_the_catalog(sandbox: Sandbox) -> None:
    labels = {choice["label"] for choice in sandbox.runner().choices("sourceTypes")["result"]}

    assert "Javascript" in labels
    assert sandbox.runner().choices("destinationTypes")["result"]
    assert sandbox.runner().choices("warehouseTypes")["result"]
    assert sandbox.runner().choices("transformations")["result"]


def test_choices_of_a_destination_are_its_own(sandbox: Sandbox) -> None:
    runner = sandbox.runner()
    subscription = sandbox.subscriptions[0]
    destination = {"destinationId": subscription["destinationId"]}

    keys = {choice["key"] for choice in runner.choices("subscriptions", destination)["result"]}
    actions = {choice["key"] for choice in runner.choices("destinationActions", destination)["result"]}
    assert subscription["id"] in keys
    assert subscription["actionId"] in actions
    with pytest.raises(connector.errors.InputError, match="destinationId"):
        runner.choices("subscriptions")


def test_dependent_choices_say_what_they_depend_on(segment: connector.Component) -> None:
    schema = segment.actions["getDestinationSubscription"].input_schema["properties"]["subscriptionId"]

    assert (schema["x-data-source"], schema["x-depends-on"]) == ("subscriptions", ["destinationId"])


def test_prismatics_definition_has_only_its_own_data_sources(segment: connector.Component) -> None:
    form = server_form(segment)
    named = {entry.get("dataSource") for action in form["actions"].values() for entry in action["inputs"]}

    assert set(form["dataSources"]) == named - {None} == {"destination", "sources", "warehouses"}


def many(name: str, number: int, received: list[ReceivedRequest]) -> Any:
    def script(request: ReceivedRequest) -> ServerResponse:
        received.append(request)
        page = int(dict(request.query).get("pagination[cursor]", "0"))
        records = [{"id": str(n), "slug": f"source-{n}"} for n in range(page * 200, page * 200 + 200)]
        following = {"next": str(page + 1)} if (page + 1) * 200 < number else {}
        return ServerResponse({"data": {name: records, "pagination": {"current": str(page), **following}}})

    return script


def test_search_stops_when_it_has_enough(runner: connector.Runner, server: LoopbackServer) -> None:
    received: list[ReceivedRequest] = []
    server.script = many("sources", 40_000, received)

    assert options(runner, "sources", search="SOURCE-25", limit=3) == [
        ("source-25", "25"),
        ("source-250", "250"),
        ("source-251", "251"),
    ]
    assert len(received) == 2


def test_choices_are_kept_for_a_moment(
    runner: connector.Runner, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[ReceivedRequest] = []
    server.script = many("sources", 200, received)
    first = runner.choices("sources")
    first["result"].clear()
    assert len(runner.choices("sources")["result"]) == 200
    assert len(received) == 1

    runner.choices("sources", {"region": "api"})
    runner.choices("sources", fresh=True)
    assert len(received) == 3
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 31)
    runner.choices("sources")
    assert len(received) == 4
