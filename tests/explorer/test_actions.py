"""The screen of the actions: forms, choices, calls, and the history."""

from __future__ import annotations

from typing import Any

import pytest

import connector
from connector.component.definitions import Action, Pagination
from connector.explorer import forms
from connector.explorer.calls import count_redacted, next_page
from tests.explorer.conftest import Explored, exploring

SOURCE = "rh5BDZp6QDHvXFCkibm1pR"


def kinds(action: Action[Any]) -> dict[str, str]:
    return {field.key: field.kind for field in forms.fields(action)}


def test_fields_have_the_controls_of_their_types(component: connector.Component) -> None:
    assert kinds(component.action("updateSource")) == {
        "sourceId": "text",
        "region": "choice",
        "slug": "text",
        "enabled": "boolean",
        "name": "text",
        "settings": "json",
    }
    assert kinds(component.action("listSources"))["count"] == "number"
    assert kinds(component.action("getEventsVolumeFromWorkspace"))["groupBy"] in {"list", "choices"}


def test_required_fields_come_first(component: connector.Component) -> None:
    for action in component.actions.values():
        required = [field.required for field in forms.fields(action)]
        assert required == sorted(required, reverse=True)


def test_page_of_an_action_has_its_form_and_fills_in_nothing(explored: Explored) -> None:
    page = explored.get("/actions/updateSource").text

    assert 'data-source="sources"' in page
    assert 'id="i-settings"' in page
    assert 'value="rh5B' not in page
    assert "Updates an existing Source." in page
    assert 'id="i-region"' not in page  # the connection decides


def test_home_leads_to_a_list(explored: Explored) -> None:
    assert explored.get("/").header("Location") == "/actions/listUsers"


def test_operations_without_an_action_of_their_own_are_listed(explored: Explored) -> None:
    assert "/actions/createLabel" in explored.get("/operations").text
    assert explored.get("/actions/createLabel").status == 200


def test_call_returns_payload_requests_and_time(explored: Explored) -> None:
    call = explored.call("listSources", {"count": 2})

    assert call["state"] == "done"
    assert len(call["payload"]["data"]["data"]["sources"]) == 2
    (request,) = call["requests"]
    assert request["method"] == "GET"
    assert request["status"] == 200
    assert request["headers"]["Authorization"] == "***"


def test_next_page_has_the_cursor_of_the_payload(explored: Explored) -> None:
    first = explored.call("listSources", {"count": 1})
    second = explored.call("listSources", first["next"])

    assert first["next"] == {"count": 1, "cursor": first["payload"]["data"]["data"]["pagination"]["next"]}
    assert first["payload"] != second["payload"]


class PageInputs(connector.Inputs):
    cursor: int = 0


@pytest.mark.parametrize(
    ("style", "inputs", "expected"),
    [("offset", {}, 2), ("offset", {"cursor": 4}, 6), ("page", {}, 2), ("page", {"cursor": 3}, 4)],
)
def test_next_page_of_other_styles_counts_on(style: Any, inputs: dict[str, Any], expected: int) -> None:
    pagination = Pagination(records="$.data", style=style, total="$.total")
    action: Action[Any] = Action("listThings", lambda _context, _inputs: {}, pagination=pagination)
    action.__dict__["inputs"] = PageInputs

    assert next_page(action, inputs, {"data": [1, 2], "total": 9}) == {**inputs, "cursor": expected}


def test_invalid_inputs_are_reported_by_field_and_not_kept(explored: Explored) -> None:
    call = explored.call("listSources", {"count": "x", "nope": 1})

    assert call["state"] == "failed"
    assert {problem["location"] for problem in call["error"]["problems"]} == {"count", "nope"}
    assert explored.get("/history").text.count("data-call") == 0


def test_write_is_shown_without_being_sent(explored: Explored) -> None:
    inputs = {"sourceId": SOURCE, "enabled": False, "settings": {"k": "secret-4711"}}

    call = explored.call("updateSource", inputs, how="show")

    assert call["state"] == "shown"
    assert call["request"]["method"] == "PATCH"
    assert call["request"]["body"] == {"enabled": False, "settings": {"k": "***"}}
    assert "secret-4711" not in str(call)
    assert explored.sandbox.requests == []


@pytest.mark.parametrize(
    ("inputs", "body"),
    [
        ({"name": "x"}, {"name": "x"}),
        ({"name": ""}, {"name": ""}),
        ({"enabled": False}, {"enabled": False}),
        ({"settings": {}}, {"settings": {}}),
    ],
    ids=["set", "empty", "false", "empty object"],
)
def test_inputs_are_sent_as_they_are_set(explored: Explored, inputs: dict[str, Any], body: dict[str, Any]) -> None:
    call = explored.call("updateSource", {"sourceId": SOURCE, **inputs})

    assert call["state"] == "done"
    assert explored.sandbox.requests[-1].body == body


