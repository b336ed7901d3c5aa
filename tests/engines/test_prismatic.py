"""The generated Prismatic package follows the component; nothing here needs Node.js."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import MISSING, AfterValidator, SecretStr, model_validator

import connector
from connector import Context, Input, Inputs, Pagination, Payload, errors, picklist
from connector.component import pagination
from connector.component.definitions import Action, DataSource
from connector.component.input_problems import EXPECTED
from connector.engines.prismatic.package import TEMPLATE, package
from connector.engines.prismatic.probe import InexpressibleError, choices, operation
from connector.engines.prismatic.table import table
from connector.engines.prismatic.typescript import Code, constant
from connector.rest import ClientCredentials, Endpoint, api_errors, exchange, rate_limits, transport
from tests.support.components import write_component


def rows(segment: connector.Component) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in table(segment).actions}


def source(segment: connector.Component, path: str = "src/operations.ts") -> str:
    return package(segment)[path].decode()


@pytest.fixture(scope="module")
def unchanged(segment: connector.Component) -> str:
    return source(segment)


def test_every_definition_is_in_the_table(segment: connector.Component) -> None:
    package = table(segment)

    assert [row["key"] for row in package.actions] == list(segment.actions)
    assert [row["key"] for row in package.data_sources] == ["destination", "sources", "warehouses"]
    assert [row["key"] for row in package.connections] == list(segment.connections)


def test_row_agrees_with_the_description_of_the_api(segment: connector.Component) -> None:
    for key, row in rows(segment).items():
        described = segment.actions[key].operation
        if described is None:
            assert key == "rawRequest"
            continue
        sent = row["operation"]
        assert (sent["method"], re.sub(r"\{\w+\}", "{}", sent["path"])) == (
            described.method,
            re.sub(r"\{\w+\}", "{}", described.path),
        ), key
        parameters = {parameter.name for parameter in described.parameters if not parameter.in_path}
        assert {re.sub(r"\[.*|\.#", "", name) for name in sent.get("query", {})} <= parameters, key
        fields = {sent["wrapper"]} if "wrapper" in sent else set(sent.get("body", ()))
        assert fields <= set(described.body_schema.get("properties", {})), key
        assert sent.get("mediaType") == (described.accept if "alpha" in (described.accept or "") else None), key


@pytest.mark.parametrize(
    ("attribute", "value", "line"),
    [
        (
            "perform",
            lambda context, inputs: context.api.get("elsewhere", inputs.source_id),
            'path: "/elsewhere/{sourceId}"',
        ),
        ("effect", "destructive", 'effect: "write"'),
        ("idempotent", False, "idempotent: false"),
        (
            "display",
            connector.Display(label="Planted", description="d"),
            'display: { label: "Planted", description: "d" }',
        ),
    ],
)
def test_change_of_an_action_is_in_the_package(
    segment: connector.Component,
    monkeypatch: pytest.MonkeyPatch,
    unchanged: str,
    attribute: str,
    value: Any,
    line: str,
) -> None:
    monkeypatch.setattr(segment.actions["getSource"], attribute, value)

    after = source(segment)

    changed = [new for old, new in zip(unchanged.splitlines(), after.splitlines(), strict=True) if old != new]
    assert [text.strip().rstrip(",") for text in changed][-1:] == [line] or line in changed[0]


def test_change_of_an_input_is_in_the_package(segment: connector.Component, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = segment.actions["getSource"].inputs.definitions()["sourceId"]
    monkeypatch.setitem(
        segment.actions["getSource"].inputs.definitions(), "sourceId", Input(label="Planted", example=marker.example)
    )

    assert 'label: "Planted"' in source(segment)


def test_form_of_the_package_is_the_definition_with_labels_for_both_parts_of_a_pair(
    segment: connector.Component,
) -> None:
    inputs = rows(segment)["updateSource"]["inputs"]

    assert inputs["settings"]["form"]["label"] == {"key": "Name", "value": "Settings"}
    assert inputs["settings"]["secret"] is True
    assert inputs["enabled"]["form"]["type"] == "string"
    assert [choice["value"] for choice in inputs["enabled"]["form"]["model"]] == ["true", "false", ""]
    assert rows(segment)["rawRequest"]["inputs"]["retryAllErrors"]["form"]["type"] == "boolean"


def test_page_size_has_no_default_since_it_would_also_apply_to_fetching_all(segment: connector.Component) -> None:
    row = rows(segment)["listSources"]

    assert row["inputs"]["count"]["form"]["placeholder"] == "50"
    assert "default" not in row["inputs"]["count"]["form"]
    assert (row["operation"]["defaults"], row["pagination"]["size"]) == ({"pagination[count]": 50}, 200)


class Some(Inputs):
    thing_id: Annotated[str, Input(label="ID")]
    name: Annotated[str, Input(label="Name")] | MISSING = MISSING
    flag: Annotated[bool, Input(label="Flag", type="boolean")] | MISSING = MISSING


class Checked(Inputs):
    name: Annotated[str, AfterValidator(str.upper), Input(label="Name")]


class CheckedAsAWhole(Inputs):
    name: Annotated[str, Input(label="Name")]

    @model_validator(mode="after")
    def _check(self) -> CheckedAsAWhole:
        return self


def branches(context: Context, inputs: Some) -> Payload:
    return context.api.get("a") if inputs.name is MISSING else context.api.get("b")


def sends_twice(context: Context, inputs: Some) -> Payload:
    context.api.get("a")
    return context.api.get("a", inputs.thing_id)


def changes_the_payload(context: Context, inputs: Some) -> Payload:
    return {"data": context.api.get("a", inputs.thing_id)["data"]}


def computes(context: Context, inputs: Some) -> Payload:
    return context.api.post("a", json={"name": f"{inputs.thing_id}-copy"})


def sends_a_constant(context: Context, inputs: Some) -> Payload:
    return context.api.post("a", json={"id": inputs.thing_id, "kind": "x"})


def sends_a_flag_in_the_query(context: Context, inputs: Some) -> Payload:
    return context.api.get("a", query=inputs.body("flag"))


def reads_the_connection(context: Context, inputs: Some) -> Payload:
    return context.api.get("a", context.connection.definition.key, inputs.thing_id)


@pytest.mark.parametrize(
    ("perform", "reason"),
    [
        (branches, "depends on more than which inputs are set"),
        (sends_twice, "is not one request"),
        (changes_the_payload, "is not one request"),
        (computes, "not one of its inputs"),
        (sends_a_constant, "not one of its inputs"),
        (sends_a_flag_in_the_query, '"flag" of its query'),
        (reads_the_connection, "needs more than its inputs"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_handler_that_no_table_can_express_is_rejected(perform: Any, reason: str) -> None:
    with pytest.raises(InexpressibleError, match=re.escape(reason)):
        operation(Action("some", perform))


def test_optional_field_of_the_body_is_in_the_row() -> None:
    def create(context: Context, inputs: Some) -> Payload:
        return context.api.post("a", inputs.thing_id, json={"input": inputs.body("name", "flag")}, media_type="x/y")

    assert operation(Action("create", create)) == {
        "method": "POST",
        "path": "/a/{thingId}",
        "body": {"name": "name", "flag": "flag"},
        "wrapper": "input",
        "mediaType": "x/y",
    }


def test_data_source_that_is_not_a_picklist_of_one_list_is_rejected() -> None:
    def lists(context: Context, _inputs: Some) -> Payload:
        return picklist(context.api.get("lists")["data"], "name")

    def filtered(context: Context, inputs: Some) -> Payload:
        return picklist([record for record in context.records("listThings", inputs) if record.get("live")], "name")

    for perform in (lists, filtered):
        with pytest.raises(InexpressibleError):
            choices(DataSource("lists", perform))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"inputs": Checked}, "an input has a validator of its own"),
        ({"branches": ("one",)}, "it branches"),
        ({"pagination": Pagination(records="$.data", style="page")}, 'its pages are of the style "page"'),
        ({"inputs": CheckedAsAWhole}, "its inputs have validators of their own"),
        (
            {"pagination": Pagination(records="$.data[?(@.a)]", cursor="$.next")},
            "JSONPath that is not a chain of names",
        ),
    ],
    ids=["validator", "branches", "pages", "model validator", "pagination"],
)
def test_action_that_no_table_can_express_is_named_with_its_reason(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], reason: str
) -> None:
    for attribute, value in change.items():
        monkeypatch.setattr(segment.actions["listSources"], attribute, value)
    if "inputs" in change:
        monkeypatch.setattr(segment.actions["listSources"], "pagination", None)
        monkeypatch.setattr(
            segment.actions["listSources"], "perform", lambda context, inputs: context.api.get(inputs.name)
        )

    with pytest.raises(errors.ComponentError, match=re.escape(reason)) as caught:
        table(segment)

    assert [problem.location for problem in caught.value.problems] == ["listSources"]
    assert caught.value.problems[0].hint.endswith("prismatic/actions/listSources.ts.")


LISTING = """\
from typing import Annotated

