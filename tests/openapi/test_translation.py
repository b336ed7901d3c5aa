"""What an OpenAPI document becomes: keys, schemas, pages, effects, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import connector
from connector.describe.check import component_problems
from connector.describe.openapi.document import load_document
from connector.errors import UsageError
from tests.openapi.support import OK, component_of, document, json_body, left_out, operation, translated


def keys_of(content: dict[str, Any]) -> list[str]:
    methods = translated(content).description["paths"].values()
    return [facts["operationId"] for item in methods for facts in item.values()]


@pytest.mark.parametrize(
    ("operation_id", "key"),
    [
        ("listPets", "listPets"),
        ("pets/list-all", "petsListAll"),
        ("Pets_List", "petsList"),
        ("GETThing", "getThing"),
        ("ID", "id"),
        ("2fa", "do2fa"),
        (None, "getPetsByPetId"),
    ],
)
def test_key_is_made_from_the_operation_id(operation_id: str | None, key: str) -> None:
    facts = operation(operationId=operation_id)

    assert keys_of(document({"/pets/{petId}": {"get": facts}})) == [key]


def test_equal_operation_ids_get_numbers_and_are_reported() -> None:
    content = document({"/a": {"get": operation()}, "/b": {"get": operation(), "post": operation()}})

    assert keys_of(content) == ["call", "call2", "call3"]
    assert translated(content).remarks == [
        "GET /b has the same key as another operation; its action is call2.",
        "POST /b has the same key as another operation; its action is call3.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Adds a pet.\n\nMore than anybody reads.", "Adds a pet. POST /pets."),
        ("Adds a pet", "Adds a pet. POST /pets."),
        ("Add", "POST /pets."),
        (None, "POST /pets."),
    ],
)
def test_action_is_described_as_in_the_document(tmp_path: Path, text: str | None, expected: str) -> None:
    component = component_of(tmp_path, document({"/pets": {"post": operation(summary="Add.", description=text)}}))

    action = component.action("call")
    assert action.display is not None
    assert (action.display.label, action.display.description) == ("Add", expected)


def body_of(media: str, *, required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {media: {"schema": {"type": "string"}}}}}


def response_of(media: str) -> dict[str, Any]:
    return {"responses": {"200": {"description": "OK", "content": {media: {}}}}}


@pytest.mark.parametrize(
    ("path", "method", "facts", "reason"),
    [
        ("/a", "post", body_of("multipart/form-data"), "its body is multipart/form-data, not JSON or a form"),
        ("/a", "get", body_of("application/json"), "it sends a body with GET"),
        ("/a", "get", response_of("text/csv"), "its response is text/csv, not JSON"),
        ("/a", "get", {"responses": {"302": {"description": "Found"}}}, "it only redirects"),
        ("/a", "trace", {}, "no client may send TRACE"),
        ("/a?x=1", "get", {}, "its path has a query, or no slash at its beginning"),
        ("/a", "get", {"parameters": [{"name": "c", "in": "cookie", "required": True}]}, "it needs the cookie c"),
        (
            "/a/{b}",
            "get",
            {"parameters": [{"name": "b", "in": "path", "style": "matrix"}]},
            "its parameter b has the style matrix",
        ),
        (
            "/a",
            "get",
            {"parameters": [{"$ref": "other.yaml#/P"}]},
            'it refers to another file, "other.yaml#/P"',
        ),
        (
            "/a",
            "get",
            {"parameters": [{"$ref": "#/components/parameters/None"}]},
            'the document has nothing at "#/components/parameters/None"',
        ),
        ("/a", "get", {"servers": [{"url": "https://uploads.example.com"}]}, "it is at another server"),
        ("/a", "get", {"security": [{"cookie": []}]}, "it needs the cookie sid"),
        ("/a", "get", {"security": [{"tls": []}]}, "it needs mutualTLS (security scheme tls)"),
        ("/a", "get", {"security": [{"token": [], "basic": []}]}, "it needs token and basic at once"),
    ],
)
def test_operation_that_no_action_can_perform_is_named_with_the_reason(
    path: str, method: str, facts: dict[str, Any], reason: str
) -> None:
    schemes = {
        "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
        "tls": {"type": "mutualTLS"},
        "basic": {"type": "http", "scheme": "basic"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    paths = {path: {method: operation(**{**facts, "operationId": "odd"})}, "/fine": {"get": operation()}}
    paths["/fine2"] = {"get": operation(operationId="fine2")}
    content = document(paths, components={"securitySchemes": schemes})

    [(name, message)] = left_out(content).items()

    assert (name, message[: len(reason)]) == (f"odd ({method.upper()} {path})", reason)
    assert keys_of(content) == ["call", "fine2"]


def test_requests_of_the_service_are_named() -> None:
    item = {"post": operation(operationId="sent")}
    callbacks = {"onDone": {"{$request.body#/url}": item}}
    content = document({"/a": {"post": operation(callbacks=callbacks)}}, version="3.1.0", webhooks={"created": item})

    assert left_out(content) == {
        "POST of the webhook created": "the service sends this request",
        "POST {$request.body#/url} of the callback onDone of call": "the service sends this request",
    }
    assert keys_of(content) == ["call"]


def test_parts_that_are_left_out_are_reported() -> None:
    parameters = [
        {"name": "c", "in": "cookie"},
        {"name": "Authorization", "in": "header"},
        {"name": "gone", "in": "path", "required": True},
    ]
    schema = {"$ref": "models.yaml#/Pet"}
    content = document({"/a": {"post": operation(parameters=parameters, requestBody=json_body(schema))}})

    assert sorted(translated(content).remarks) == [
        'A schema accepts any value: it refers to another file, "models.yaml#/Pet".',
        "The cookie c is left out. (call)",
        "The header Authorization is left out: the client sets it. (call)",
        "The parameter gone is left out: it is not in the path. (call)",
    ]


def property_of(folder: Path, schema: dict[str, Any], version: str = "3.1.0") -> dict[str, Any]:
    body = json_body({"type": "object", "properties": {"x": schema}})
    component = component_of(folder, document({"/a": {"post": operation(requestBody=body)}}, version=version))
    visible: dict[str, Any] = component.action("call").input_schema["properties"]["x"]
    return {key: value for key, value in visible.items() if key not in {"title", "description", "default"}}


@pytest.mark.parametrize(
    ("schema", "visible"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 9}, {"type": "integer", "minimum": 1, "maximum": 9}),
        ({"type": "string", "format": "date"}, {"type": "string"}),
        ({"const": "a"}, {"const": "a", "type": "string"}),
        (
            {"type": "string", "enum": ["a", "b", "a", ""]},
            {"oneOf": [{"const": "a", "title": "a"}, {"const": "b", "title": "b"}], "type": "string"},
        ),
        (
            {"oneOf": [{"const": "a"}, {"const": "b"}]},
            {"oneOf": [{"const": name, "title": name} for name in "ab"], "type": "string"},
        ),
        ({"type": "integer", "oneOf": [{"const": 1, "title": "One"}, {"const": 2}]}, {"type": "integer"}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {}]}, {}),
        (True, {}),
        ({"items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        (
            {"additionalProperties": {"type": "integer"}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ),
    ],
)
def test_schema_keeps_what_an_input_can_use(tmp_path: Path, schema: dict[str, Any], visible: dict[str, Any]) -> None:
    assert property_of(tmp_path, schema) == visible


def test_boolean_of_an_old_version_does_not_bound(tmp_path: Path) -> None:
    schema = {"type": "integer", "minimum": 5, "exclusiveMinimum": True}

    assert property_of(tmp_path, schema, "3.0.3") == {"type": "integer", "minimum": 5}


def test_optional_inputs_stay_optional_and_have_no_default(tmp_path: Path) -> None:
    body = json_body({"type": "object", "properties": {"done": {"type": "boolean", "default": False}}})
    schema = component_of(tmp_path, document({"/a": {"post": operation(requestBody=body)}})).action("call").input_schema

    assert "required" not in schema
    assert "default" not in schema["properties"]["done"]


def test_secret_inputs_are_marked(tmp_path: Path) -> None:
    properties = {name: {"type": "string"} for name in ("apiKey", "client_secret", "pageToken", "name", "tokens")}
    properties["code"] = {"type": "string", "format": "password"}
    body = json_body({"type": "object", "properties": properties})
    content = document({"/a": {"post": operation(requestBody=body)}})

    component = component_of(tmp_path, content)

    assert component.action("call").inputs.secret_keys() == {"apiKey", "client_secret", "code"}
    assert translated(content).secrets == ["apiKey", "client_secret"]


def test_author_adds_secrets_and_effects(tmp_path: Path) -> None:
    body = json_body({"type": "object", "properties": {"pin": {"type": "string"}}})
    component_of(tmp_path, document({"/a": {"post": operation(operationId="searchAll", requestBody=body)}}))
    file = tmp_path / "small_component" / "operations.py"
    code = file.read_text()
    assert '# "searchAll": ("read", True),' in code
    (tmp_path / "mine").mkdir()
    for path in [each for each in (tmp_path / "small_component").rglob("*") if each.is_file()]:
        target = tmp_path / "mine" / path.relative_to(tmp_path / "small_component")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    code = code.replace('# "searchAll"', '"searchAll"').replace("= set()", '= {"pin"}')
    (tmp_path / "mine" / "operations.py").write_text(code)

    action = connector.load_component(tmp_path / "mine").action("searchAll")

    assert (action.effect, action.idempotent, action.inputs.secret_keys()) == ("read", True, {"pin"})


def listing(*parameters: tuple[str, dict[str, Any]], response: dict[str, Any], **parts: Any) -> dict[str, Any]:
    listed = {"description": "OK", "content": {"application/json": {"schema": response}}, **parts}
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in parameters]
    return document({"/a": {"get": operation(parameters=query, responses={"200": listed})}})


INTEGER, STRING = {"type": "integer"}, {"type": "string"}
RECORDS = {"type": "array", "items": {"type": "object"}}
LIMIT = ("limit", {**INTEGER, "maximum": 100})


def wrapped(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"things": RECORDS, **fields}}


PAGES = {
    "page": (
        listing(LIMIT, ("page", {**INTEGER, "default": 0}), response=RECORDS),
        ("page", "$.data", "", "", "page", 0),
    ),
    "offset": (
        listing(LIMIT, ("offset", INTEGER), response=wrapped(total=INTEGER)),
        ("offset", "$.data.things", "", "$.data.total", "offset", 1),
    ),
    "cursor": (
        listing(LIMIT, ("page_token", STRING), response=wrapped(meta={"properties": {"nextPageToken": STRING}})),
        ("cursor", "$.data.things", "$.data.meta.nextPageToken", "", "page_token", 1),
    ),
    "offset that is a cursor": (
        listing(LIMIT, ("offset", STRING), response=wrapped(next_page={"properties": {"offset": STRING}})),
        ("cursor", "$.data.things", "$.data.next_page.offset", "", "offset", 1),
    ),
    "link": (
        listing(LIMIT, response=RECORDS, headers={"Link": {"schema": STRING}}),
        ("link", "", "", "", "", 1),
    ),
}
DOUBTS = {
    "first page unknown": listing(LIMIT, ("page", INTEGER), response=RECORDS),
    "no size": listing(("page", {**INTEGER, "default": 1}), response=RECORDS),
    "two lists": listing(LIMIT, ("offset", INTEGER), response=wrapped(others=RECORDS)),
    "next cursor unknown": listing(LIMIT, ("cursor", STRING), response=wrapped()),
    "cursor beside a page": listing(
        LIMIT, ("page", {**INTEGER, "default": 0}), ("PageToken", STRING), response=RECORDS
    ),
}


@pytest.mark.parametrize("style", PAGES)
def test_pagination_is_guessed_where_the_names_leave_no_doubt(style: str) -> None:
    content, expected = PAGES[style]

    guess = translated(content).pages["call"]

    assert (guess.style, guess.records, guess.cursor, guess.total, guess.cursor_input, guess.first_page) == expected
    assert (guess.size_input, guess.size) == ("limit", 100)


@pytest.mark.parametrize("style", PAGES)
def test_guessed_pagination_passes_the_check(style: str, tmp_path: Path) -> None:
    component = component_of(tmp_path, PAGES[style][0])

    assert component_problems(lambda: component) == []
    assert component.action("call").pagination is not None


@pytest.mark.parametrize("doubt", DOUBTS)
def test_pagination_is_not_guessed_in_doubt(doubt: str) -> None:
    translation = translated(DOUBTS[doubt])

    assert translation.pages == {}
    assert translation.unknown_pages == ([] if doubt == "two lists" else ["call"])


def test_connection_test_is_a_read_about_the_owner() -> None:
    paths = {
        "/a": {"get": operation()},
        "/ping": {"get": operation(operationId="ping")},
        "/users/me": {"get": operation(operationId="whoAmI")},
    }

    assert translated(document(paths)).test == "whoAmI"
    assert translated(document({"/a": {"post": operation()}})).test == ""


def test_document_without_security_and_server_asks_for_both(tmp_path: Path) -> None:
    content = document({"/a": {"get": operation()}}, components={"securitySchemes": {}}, servers=[{"url": "/v1"}])
    del content["security"]

    component = component_of(tmp_path, content)

    assert component.connection().fields.required_keys() == {"token", "baseUrl"}
    readme = (tmp_path / "README.md").read_text()
    assert "**Authorization**" in readme
    assert "**URL**" in readme


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_document_is_read_in_both_forms(tmp_path: Path, form: str) -> None:
    content = document({"/a": {"get": operation()}})
    text = json.dumps(content) if form == "json" else yaml.safe_dump(content)
    (tmp_path / "api").write_text(text)

    assert load_document(tmp_path / "api").content == content


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not valid JSON: EOF while parsing an object at line 1 column 1"),
        ("a: [", "is not valid YAML:"),
        ("- a", "is not an OpenAPI document"),
        ('{"swagger": "2.0", "paths": {}}', "is of Swagger 2.0, not of OpenAPI 3"),
        ('{"openapi": "4.0.0", "paths": {}}', 'has the unknown version "4.0.0"'),
        ('{"paths": {}}', 'has no "openapi"'),
        ('{"openapi": "3.1.0", "webhooks": {}}', "has no paths"),
        ('{"openapi": "3.1.0", "x": ' + "[" * 120 + "]" * 120 + "}", "is nested more than 100 levels deep"),
        ("openapi: 3.1.0\nx: " + "[" * 120 + "]" * 120, "is not valid YAML: nested more than 100 levels deep"),
    ],
)
def test_invalid_document_is_rejected(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "api").write_text(text)

    with pytest.raises(UsageError) as caught:
        load_document(tmp_path / "api")

    assert caught.value.message.startswith(f"{tmp_path / 'api'} {message}")


def test_large_document_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.describe.openapi.document.MAX_BYTES", 2**20)
    (tmp_path / "api").write_bytes(b" " * (2**20 + 1))

    with pytest.raises(UsageError, match="is larger than 1 MiB"):
        load_document(tmp_path / "api")


def test_missing_document_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*: no such file or directory"):
        load_document(tmp_path / "api")


def test_schema_that_contains_itself_ends(tmp_path: Path) -> None:
    schemas = {
        "A": {"allOf": [{"$ref": "#/components/schemas/B"}]},
        "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"a": {"$ref": "#/components/schemas/A"}}}]},
        "C": {"$ref": "#/components/schemas/C"},
    }
    body = json_body({"properties": {name: {"$ref": f"#/components/schemas/{name}"} for name in schemas}})
    content = document({"/a": {"post": operation(requestBody=body)}}, components={"schemas": schemas})

    component = component_of(tmp_path, content)

    assert component_problems(lambda: component) == []
    assert component.action("call").input_schema["properties"].keys() == schemas.keys()


def test_responses_are_described(tmp_path: Path) -> None:
    properties = {"id": INTEGER, "secret": {**STRING, "writeOnly": True}}
    responses = {"default": {"description": "Error"}, "2XX": {"$ref": "#/components/responses/Thing"}}
    listed = {"content": {"application/hal+json": {"schema": {"type": "object", "properties": properties}}}}
    components = {"responses": {"Thing": {"description": "OK", **listed}}}
    component = component_of(tmp_path, document({"/a": {"get": operation(responses=responses)}}, components=components))

    action = component.action("call")

    assert action.output_schema["properties"]["data"]["properties"] == {"id": {"type": "integer"}}
    assert action.operation is not None
    assert action.operation.accept == "application/hal+json"


def test_operations_are_offered_like_handwritten_actions(tmp_path: Path) -> None:
    component = component_of(tmp_path, document({"/a": {"get": operation(responses=OK)}}))

    assert component.operations["call"].is_documented
    with connector.Runner(component, {"fields": {"token": "t" * 20}}, toolset="documented") as runner:
        assert runner.policy.permits(component.action("call"))