def test_null_is_sent_as_null(explored: Explored) -> None:
    for action in explored.explorer.site.runner.component.actions.values():
        fields = forms.fields(action)
        nullable = [field for field in fields if field.nullable]
        required = {each.key: "x" for each in fields if each.required}
        if nullable and all(each.kind == "text" for each in fields if each.required):
            break
    page = explored.get(f"/actions/{action.key}").text

    call = explored.call(action.key, {**required, nullable[0].key: None}, how="show")

    assert "clear it (send null)" in page
    assert call["state"] == "shown", call["error"]
    assert call["request"]["body"][nullable[0].key] is None


def test_secret_inputs_are_not_kept(explored: Explored) -> None:
    explored.call("updateSource", {"sourceId": SOURCE, "settings": {"websiteUrl": "secret-4711"}})

    assert explored.get("/history/1").json["inputs"]["settings"] == "***"
    assert "secret-4711" not in explored.get("/history/1").text


def test_secrets_of_a_payload_are_shown_on_request(explored: Explored) -> None:
    key = explored.sandbox.sources[0]["writeKeys"][0]
    call = explored.call("listSources", {})

    assert key not in str(call)
    assert call["secrets"] > 0
    assert f"Show {call['secrets']} secrets" in call["html"]
    assert key in explored.get(f"/history/{call['id']}?reveal=1").text


def test_redacted_values_are_counted() -> None:
    assert count_redacted({"a": "***", "b": [1, "***"]}, {"a": "x", "b": [1, "y"]}) == 2


def test_choices_are_searched_and_counted(explored: Explored) -> None:
    choices = explored.get("/choices/sources?search=WEB").json

    assert choices["total"] == 2
    assert [each["label"] for each in choices["result"]] == ["old-website", "web"]


def test_choices_are_requested_once_and_again_after_a_write(explored: Explored) -> None:
    for search in ("", "a", "b"):
        explored.get(f"/choices/sources?search={search}")
    assert len(explored.sandbox.requests) == 1

    explored.call("updateSource", {"sourceId": SOURCE, "name": "zebra", "slug": "zebra"})
    assert explored.get("/choices/sources?search=zebra").json["total"] == 1


def test_choices_that_need_other_inputs_get_them(explored: Explored) -> None:
    destination = explored.sandbox.destinations[0]["id"]

    assert explored.get(f"/choices/subscriptions?search=&destinationId={destination}").status == 200
    missing = explored.get("/choices/subscriptions?search=")
    assert missing.status == 502
    assert missing.json["error"]["type"] == "InputError"


def test_failure_of_the_api_is_shown_with_its_type(explored: Explored) -> None:
    explored.sandbox.add_fault("error:404")
    call = explored.call("listSources", {})

    assert call["error"]["type"] == "NotFoundError"
    assert "NotFoundError" in call["html"]
    assert "NotFoundError" in explored.get("/history").text


def test_history_keeps_the_last_calls(explored: Explored) -> None:
    for _ in range(52):
        explored.call("deleteSource", {"sourceId": "x"}, how="show")

    assert explored.get("/history").text.count("data-call") == 20
    assert explored.get("/history/2").status == 404
    assert explored.get("/history/52").status == 200


def test_read_only_connection_shows_writes_and_sends_none(real: Explored) -> None:
    page = real.get("/actions/updateSource").text
    inputs = {"sourceId": SOURCE, "name": "x"}

    assert "Acme production" in page
    assert "read-only" in page
    assert "--write" in page
    assert real.call("updateSource", inputs, how="show")["state"] == "shown"
    assert real.call("updateSource", inputs)["error"]["type"] == "PolicyError"
    assert real.call("deleteSource", {"sourceId": SOURCE}, confirmed=True)["error"]["type"] == "PolicyError"
    assert real.call("rawRequest", {"method": "DELETE", "url": "/x"}, confirmed=True)["error"]["type"] == "PolicyError"
    assert real.call("listSources", {})["state"] == "done"
    assert {request.method for request in real.sandbox.requests} == {"GET"}


def test_real_workspace_has_no_sandbox_screen(real: Explored) -> None:
    assert real.get("/sandbox").status == 404
    assert 'href="/sandbox"' not in real.get("/actions/listSources").text


def test_writes_of_a_real_workspace_are_allowed_with_write(component: connector.Component) -> None:
    with exploring(component, is_real=True) as client:
        assert "writes allowed" in client.get("/actions/listSources").text
        assert client.call("updateSource", {"sourceId": SOURCE, "name": "x"})["state"] == "done"


HOSTILE = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "{{ 7 * 7 }}",
    "\u202egnp.exe",
    "'; alert(1)//",
    "x" * 10_000,
)


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "attribute", "template", "bidi", "quote", "long"])
def test_hostile_names_are_text(explored: Explored, name: str) -> None:
    explored.call("updateSource", {"sourceId": SOURCE, "name": name})
    explored.call("updateSource", {"sourceId": name[:200], "name": name})

    for path in ("/history", "/sandbox", "/sandbox/requests"):
        page = explored.get(path)
        assert page.status == 200
        assert "<script>window" not in page.text
        assert "<img" not in page.text
    assert explored.get("/choices/sources?search=").json["total"] == len(explored.sandbox.sources)