from connector import Input, Inputs, action


class Hello(Inputs):
    name: Annotated[str, Input(label="Name", comments="Whom to greet.")]


@action("sayHello", effect="write")
def say_hello(context, inputs: Hello):
    return context.api.post("greetings", json=inputs.body("name"))
"""


def test_component_of_another_service_is_exported(tmp_path: Path) -> None:
    manifest = write_component(tmp_path)
    manifest.write_text(manifest.read_text().replace("display:\n", "display:\n  iconPath: icon.png\n"))
    code = "export const token = {};\n"
    files = {"actions/hello.py": LISTING, "icon.png": "a picture", "prismatic/connections/token.ts": code}
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    exported = package(connector.load_component(manifest, installed_plugins=False))

    table_source = exported["src/operations.ts"].decode()
    assert 'operation: { method: "POST", path: "/greetings", body: { name: "name" } }' in table_source
    assert 'key: "tiny-connector"' in table_source
    assert exported["src/connections/token.ts"].decode() == code
    assert [path for path, content in exported.items() if re.search(rb"\bSegment\b", content)] == []


def with_endpoint(segment: connector.Component, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    monkeypatch.setattr(
        segment.connection(), "connect", lambda _fields, _requested: Endpoint(base_url="https://x.test", **parts)
    )


def test_secret_header_of_a_connection_is_not_in_the_table(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_endpoint(segment, monkeypatch, headers={"X-Key": SecretStr("s3cr3t"), "X-Other": "o"})

    assert table(segment).connections[0]["headers"] == {"Accept": "application/json", "X-Other": "o"}


def test_connection_with_granted_authorization_is_rejected_by_name(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = ClientCredentials(token_url="https://x.test/token", client_id="i", client_secret=SecretStr("s"))
    with_endpoint(segment, monkeypatch, authorization=credentials)

    with pytest.raises(errors.ComponentError, match="apiKey: no table can express it: its authorization is granted"):
        table(segment)


def test_default_key_and_label_differ_from_those_of_the_original(segment: connector.Component) -> None:
    assert 'key: "segment-connector"' in source(segment)
    assert 'label: "Segment Connector"' in source(segment)


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((TEMPLATE / "package-lock.json").read_bytes())

    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)


def runtime(name: str) -> str:
    return (TEMPLATE / "src/runtime" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("status", api_errors.BY_STATUS)
def test_text_of_a_status_is_the_same_in_both_languages(status: int) -> None:
    kind, text = api_errors.BY_STATUS[status]
    entry = runtime("errors.ts").partition(f"  {status}: {{")[2].partition("}")[0]

    assert json.dumps(kind.__name__) in entry
    assert json.dumps(text) in entry
    assert json.dumps(kind.hint) in entry


@pytest.mark.parametrize(
    "text",
    [
        errors.NoResponseError.hint,
        errors.UnreachableError.hint,
        errors.OutcomeUnknownError.hint,
        errors.RejectedError.hint,
        errors.ServerError.hint,
        api_errors.REPEATABLE_HINT,
    ],
)
def test_hint_is_the_same_in_both_languages(text: str) -> None:
    assert json.dumps(text) in runtime("explainer.ts")


def test_hint_of_an_endless_list_is_the_same_in_both_languages() -> None:
    assert json.dumps(errors.PaginationError.hint) in runtime("operations.ts")


def test_error_of_a_page_is_the_same_in_both_languages() -> None:
    texts = re.findall(r'(?:PaginationError|InvalidResponseError)\(f?"([^"{]+)', inspect.getsource(pagination))
    texts.remove("the API returned the same page twice")  # of a style that is not exported

    assert len(texts) == 5
    assert [text for text in texts if text not in runtime("operations.ts")] == []


@pytest.mark.parametrize(
    "text",
    [
        *["request timed out", "response is incomplete", "connection closed before the response: "],
        *["; the write may have been applied", "TLS error for ", "cannot resolve ", "cannot connect to "],
        *["rate limited (429)", "server error (", "rejected (", "unexpected redirect (", "HTML page titled "],
        *[" The write was applied: check the record before you retry.", "Check the host name of the connection."],
        *[" is the API, not a proxy or a login page."],
    ],
)
def test_error_of_a_request_is_the_same_in_both_languages(text: str) -> None:
    assert text in inspect.getsource(api_errors)
    assert text in runtime("explainer.ts")


@pytest.mark.parametrize("text", sorted(set(EXPECTED.values())))
def test_expectation_of_an_input_is_the_same_in_both_languages(text: str) -> None:
    pattern = re.escape(text).replace(r"\{", "{").replace(r"\}", "}")
    pattern = re.sub(r"\{\w+\}", r"\\$\\{[^}]+\\}", pattern)

    if text != "must be a finite number":  # every number of the component has limits, which say it too
        assert re.search(f'["`]{pattern}["`]', runtime("native.ts"))


@pytest.mark.parametrize(
    ("file", "declaration"),
    [
        ("waits.ts", f"MAX_SINGLE_WAIT = {rate_limits.MAX_SINGLE_WAIT:.0f};"),
        ("waits.ts", f"MAX_TOTAL_WAIT = {rate_limits.DEFAULT_MAX_WAIT:.0f};"),
        ("waits.ts", f"FIRST_BACKOFF = {rate_limits.FIRST_BACKOFF};"),
        ("attempts.ts", f"RETRIES = {transport.RETRIES};"),
        ("attempts.ts", f"CONNECT_RETRIES = {transport.CONNECT_RETRIES};"),
        ("attempts.ts", f"RETRIED_STATUSES = {sorted(transport.RETRIED_STATUSES)};"),
        ("explainer.ts", f"REJECTIONS = {sorted(api_errors.REJECTIONS)};"),
        ("exchange.ts", f"CONNECT_TIMEOUT = {exchange.CONNECT_TIMEOUT * 1000:_.0f};"),
        ("exchange.ts", f"READ_TIMEOUT = {exchange.READ_TIMEOUT * 1000:_.0f};"),
    ],
)
def test_limit_is_the_same_in_both_languages(file: str, declaration: str) -> None:
    assert declaration in runtime(file)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b-c": [True, None]}, '{ a: 1, "b-c": [true, null] }'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ([], "[]"),
        ({}, "{}"),
        ({"name": Code("name"), "other": Code("name")}, "{ name, other: name }"),
        ([{"a": 1, "b": 2}, {"a": 3, "b": 4}], "[\n  { a: 1, b: 2 },\n  { a: 3, b: 4 },\n]"),
        ({"key": "x" * 100, "label": "y" * 10}, f'{{\n  key: "{"x" * 100}",\n  label: "{"y" * 10}",\n}}'),
        ({"label": "x" * 120}, f'{{\n  label:\n    "{"x" * 120}",\n}}'),
    ],
)
def test_value_is_formatted_as_prettier_formats_it(value: Any, text: str) -> None:
    assert constant("const value", value) == f"const value = {text};\n"
