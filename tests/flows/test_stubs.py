"""Stubs: results of steps and responses to HTTP requests that a caller sets up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector import Component
from connector.errors import InvalidFlowError, NotFoundError, ServerError, StepError, UsageError
from connector.flows import Run, StubResponse, read_trace, resume, tree, undo
from connector.flows.run.stubs import Stubs
from tests.flows.support import TRIGGER, Service, branches, echo, flow_of, loop, step, value

Runs = Callable[..., Run]

POST = step("Post Message", "slack.postMessage", {"text": "~hello {{$trigger.results.body.data}}", "slack": "#Slack"})
SLACK = {"key": "Slack", "dataType": "connection", "connection": {"key": "oauth", "component": {"key": "slack"}}}


def posting(run: Runs, stubs: Any, **more: Any) -> Run:
    return run(POST, echo("After", "=postMessage.results.ts"), config_variables=[SLACK], stubs=stubs, **more)


@pytest.mark.parametrize("name", ["Post Message", "postMessage", "slack.postMessage"])
def test_stub_stands_in_for_a_step_whose_component_is_not_installed(run: Runs, name: str) -> None:
    done = posting(run, {name: {"ts": "1.5"}}, payload="you")
    assert done.results == {"value": "1.5"}
    assert done.steps["Post Message"].inputs == {"text": "hello you"}


def test_name_of_a_step_wins_over_the_key_of_its_component(run: Runs) -> None:
    stubs = {"slack.postMessage": {"ts": "component"}, "Post Message": {"ts": "step"}}
    assert posting(run, stubs).results == {"value": "step"}


def test_nothing_is_stubbed_that_no_stub_names(run: Runs) -> None:
    with pytest.raises(InvalidFlowError, match='component "slack" is not installed'):
        posting(run, {"After": {"value": "x"}})


def test_stub_can_be_a_function_of_the_inputs(run: Runs) -> None:
    assert posting(run, {"Post Message": lambda inputs: {"ts": inputs["text"]}}, payload="a").results == {
        "value": "hello a"
    }


@pytest.mark.parametrize("raised", [ServerError("down", status=503), lambda _inputs: ServerError("down", status=503)])
def test_stub_can_be_an_error_that_the_step_handles(run: Runs, raised: Any) -> None:
    failing = step("Echo", "workshop.echo", {"value": "x"}, errorConfig={"errorHandlerType": "ignore"})
    done = run(failing, stubs={"Echo": raised})
    assert done.steps["Echo"].state == "ignored"
    assert isinstance(done.steps["Echo"].error, ServerError)


def test_error_of_a_stub_fails_the_run(run: Runs) -> None:
    with pytest.raises(StepError) as caught:
        posting(run, {"Post Message": ServerError("down", status=503)})
    assert isinstance(caught.value.cause, ServerError)


def test_stub_of_an_installed_action_sends_nothing_and_needs_no_connection(run: Runs, service: Service) -> None:
    create = step("Create", "workshop.createThing", {"name": "one"})
    done = run(create, echo("After", "=create.results.thing.id"), stubs={"Create": {"thing": {"id": "t7"}}})
    assert done.results == {"value": "t7"}
    assert service.server.requests == []


def test_inputs_of_a_stubbed_step_are_still_checked(run: Runs) -> None:
    with pytest.raises(InvalidFlowError, match='unknown step "nothing"'):
        run(echo("Echo", "=nothing.results"), stubs={"Echo": 1})


def test_stub_of_a_step_in_a_loop_is_used_each_time(run: Runs) -> None:
    done = run(
        loop("Loop", "[1, 2]", step("Call", "api.call", {"n": "=loop.currentItem"})),
        echo("After", "=loop.results"),
        stubs={"api.call": lambda inputs: inputs["n"] * 10},
    )
    assert done.results == {"value": [10, 20]}


def test_unknown_stub_is_rejected_with_similar_names(run: Runs) -> None:
    with pytest.raises(UsageError, match='unknown stub "Post Mesage"') as caught:
        posting(run, {"Post Mesage": 1})
    assert "Did you mean Post Message" in str(caught.value.hint)


CLASSIFY = step("Classify", "openai.classify", {}, branches=branches(Yes=[echo("Y", "y")], No=[echo("N", "n")]))


def test_stub_of_a_step_with_branches_names_one(run: Runs) -> None:
    done = run(CLASSIFY, stubs={"Classify": {"branch": "No", "data": {"why": "x"}}})
    assert (done.results, done.steps["N"].state, done.steps["Y"].state) == ({"why": "x"}, "done", "skipped")


@pytest.mark.parametrize(
    ("stub", "message"),
    [
        ({"why": "x"}, 'stub of "Classify" must be an object with "branch" and "data"'),
        ({"branch": "Maybe", "data": 1}, 'stub of "Classify" names unknown branch "Maybe"'),
    ],
)
def test_stub_of_a_step_with_branches_that_names_none_is_rejected_before_the_run(
    run: Runs, stub: Any, message: str, service: Service
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        run(step("List", "workshop.listThings"), CLASSIFY, stubs={"Classify": stub})
    assert caught.value.hint == "Available branches: Yes, No."
    assert service.server.requests == []


def test_stub_of_the_trigger_sets_parts_of_its_results(run: Runs) -> None:
    stub = {"body": {"data": {"id": "7"}}, "webhookUrls": {"Main": "https://example.com/hook"}}
    text = "~{{$trigger.results.body.data.id}} {{$trigger.results.webhookUrls.Main}}"
    assert run(echo("Echo", text), stubs={"Trigger": stub}).results == {"value": "7 https://example.com/hook"}


def test_body_in_the_stub_of_the_trigger_has_a_content_type(run: Runs) -> None:
    text = "~{{$trigger.results.body.contentType}} {{$trigger.results.rawBody.data}}"
    stubs = {"Trigger": {"body": {"data": "x"}}}
    assert run(echo("Echo", text), stubs=stubs).results == {"value": "application/json x"}


def test_payload_of_a_run_wins_over_the_stub_of_the_trigger(run: Runs) -> None:
    done = run(
        echo("Echo", "=trigger.results.body.data"), stubs={"Trigger": {"body": {"data": "stub"}}}, payload="passed"
    )
    assert done.results == {"value": "passed"}


def test_stub_of_a_trigger_with_branches_names_one(run: Runs) -> None:
    trigger = {**TRIGGER, "branches": branches(First=[echo("One", "=trigger.results.body.data")], Second=[])}
    stub = {"branch": "First", "data": {"body": {"data": "x"}}}
    done = run(flow_settings={"steps": [trigger, echo("After", "=one.results.value")]}, stubs={"Trigger": stub})
    assert done.results == {"value": "x"}


def test_stubbed_step_is_marked_in_trace_summary_and_journal(run: Runs, tmp_path: Path) -> None:
    done = posting(run, {"Post Message": {"ts": "1"}}, trace=tmp_path / "trace.jsonl")
    steps = [line for line in read_trace(tmp_path / "trace.jsonl") if line["type"] == "step"]
    records = [json.loads(line) for line in Path(str(done.journal)).read_bytes().splitlines()]
    marks = [record.get("stubbed") for record in records if record["type"] == "done"]
    assert [line.get("stubbed") for line in steps] == marks == [True, None]
    drawing = tree(flow_of(POST, config=[SLACK]).definition(), read_trace(tmp_path / "trace.jsonl"))
    assert re.search(r"Post Message \(slack.postMessage\)  ✓  [\d.]+ s  stubbed", drawing)
    assert [done.steps[name].stubbed for name in ("Post Message", "After")] == [True, False]


def test_run_with_stubs_is_resumed_only_with_them(run: Runs, workshop: Component, service: Service) -> None:
    update = step("Update", "workshop.updateThing", {"thingId": "=postMessage.results.id", "name": "x"})
    with pytest.raises(StepError) as caught:
        run(POST, update, config_variables=[SLACK], stubs={"slack.postMessage": {"id": "t1"}})
    service.things["t1"] = {"id": "t1"}
    journal = caught.value.run.journal

    with pytest.raises(InvalidFlowError, match="slack"):
        resume(journal, workshop, connections=service.connections)
    resumed = resume(journal, workshop, connections=service.connections, stubs={"slack.postMessage": {"id": "t2"}})

    assert (resumed.steps["Post Message"].state, resumed.steps["Update"].state) == ("reused", "done")


def test_run_with_a_stub_of_an_installed_action_is_not_resumed_without_it(
    run: Runs, workshop: Component, service: Service
) -> None:
    with pytest.raises(StepError) as caught:
        run(step("Create", "workshop.createThing", {"name": "one"}), stubs={"Create": ServerError("down", status=503)})
    with pytest.raises(UsageError, match="was started with stubs") as rejected:
        resume(caught.value.run.journal, workshop, connections=service.connections)
    assert rejected.value.hint == "Pass its stubs again: Create."
    assert service.things == {}


def test_undo_deletes_nothing_for_a_stubbed_write(run: Runs, workshop: Component, service: Service) -> None:
    create = step("Create", "workshop.createThing", {"name": "one"})
    done = run(create, stubs={"Create": {"thing": {"id": "t7"}}})
    assert undo(str(done.journal), workshop, connections=service.connections).deleted == []
    assert service.server.requests == []


def test_folder_has_a_file_for_each_stub(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "postMessage.json").write_text('{"ts": "1"}')
    (tmp_path / "workshop.echo.txt").write_text("plain")
    assert posting(run, tmp_path).results == "plain"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("postMessage.json", "{", 'postMessage.json" must be JSON'),
        ("nothing.json", "{}", 'unknown stub "nothing"'),
        ("responses.json", "[]", "must be an object with a response for each"),
        ("responses.json", '{"GET https://a.example/": {"status": 200}}', 'must have "body"'),
    ],
)
def test_invalid_file_in_a_folder_is_rejected(run: Runs, tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        posting(run, tmp_path)


def test_missing_folder_is_rejected(run: Runs, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read folder of stubs"):
        posting(run, tmp_path / "none")


INTEGRATION = flow_of(echo("Echo", value("x"))).integration


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("GET https://a.example/items", "https://a.example/items?page=2"),
        ("GET https://a.example/items?page=2", "https://a.example/items?page=2"),
        ("GET https://a.example/*/name", "https://a.example/items/7/name"),
        ("GET *", "https://b.example/"),
    ],
)
def test_response_stub_matches_a_request(name: str, url: str) -> None:
    response = Stubs(INTEGRATION, {name: {"id": 1}}).response("GET", url)
    assert response is not None
    assert (response.status, response.json(), response.headers["content-type"]) == (200, {"id": 1}, "application/json")


@pytest.mark.parametrize(
    ("name", "method", "url"),
    [
        ("GET https://a.example/items", "POST", "https://a.example/items"),
        ("GET https://a.example/items", "GET", "https://a.example/items/7"),
        ("GET https://a.example/items?page=2", "GET", "https://a.example/items?page=3"),
        ("GET https://a.example/items", "GET", "https://evil.example/https://a.example/items"),
    ],
)
def test_request_without_a_response_stub_is_rejected_if_there_are_others(name: str, method: str, url: str) -> None:
    with pytest.raises(UsageError, match="no stub for") as caught:
        Stubs(INTEGRATION, {name: 1}).response(method, url)
    assert caught.value.hint == f"Available stubs: {name}."


def test_most_specific_response_stub_is_used() -> None:
    stubs = Stubs(INTEGRATION, {"GET *": "any", "GET https://a.example/*": "some", "GET https://a.example/x": "one"})
    bodies = [stubs.response("GET", f"https://{rest}") for rest in ("a.example/x", "a.example/y", "b.example/")]
    assert [response.content for response in bodies if response] == [b"one", b"some", b"any"]


def test_response_stub_can_have_status_and_headers_or_be_an_error() -> None:
    stubs = Stubs(
        INTEGRATION,
        {
            "GET https://a.example/1": StubResponse({"e": 1}, 404, {"X-Id": "7"}),
            "GET https://a.example/2": ServerError("down", status=503),
        },
    )
    response = stubs.response("GET", "https://a.example/1")
    assert response is not None
    assert (response.status, response.reason, response.headers["x-id"]) == (404, "Not Found", "7")
    with pytest.raises(ServerError):
        stubs.response("GET", "https://a.example/2")


def test_requests_are_sent_without_response_stubs() -> None:
    assert Stubs(INTEGRATION, {"Echo": 1}).response("GET", "https://a.example/") is None


def http(name: str, action: str, **inputs: str) -> dict[str, Any]:
    return step(name, f"http.{action}", dict(inputs))


def test_http_step_gets_the_response_of_a_stub(run: Runs) -> None:
    done = run(
        http("Get", "httpGet", url="https://a.example/items", queryParams=""),
        http("Post", "httpPost", url="https://a.example/items/7", data="=get.results"),
        stubs={"GET https://a.example/items": {"id": 1}, "POST https://a.example/*": StubResponse("created", 201)},
    )
    assert done.results == "created"
    assert [(row.component, row.executed, row.stubbed) for row in done.steps.by_component()] == [("http", 2, 0)]


def test_error_response_of_a_stub_fails_the_http_step(run: Runs) -> None:
    with pytest.raises(StepError) as caught:
        run(http("Get", "httpGet", url="https://a.example/x"), stubs={"GET *": StubResponse({"e": 1}, 404)})
    assert isinstance(caught.value.cause, NotFoundError)


def test_http_request_without_a_stub_fails_the_step_if_there_are_others(run: Runs) -> None:
    with pytest.raises(StepError) as caught:
        run(http("Get", "httpGet", url="https://a.example/x"), stubs={"POST *": 1})
    assert isinstance(caught.value.cause, UsageError)
    assert "no stub for GET https://a.example/x" in str(caught.value.cause)


def test_http_step_with_a_response_needs_no_connection(run: Runs) -> None:
    key = {"key": "Api", "dataType": "connection", "connection": {"key": "apiKey", "component": {"key": "http"}}}
    get = http("Get", "httpGet", url="https://a.example/x", connection="#Api")
    assert run(get, config_variables=[key], stubs={"GET https://a.example/x": [1]}).results == [1]


def test_responses_of_one_run_do_not_reach_another(run: Runs, service: Service) -> None:
    get = http("Get", "httpGet", url=f"{service.server.url}/things")
    assert run(get, stubs={"GET *": "stub"}).results == "stub"
    assert run(get).results == {"things": []}
