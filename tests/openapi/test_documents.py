"""Real OpenAPI documents of other APIs, from the folder that TESTS_OPENAPI_DOCUMENTS names.

The operations are counted, and the requests validated, against the document itself, by code that shares nothing with
the translation.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import connector
from connector.cli.new.names import component_names
from connector.cli.new.openapi import openapi_files
from connector.component.described_inputs import OperationInput, operation_inputs
from connector.component.json_schema import sample
from connector.describe.check import component_problems
from connector.describe.openapi.document import load_document
from connector.describe.openapi.translation import Translation, translate
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

FOLDER = os.environ.get("TESTS_OPENAPI_DOCUMENTS", "")
DOCUMENTS = sorted(Path(FOLDER).iterdir()) if FOLDER else []
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
OF_THE_SERVICE = "the service sends this request"
CALLS = 15
"""Operations of each document that are called, spread evenly."""

VALUES_ONLY = {"pattern", "minLength", "minItems", "minProperties", "format", "multipleOf", "uniqueItems", "oneOf"}
"""Keywords that a made-up value may break, and that an API checks."""

IGNORED = {"accept", "authorization", "content-type"}
"""Names of parameters that OpenAPI tells clients to ignore."""

pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="TESTS_OPENAPI_DOCUMENTS names no folder of OpenAPI documents")


class Case:
    """A document, its translation, and the component."""

    def __init__(self, file: Path, folder: Path) -> None:
        text = file.read_text(encoding="utf-8")
        self.content: dict[str, Any] = (
            json.loads(text) if text.startswith("{") else yaml.load(text, Loader=yaml.CSafeLoader)
        )
        self.translation: Translation = translate(load_document(file))
        for path, content in openapi_files(component_names("other"), self.translation).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        self.component = connector.load_component(folder / "other_component")

    def calls(self) -> list[connector.Action[Any]]:
        """Operations that are spread evenly."""
        actions = list(self.component.operations.values())
        return actions[:: max(1, len(actions) // CALLS)]


@pytest.fixture(scope="module", params=DOCUMENTS, ids=lambda file: file.name)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(request.param, tmp_path_factory.mktemp("component"))


def test_every_operation_is_an_action_or_named(case: Case) -> None:
    routes = [
        f"{method.upper()} {path}" for path, item in case.content["paths"].items() for method in METHODS & {*item}
    ]
    described = case.translation.description["paths"]
    taken = [f"{method.upper()} {path}" for path, item in described.items() for method in item]
    named = [name for name, reason in case.translation.left_out if reason != OF_THE_SERVICE]

    assert len(taken) + len(named) == len(routes)
    assert {*taken, *(match[1] for name in named if (match := re.search(r"\(?([A-Z]+ /?[^()]*)\)?$", name)))} <= {
        *routes
    }
    assert len(case.component.operations) == len(taken)
    assert len(taken) > len(routes) * 0.9


def test_check_finds_no_problem(case: Case) -> None:
    assert component_problems(lambda: case.component) == []


def test_calls_are_what_the_document_describes(case: Case, server: LoopbackServer) -> None:
    key = next(iter(case.component.connections))
    required = case.component.connection(key).fields.required_keys()
    fields = {**dict.fromkeys(required, "a-secret-of-the-test"), "baseUrl": server.url}
    with connector.Runner(case.component, {"key": key, "fields": fields}) as runner:
        for action in case.calls():
            assert action.operation is not None
            server.script = lambda _request: ServerResponse({})
            inputs = {each.key: sample_of(each) for each in operation_inputs(action.operation) if is_sent(action, each)}
            runner.invoke(action.key, inputs)
            assert list(problems(case.content, action.operation.method.lower(), server.requests.pop())) == []


def is_sent(action: connector.Action[Any], described: OperationInput) -> bool:
    return described.required or described.field in action.inputs.update_fields


def sample_of(described: OperationInput) -> Any:
    value = sample(described.schema)
    return "x" if described.place == "path" and value in ("", None) else value


def problems(content: dict[str, Any], method: str, request: ReceivedRequest) -> Iterator[str]:
    """Yield what is wrong with a request, by the document."""
    pattern = {path: re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(path.partition("#")[0])) for path in content["paths"]}
    paths = [
        path
        for path in pattern
        if re.fullmatch(pattern[path], unquote_static(request.path)) and method in content["paths"][path]
    ]
    if not paths:
        yield f"{method} {request.path} is no operation"
        return
    problems = [list(problems_of(content, path, method, request)) for path in paths]
    yield from min(problems, key=len)


def unquote_static(path: str) -> str:
    return "/".join(unquote(part).replace("/", "-") for part in path.split("/"))


def problems_of(content: dict[str, Any], path: str, method: str, request: ReceivedRequest) -> Iterator[str]:
    item = content["paths"][path]
    operation = item[method]
    parameters = [resolved(content, each) for each in [*item.get("parameters", ()), *operation.get("parameters", ())]]
    declared = [each for each in parameters if each["name"].lower() not in IGNORED]
    names = {name.partition("[")[0] for name, _ in request.query}
    in_query = {each["name"].partition("[")[0] for each in declared if each["in"] == "query"}
    objects = {each["name"] for each in declared if resolved(content, each.get("schema", {})).get("type") == "object"}
    security = {each.get("name") for each in content.get("components", {}).get("securitySchemes", {}).values()}
    if not objects and not names <= in_query | security:
        yield f"{request.target} has unknown query parameters {names - in_query}"
    for each in declared:
        if (
            each.get("required")
            and each["in"] == "query"
            and each["name"].partition("[")[0] not in names
            and not objects
        ):
            yield f"{request.target} lacks {each['name']}"
        if each.get("required") and each["in"] == "header" and each["name"] not in request.headers:
            yield f"{request.target} lacks the header {each['name']}"
    yield from problems_of_body(content, operation, request)


def problems_of_body(content: dict[str, Any], operation: dict[str, Any], request: ReceivedRequest) -> Iterator[str]:
    body = resolved(content, operation.get("requestBody", {}))
    if not request.body:
        if body.get("required"):
            yield f"{request.target} lacks a body"
        return
    media = request.headers["Content-Type"]
    if media not in body["content"]:
        yield f"{media} is not a type of the body"
    elif media.startswith("application/x-www-form-urlencoded"):
        sent = {name.partition("[")[0] for name, _ in parse_qsl(request.body.decode())}
        schema = resolved(content, body["content"][media]["schema"])
        if not sent <= {*schema["properties"]} or not {*schema.get("required", ())} <= sent:
            yield f"{sent} are not the fields of the form"
    else:
        yield from body_problems(content, body["content"][media].get("schema", {}), request.json)


def resolved(content: dict[str, Any], value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        target: Any = content
        for part in value["$ref"][2:].split("/"):
            target = target[unquote(part).replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def body_problems(content: dict[str, Any], schema: dict[str, Any], value: Any) -> Iterator[str]:
    text = json.dumps(schema).replace('"#/', '"urn:document#/')
    registry = Registry().with_resource("urn:document", DRAFT202012.create_resource(content))
    validator = OAS31Validator if content["openapi"].startswith("3.1") else OAS30Validator
    for error in validator(json.loads(text), registry=registry).iter_errors(value):
        if not is_of_values(error):
            yield f"{error.json_path}: {error.message[:200]}"


def is_of_values(error: Any) -> bool:
    """Whether a form of a value is right, and only what was made up is not."""
    if error.validator != "anyOf":
        return error.validator in VALUES_ONLY
    forms = {each.schema_path[0] for each in error.context}
    return any(all(is_of_values(each) for each in error.context if each.schema_path[0] == form) for form in forms)
