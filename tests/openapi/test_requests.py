"""The requests of a component that is made from an OpenAPI document: what each feature of a document leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import connector
from connector.errors import InputError
from connector.testing import sandbox
from tests.openapi.support import OK, component_of, document, json_body, operation
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

Call = Callable[..., ReceivedRequest]


@pytest.fixture
def call(tmp_path: Path, server: LoopbackServer) -> Call:
    """Make a component of one operation, perform it, and return the request."""

    def performed(
        path: str, method: str, facts: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, **parts: Any
    ) -> ReceivedRequest:
        component = component_of(tmp_path / "small", document({path: {method: operation(**facts)}}, **parts))
        fields = {"token": "a-token-of-the-service", "baseUrl": server.url}
        server.answer({})
        with connector.Runner(component, {"key": "token", "fields": fields}) as runner:
            runner.invoke("call", inputs or {})
        return server.requests[-1]

    return performed


def query(schema: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "q", "in": "query", "schema": schema, **parts}]}


STRINGS = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}, "b": STRINGS}}


@pytest.mark.parametrize(
    ("parameter", "value", "sent"),
    [
        (query({"type": "boolean"}), True, [("q", "true")]),
        (query(STRINGS), ["x", "y z"], [("q", "x"), ("q", "y z")]),
        (query(STRINGS, explode=False), ["x", "y"], [("q", "x,y")]),
        (query(STRINGS, style="spaceDelimited", explode=False), ["x", "y"], [("q", "x y")]),
        (query(STRINGS, style="pipeDelimited", explode=False), ["x", "y"], [("q", "x|y")]),
        (query(OBJECT, style="deepObject"), {"a": 1, "b": ["x"]}, [("q[a]", "1"), ("q[b][0]", "x")]),
        (query(OBJECT), {"a": 1, "b": ["x"]}, [("a", "1"), ("b", '["x"]')]),
        (query(OBJECT, explode=False), {"a": 1}, [("q", "a,1")]),
        (
            {"parameters": [{"name": "q", "in": "query", "content": {"application/json": {"schema": OBJECT}}}]},
            {"a": 1},
            [("q", '{"a":1}')],
        ),
    ],
)
def test_query_parameter_is_written_in_its_style(call: Call, parameter: Any, value: Any, sent: Any) -> None:
    assert call("/things", "get", parameter, {"q": value}).query == sent


def test_optional_inputs_are_not_sent(call: Call) -> None:
    parameters = [
        {"name": "archived", "in": "query", "schema": {"type": "boolean", "default": False}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
    ]
    properties = {"name": {"type": "string"}, "done": {"type": "boolean", "default": False}}
    body = json_body({"type": "object", "properties": properties, "required": ["name"]})

    request = call("/things", "post", {"parameters": parameters, "requestBody": body}, {"name": "Milk"})

    assert (request.query, request.json, "X-Trace" in request.headers) == ([], {"name": "Milk"}, False)


@pytest.mark.parametrize(
    ("path", "inputs", "target"),
    [
        ("/a/{id}", {"id": "x/y?z"}, "/a/x%2Fy%3Fz"),
        ("/a/{id}.json", {"id": "x"}, "/a/x.json"),
        ("/a/{id}:cancel", {"id": "x"}, "/a/x:cancel"),
        ("/a/{from}...{to}/", {"from": "m", "to": "n"}, "/a/m...n/"),
        ("/a/{thing-id}", {"thingId": "x"}, "/a/x"),
        ("/a/b#second", {}, "/a/b"),
    ],
)
def test_path_is_filled(call: Call, path: str, inputs: dict[str, Any], target: str) -> None:
    assert call(path, "get", {}, inputs).target == target


def test_parameter_of_the_path_item_is_an_input(tmp_path: Path) -> None:
    shared = [{"$ref": "#/components/parameters/Id"}, {"name": "q", "in": "query", "schema": {"type": "string"}}]
    own = [{"name": "q", "in": "query", "schema": {"type": "integer"}}]
    components = {"parameters": {"Id": {"name": "id", "in": "path", "schema": {"type": "integer"}}}}
    item = {"parameters": shared, "get": operation(parameters=own)}

    component = component_of(tmp_path, document({"/a/{id}": item}, components=components))

    schema = component.action("call").input_schema
    assert {name: part["type"] for name, part in schema["properties"].items()} == {"id": "integer", "q": "integer"}
    assert schema["required"] == ["id"]


def test_header_parameter_is_sent(call: Call) -> None:
    parameter = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}

    request = call("/a", "post", {"parameters": [parameter]}, {"idempotencyKey": "k1"})

    assert request.headers["Idempotency-Key"] == "k1"


def test_inputs_of_one_name_in_several_places_are_distinguished(call: Call) -> None:
    parameters = [{"name": "id", "in": place, "schema": {"type": "string"}} for place in ("path", "query", "header")]
    body = json_body({"type": "object", "properties": {"id": {"type": "string"}}})

    inputs = {"id": "1", "queryId": "2", "headerId": "3", "bodyId": "4"}
    request = call("/a/{id}", "put", {"parameters": parameters, "requestBody": body}, inputs)

    assert (request.path, request.query, request.headers["id"], request.json) == (
        "/a/1",
        [("id", "2")],
        "3",
        {"id": "4"},
    )


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, "text"])
def test_body_that_is_not_an_object_with_fields_is_one_input(call: Call, value: Any) -> None:
    schema = {"oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "object"}, {"type": "string"}]}

    assert call("/a", "post", {"requestBody": json_body(schema)}, {"body": value}).json == value


def test_body_keeps_the_media_type_of_the_document(call: Call) -> None:
    content = {"application/merge-patch+json": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}

    request = call("/a", "patch", {"requestBody": {"required": True, "content": content}}, {"a": "1"})

    assert (request.headers["Content-Type"], request.json) == ("application/merge-patch+json", {"a": "1"})


def test_optional_body_without_inputs_is_not_sent(call: Call) -> None:
    body = json_body({"type": "object", "properties": {"a": {"type": "string"}}}, required=False)

    request = call("/a", "post", {"requestBody": body})

    assert (request.body, "Content-Type" in request.headers) == (b"", False)


def test_form_is_sent_as_a_form(call: Call) -> None:
    properties: dict[str, Any] = {
        "name": {"type": "string"},
        "tags": STRINGS,
        "meta": OBJECT,
        "deep": OBJECT,
        "on": {"type": "boolean"},
    }
    form: dict[str, Any] = {
        "schema": {"type": "object", "properties": properties},
        "encoding": {"deep": {"style": "deepObject", "explode": True}},
    }
    body = {"content": {"application/x-www-form-urlencoded": form}}
    inputs = {"name": "a b", "tags": ["x", "y"], "meta": {"a": 1}, "deep": {"a": 1}, "on": False}

    request = call("/a", "post", {"requestBody": body}, inputs)

    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert unquote(request.body.decode()) == 'name=a+b&tags=x&tags=y&meta={"a":1}&deep[a]=1&on=false'


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_nullable_field_can_be_null(call: Call, version: str) -> None:
    nullable = {"type": "string", "nullable": True} if version == "3.0.3" else {"type": ["string", "null"]}
    either: dict[str, Any] = {"anyOf": [{"$ref": "#/components/schemas/Name"}, {"type": "null"}]}
    if version == "3.0.3":
        either = {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Name"}]}
    schema = {"type": "object", "properties": {"a": nullable, "b": either, "c": {"type": "string"}}, "required": ["a"]}
    parts = {"version": version, "components": {"schemas": {"Name": {"type": "string", "maxLength": 3}}}}

    request = call("/a", "post", {"requestBody": json_body(schema)}, {"a": None, "b": None}, **parts)

    assert request.json == {"a": None, "b": None}


def test_body_of_several_parts_has_the_fields_of_all(call: Call) -> None:
    schemas = {
        "Base": {"type": "object", "properties": {"id": {"type": "integer", "readOnly": True}, "a": STRINGS}},
        "Node": {
            "allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["b"]}],
            "properties": {"b": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Node"}},
        },
    }
    inputs = {"a": ["x"], "b": "y", "parent": {"b": "z", "parent": {"b": "w", "parent": {"anything": 1}}}}
    body = json_body({"$ref": "#/components/schemas/Node"})

    request = call("/a", "post", {"requestBody": body}, inputs, components={"schemas": schemas})

    assert request.json == inputs
    with pytest.raises(InputError) as caught:
        call("/a", "post", {"requestBody": body}, {"id": 1, "parent": {}}, components={"schemas": schemas})
    problems = {(each.location, each.message) for each in caught.value.problems}
    assert problems == {("b", "is required"), ("id", 'unknown input "id"')}


def test_response_without_a_body_is_null(tmp_path: Path, server: LoopbackServer) -> None:
    responses = {**OK, "202": {"description": "Accepted"}}
    component = component_of(tmp_path, document({"/a": {"post": operation(responses=responses)}}))
    server.answer(ServerResponse(b"", 202))

    with connector.Runner(component, {"key": "token", "fields": {"token": "t" * 20, "baseUrl": server.url}}) as runner:
        assert runner.invoke("call") == {"data": None}


KEYS = {
    "bearer": ({"type": "http", "scheme": "bearer"}, {"token": "SECRET"}),
    "basic": ({"type": "http", "scheme": "basic"}, {"username": "me", "password": "SECRET"}),
    "header": ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"key": "SECRET"}),
    "whole header": ({"type": "apiKey", "in": "header", "name": "Authorization"}, {"key": "Bot SECRET"}),
    "query": ({"type": "apiKey", "in": "query", "name": "api_key"}, {"key": "SECRET"}),
    "other flow": (
        {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://x.example", "scopes": {}}}},
        {"token": "SECRET"},
    ),
}
SENT = {
    "bearer": ("authorization", "Bearer SECRET"),
    "basic": ("authorization", "Basic bWU6U0VDUkVU"),
    "header": ("x-key", "SECRET"),
    "whole header": ("authorization", "Bot SECRET"),
    "query": ("q", "api_key=SECRET"),
    "other flow": ("authorization", "Bearer SECRET"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_credentials_are_sent_where_the_document_says(tmp_path: Path, server: LoopbackServer, kind: str) -> None:
    scheme, fields = KEYS[kind]
    content = document(
        {"/a": {"get": operation()}}, security=[{"key": []}], components={"securitySchemes": {"key": scheme}}
    )
    component = component_of(tmp_path, content)
    server.answer({})

    with connector.Runner(component, {"fields": {**fields, "baseUrl": server.url}}) as runner:
        runner.invoke("call")

    request = server.requests[0]
    place, value = SENT[kind]
    assert (request.target.partition("?")[2] if place == "q" else request.headers[place]) == value


@pytest.mark.parametrize("kind", KEYS)
def test_sandbox_reads_its_token_where_the_document_says(tmp_path: Path, kind: str) -> None:
    components = {"securitySchemes": {"key": KEYS[kind][0]}}
    content = document({"/a": {"get": operation()}}, security=[{"key": []}], components=components)

    with sandbox(component_of(tmp_path, content)) as opened, opened.runner() as runner:
        assert runner.invoke("call") == {"data": {}}

    assert opened.token not in str(opened.requests)


def test_client_credentials_are_exchanged_for_a_token(tmp_path: Path, server: LoopbackServer) -> None:
    flows = {"clientCredentials": {"tokenUrl": f"{server.url}/token", "scopes": {}}}
    schemes = {"login": {"type": "oauth2", "flows": flows}}
    content = document({"/a": {"get": operation()}}, security=[{"login": []}], components={"securitySchemes": schemes})
    component = component_of(tmp_path, content)
    server.answer({"access_token": "granted", "expires_in": 60}, {})

    fields = {"clientId": "me", "clientSecret": "a-secret-of-mine", "baseUrl": server.url}
    with connector.Runner(component, {"key": "loginClientCredentials", "fields": fields}) as runner:
        runner.invoke("call")

    assert [request.path for request in server.requests] == ["/token", "/a"]
    assert server.requests[1].headers["Authorization"] == "Bearer granted"


def test_keys_that_are_needed_together_are_one_connection(tmp_path: Path, server: LoopbackServer) -> None:
    schemes = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api"},
        "appKey": {"type": "apiKey", "in": "query", "name": "app"},
    }
    content = document(
        {"/a": {"get": operation()}},
        security=[{"apiKey": [], "appKey": []}],
        components={"securitySchemes": schemes},
    )
    server.answer({})

    fields = {"apiKey": "one-secret", "appKey": "other secret", "baseUrl": server.url}
    with connector.Runner(component_of(tmp_path, content), {"key": "apiKeyAndAppKey", "fields": fields}) as runner:
        runner.invoke("call")

    assert (server.requests[0].headers["X-Api"], server.requests[0].query) == ("one-secret", [("app", "other secret")])


def test_variables_of_the_server_are_fields(tmp_path: Path) -> None:
    variables = {"region": {"default": "us", "enum": ["us", "eu"]}, "port": {"default": "443"}}
    servers = [{"url": "https://{region}.example.com:{port}/v1", "variables": variables}]
    component = component_of(tmp_path, document({"/a": {"get": operation()}}, servers=servers))

    def url(**fields: str) -> str:
        with connector.Runner(component, {"fields": {"token": "t" * 20, **fields}}) as runner:
            return runner.connection.endpoint(None).base_url

    assert url() == "https://us.example.com:443/v1"
    assert url(region="eu", port="444") == "https://eu.example.com:444/v1"
    assert url(baseUrl="http://127.0.0.1:9/") == "http://127.0.0.1:9"
    with pytest.raises(connector.errors.ConnectionInputError):
        url(region="mars")


def test_secret_query_parameter_is_in_no_message_and_in_no_link(tmp_path: Path, server: LoopbackServer) -> None:
    schemes = {"key": {"type": "apiKey", "in": "query", "name": "api_key"}}
    listed = {
        "200": {
            "description": "OK",
            "headers": {"Link": {"schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"type": "array", "items": {}}}},
        }
    }
    size = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    facts = operation(parameters=[size], responses=listed)
    content = document({"/a": {"get": facts}}, security=[{"key": []}], components={"securitySchemes": schemes})
    secret = "secret of mine"
    link = f'<{server.url}/a?page=2&api_key=secret+of+mine>; rel="next"'
    server.answer(ServerResponse([1], headers={"Link": link}), ServerResponse([2]), ServerResponse({}, 404))

    fields = {"key": secret, "baseUrl": server.url}
    with connector.Runner(component_of(tmp_path, content), {"fields": fields}) as runner:
        pages = list(runner.pages("call"))
        with pytest.raises(connector.errors.NotFoundError) as caught:
            runner.invoke("call")

    assert pages[0]["data"] == {"records": [1], "next": "/a?page=2"}
    assert server.requests[1].query == [("page", "2"), ("api_key", secret)]
    assert "of+mine" not in f"{caught.value} {caught.value.to_dict()} {pages}"
