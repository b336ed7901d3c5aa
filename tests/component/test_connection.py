"""The API key connection: which host a call goes to, and what is refused before any request."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import connector
from connector import errors
from connector.component.connections import Connection
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ServerResponse

US, EU = "https://api.segmentapis.com", "https://eu1.api.segmentapis.com"


def host(segment: connector.Component, fields: dict[str, Any], **inputs: Any) -> str:
    connection = Connection(segment.connection(), {"apiKey": TOKEN, **fields})
    return connection.endpoint(segment.actions["listSources"].inputs.from_values(inputs)).base_url


@pytest.mark.parametrize(
    ("fields", "requested", "expected"),
    [
        ({}, {}, US),
        ({}, {"region": "api"}, US),
        ({}, {"region": "eu1.api"}, EU),
        ({"region": "eu1.api"}, {}, EU),
        ({"region": "eu1.api"}, {"region": "api"}, EU),
        ({"region": "api"}, {"region": "eu1.api"}, US),
        ({"region": ""}, {"region": "eu1.api"}, EU),
        ({"baseUrl": "https://proxy.example/segment/"}, {"region": "eu1.api"}, "https://proxy.example/segment"),
        ({"baseUrl": "http://localhost:4020", "region": "eu1.api"}, {"region": "api"}, "http://localhost:4020"),
    ],
)
def test_base_url_decides_then_the_connections_region_then_the_actions(
    fields: dict[str, Any], requested: dict[str, Any], expected: str, segment: connector.Component
) -> None:
    assert host(segment, fields, **requested) == expected


def test_action_that_says_another_region_is_noted_in_the_log(
    segment: connector.Component, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        host(segment, {"region": "eu1.api"}, region="eu1.api")
        assert caplog.records == []
        host(segment, {"region": "eu1.api"}, region="api")

    assert "using region eu1.api of the connection, not api of the action" in caplog.text


@pytest.mark.parametrize("region", ["evil.com/", "us", "api.evil.com#", "EU1.API", "../x"])
def test_region_is_a_closed_choice(region: str, segment: connector.Component) -> None:
    with pytest.raises(errors.InputError, match=r"must be one of api \(US\), eu1\.api \(EU\)"):
        segment.actions["listSources"].inputs.from_values({"region": region})
    with pytest.raises(errors.ConnectionInputError, match=r"must be one of api \(US\), eu1\.api \(EU\)"):
        host(segment, {"region": region})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.segmentapis.com",
        "ftp://localhost",
        "https://",
        "localhost:4020",
        "https://user:pass@host",
        "https://host/?a=b",
        "https://host/#a",
        "http://127.0.0.1.evil.com",
        "http://[::1",
        "https://host:99999",
        "https://host:port",
        "https://a host",
        "https://host/\u0000",
    ],
)
def test_base_url_is_https_or_this_machine(url: str, segment: connector.Component) -> None:
    with pytest.raises(errors.ConnectionInputError, match="baseUrl"):
        host(segment, {"baseUrl": url})


@pytest.mark.parametrize("token", ["", "   ", None, "two words", "line\nbreak", "ümlaut"])
def test_invalid_token_is_rejected(token: Any, segment: connector.Component) -> None:
    with pytest.raises(errors.ConnectionInputError, match=r"apiKey|no API key") as caught:
        Connection(segment.connection(), {"apiKey": token})

    assert not token or token.strip() not in str(caught.value) or not token.strip()


@pytest.mark.parametrize(
    ("token", "advice"),
    [
        ('"abc123"', "Leave out the quotes"),
        ("'abc123'", "Leave out the quotes"),
        ("Bearer abc123", 'Leave out "Bearer "'),
        ("bearer abc123", 'Leave out "Bearer "'),
    ],
)
def test_decoration_of_a_token_is_named(token: str, advice: str, segment: connector.Component) -> None:
    with pytest.raises(errors.ConnectionInputError) as caught:
        connector.Runner(segment, {"fields": {"apiKey": token}})

    assert advice in str(caught.value)
    assert "abc123" not in str(caught.value)


def test_blank_token_is_named_as_empty(segment: connector.Component) -> None:
    with pytest.raises(errors.ConnectionInputError, match=r"\(apiKey\): is empty or has invalid characters"):
        connector.Runner(segment, {"fields": {"apiKey": "  "}})


def test_space_around_a_token_is_cut(segment: connector.Component, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    runner = connector.Runner(segment, {"fields": {"apiKey": f" {TOKEN}\n", "baseUrl": server.url}})

    runner.invoke("getSource", {"sourceId": "s"})

    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_token_is_never_shown(segment: connector.Component, fields: dict[str, Any]) -> None:
    runner = connector.Runner(segment, {"fields": fields})
    context = runner.context()
    visible = [
        runner,
        runner.connection,
        runner.connection.fields,
        context,
        context.endpoint,
        vars(context.endpoint.authorization),
    ]

    assert TOKEN not in " ".join(map(repr, visible[:-1])) + str(runner.connection.fields)
    assert TOKEN not in str(runner.connection.fields.model_dump())
    assert TOKEN not in runner.connection.fields.model_dump_json()


def test_region_has_the_same_choices_everywhere(segment: connector.Component) -> None:
    models = [
        segment.connection().fields,
        *(action.inputs for action in segment.actions.values()),
        *(source.inputs for source in segment.data_sources.values()),
    ]

    assert {tuple(model.definitions()["region"].choices.items()) for model in models} == {
        (("api", "US"), ("eu1.api", "EU"))
    }


WORKSPACE = {"data": {"workspace": {"id": "9aQ1", "slug": "acme", "name": "Acme Inc"}}}


@pytest.mark.parametrize("subdomain", ["acme", "Acme Inc", "ACME", ""])
def test_test_connection_returns_the_workspace(
    subdomain: str, segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(WORKSPACE)
    runner = connector.Runner(segment, {"fields": {**fields, "subdomain": subdomain}})

    assert runner.test_connection() == {"data": WORKSPACE}
    assert server.requests[0].target == "/"


def test_token_of_another_workspace_is_detected(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer(WORKSPACE)
    runner = connector.Runner(segment, {"fields": {**fields, "subdomain": "umbrella"}})

    with pytest.raises(
        errors.ConnectionInputError, match='belongs to workspace "acme", but the subdomain is "umbrella"'
    ):
        runner.test_connection()


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": None}, {"data": {"workspace": [1]}}])
def test_response_without_a_workspace_is_not_accepted_as_segments(
    body: Any, runner: connector.Runner, server: LoopbackServer
) -> None:
    server.answer(body)

    with pytest.raises(errors.ConnectionInputError, match="contains no workspace"):
        runner.test_connection()


def test_rejected_connection_names_the_causes(runner: connector.Runner, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"errors": []}, 401))

    with pytest.raises(errors.AuthenticationError, match="its region matches"):
        runner.test_connection()


def test_connections_schema_hides_what_is_secret_or_hidden(segment: connector.Component) -> None:
    schema = segment.connection().input_schema

    assert list(schema["properties"]) == ["apiKey", "subdomain", "region", "baseUrl"]
    assert schema["required"] == ["apiKey"]
    marks = {"format": "password", "writeOnly": True, "x-hidden": True}
    marked = {
        key: {name: field[name] for name in marks if field.get(name) == marks[name]}
        for key, field in schema["properties"].items()
    }
    assert marked == {
        "apiKey": {"format": "password", "writeOnly": True},
        "subdomain": {},
        "region": {},
        "baseUrl": {"x-hidden": True},
    }
