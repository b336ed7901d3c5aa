"""Parsing integration files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.common.yaml_source import MAX_DEPTH
from connector.errors import InvalidFlowError
from connector.flows import Flow
from connector.flows.file.model import ErrorConfig
from connector.flows.values.expressions import Complex, ConfigVariable, Literal, Pair, Reference, Template
from tests.flows.support import TRIGGER, document, flow_of, step


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidFlowError) as caught:
        Flow.parse(text, "flow.yaml")
    return [" ".join(filter(None, (f"{p.location}: {p.message}", p.hint))) for p in caught.value.problems]


def dumped(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False)


def test_five_types_of_expressions_are_parsed() -> None:
    inputs = {
        "a": "text",
        "b": "=trigger.results.body",
        "c": "#Env",
        "d": "~x{{#Env}}",
        "e": {
            "type": "complex",
            "value": [
                {"type": "value", "value": "1"},
                {"name": "n", "type": "value", "value": "2"},
                {"name": {"type": "configVar", "value": "Env"}, "type": "value", "value": "3"},
                ["equal", {"name": "", "type": "value", "value": "4"}],
            ],
        },
    }
    parsed = flow_of(step("Echo", "workshop.echo", inputs)).definition().steps[1].inputs
    assert parsed["a"] == Literal("text")
    assert parsed["b"] == Reference("trigger.results.body", "trigger", ("results", "body"))
    assert parsed["c"] == ConfigVariable("Env")
    assert parsed["d"] == Template("x{{#Env}}", ("x", ConfigVariable("Env")))
    assert parsed["e"] == Complex(
        (
            Literal("1"),
            Pair(Literal("n"), Literal("2")),
            Pair(ConfigVariable("Env"), Literal("3")),
            Complex((Literal("equal"), Pair(Literal(""), Literal("4")))),
        )
    )


@pytest.mark.parametrize(
    ("written", "value"), [("no", "no"), ("012", "012"), ("on", "on"), ("5", "5"), ("true", "true")]
)
def test_bare_literal_is_a_string(written: str, value: str) -> None:
    text = dumped(document(step("Echo", "workshop.echo", {"value": "PLACE"}))).replace("PLACE", written)
    assert Flow.parse(text).definition().steps[1].inputs["value"] == Literal(value)


@pytest.mark.parametrize("version", [6, 7, "7"])
def test_versions_6_and_7_are_supported(version: Any) -> None:
    assert Flow.parse(dumped({**document(), "definitionVersion": version})).integration.version in {6, 7}


def test_other_version_is_rejected() -> None:
    assert problems("name: x\ndefinitionVersion: 5\nflows: []\n") == [
        (
            "flow.yaml:2: definitionVersion: unsupported version 5 (supported: 6, 7) "
            "Export the integration again from Prismatic."
        )
    ]


def test_old_format_is_rejected_by_name() -> None:
    assert "this is the old format of one flow per file" in problems("name: x\ntrigger: {}\nsteps: []\n")[0]


def test_ignored_fields_stay_in_the_file() -> None:
    pages = [{"name": "Page", "elements": [{"type": "configVar", "value": "Workshop"}]}]
    scheduled = {**TRIGGER, "schedule": {"type": "value", "value": "0 * * * *"}}
    content = document(configPages=pages, labels=["a"])
    content["flows"][0] |= {"steps": [scheduled], "endpointSecurityType": "unsecured"}
    flow = Flow.parse(dumped(content))
    assert flow.integration.document.data["configPages"] == pages
    assert flow.integration.document.data["labels"] == ["a"]
    assert flow.definition().extra == {"endpointSecurityType": "unsecured"}
    assert flow.definition().steps[0].extra == {"schedule": {"type": "value", "value": "0 * * * *"}}


def test_three_kinds_of_config_variables_are_parsed() -> None:
    config = [
        {"key": "Colour", "dataType": "picklist", "defaultValue": "red", "pickList": ["red", "blue"]},
        {"key": "Tags", "dataType": "string", "collectionType": "valuelist"},
        {"key": "Shared", "dataType": "connection", "useScopedConfigVar": "shared-key"},
    ]
    variables = flow_of(config=config).integration.config_variables
    assert (variables["Workshop"].kind, variables["Workshop"].component, variables["Workshop"].connection) == (
        "connection",
        "workshop",
        "key",
    )
    assert (variables["Colour"].kind, variables["Colour"].default, variables["Colour"].choices) == (
        "value",
        "red",
        ("red", "blue"),
    )
    assert variables["Tags"].collection == "valuelist"
    assert variables["Shared"].kind == "scoped"


def test_error_handling_is_parsed() -> None:
    config = {
        "errorHandlerType": "retry",
        "maxAttempts": 3,
        "delaySeconds": "2",
        "usesExponentialBackoff": True,
        "ignoreFinalError": "true",
    }
    on_error = flow_of(step("Echo", "workshop.echo", errorConfig=config)).definition().steps[1].on_error
    assert on_error == ErrorConfig("retry", 3, 2.0, exponential=True, ignore_final=True)


def test_all_problems_are_reported_with_line_path_and_hint() -> None:
    text = """\
name: Broken
definitionVersion: 7
flows:
  - name: Main
    steps:
      - name: Trigger
        isTrigger: true
        action: {key: webhook, component: {key: webhook-triggers}}
      - name: Echo
        action: {key: echo, component: {key: workshop}}
        inputs:
          a: {type: refrence, value: x}
          b: just text
          c: {type: reference, value: a..b}
          d: {type: complex, value: {}}
        errorConfig: {errorHandlerType: retri, maxAttempts: 6}
      - name: "echo!"
        action: {component: {key: workshop}}
      - action: {key: echo, component: workshop}
requiredConfigVars:
  - key: C
    dataType: connection
"""
    assert problems(text) == [
        ('flow.yaml:12: flows.0.steps.1.inputs.a.type: unknown expression type "refrence" Did you mean reference?'),
        (
            'flow.yaml:13: flows.0.steps.1.inputs.b: must be an expression with "type" and "value", not a string '
            "Write `type: value` and `value: ...`."
        ),
        (
            'flow.yaml:14: flows.0.steps.1.inputs.c.value: invalid reference "a..b": unexpected "..b" '
            "Write the step name in camel case and a path, such as `listThings.results.data.0.id`."
        ),
        ("flow.yaml:15: flows.0.steps.1.inputs.d.value: must be a list, not an object Start each entry with a dash."),
        (
            "flow.yaml:16: flows.0.steps.1.errorConfig.errorHandlerType: must be one of fail, ignore, retry, "
            'got "retri" Did you mean retry?'
        ),
        'flow.yaml:16: flows.0.steps.1.errorConfig.maxAttempts: must be a number from 0 to 5, got "6"',
        'flow.yaml:18: flows.0.steps.2.action: missing field "key" Add `key: ...`.',
        (
            'flow.yaml:17: flows.0.steps.2.name: "echo!" and "Echo" (flow.yaml:9) have the same name "echo" in '
            "references Rename one of the steps."
        ),
        'flow.yaml:19: flows.0.steps.3: missing field "name" Add `name: ...`.',
        (
            "flow.yaml:21: requiredConfigVars.0: connection has no component "
            "Add `connection:` with its key and component."
        ),
    ]


@pytest.mark.parametrize("steps", [[], [step("Echo", "workshop.echo")], [TRIGGER, {**TRIGGER, "name": "Second"}]])
def test_flow_without_one_leading_trigger_is_rejected(steps: list[dict[str, Any]]) -> None:
    content = document()
    content["flows"][0]["steps"] = steps
    assert "the first step, and only it, must be a trigger" in problems(dumped(content))[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must be an object, not null Add the fields definitionVersion, name, flows."),
        ("- a\n- b\n", "must be an object, not a list"),
        ("name: x\ndefinitionVersion: 7\nflows: {}\n", "flows: must be a list, not an object"),
        ("name: x\ndefinitionVersion: 7\n", 'flow.yaml:1: missing field "flows" Add `flows: ...`.'),
        ("name: x\ndefinitionVersion: 7\nflows: []\n", "flows: must have at least one flow"),
        (
            "name: x\ndefinitionVersion: 7\nflow: []\n",
            'flow.yaml:3: flow: missing field "flows" Rename `flow` to `flows`.',
        ),
        ("name: x\ndefinitionVersion: 7\nflows: [3]\n", "flows.0: must be an object, not a number"),
        ("name: x\ndefinitionVersion: 7\nflows: [{}]\n", "flows.0: is empty Add the fields name, steps."),
        ("name: [x\n", "invalid YAML"),
        ("name: x\nname: y\n", 'duplicate key "name"'),
        ("a: &a\n  b: *a\n", "alias refers to its own parent"),
        ("a: " + "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), "nested more than"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            "values, including those of aliases",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_invalid_file_is_rejected(content: str, message: str) -> None:
    assert message in problems(content)[0]


CANONICAL = """\
"definitionVersion": !!int "7"
"name": !!str 7
"requiredConfigVars":
- {"dataType": "string", "key": "Warehouse", "defaultValue": !!null "null"}
"flows":
- "isSynchronous": !!bool "true"
  "name": "F"
  "steps":
  - "action": {"component": {"key": "webhook-triggers", "version": !!int "3"}, "key": "webhook"}
    "isTrigger": !!bool "true"
    "name": "Trigger"
  - "action": {"component": {"key": "workshop"}, "key": "echo"}
    "name": "Echo"
    "inputs": {"value": {"type": "configVar", "value": "Warehouse"}}
"""


def test_explicit_tags_are_followed() -> None:
    integration = Flow.parse(CANONICAL).integration
    assert (integration.version, integration.name, integration.flows[0].is_synchronous) == (7, "7", True)
    assert integration.flows[0].steps[0].is_trigger
    assert integration.config_variables["Warehouse"].default is None
    component = integration.document.data["flows"][0]["steps"][0]["action"]["component"]
    assert component["version"] == 3


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('!!int "seven"', 'invalid !!int "seven"'),
        ('!!bool "yes please"', 'invalid !!bool "yes please"'),
        ('!!binary "aGk="', 'unsupported tag "tag:yaml.org,2002:binary"'),
        ("!secret x", 'unsupported tag "!secret"'),
        ("!!set {a: null}", 'unsupported tag "tag:yaml.org,2002:set"'),
    ],
)
def test_other_tag_is_rejected_by_name(written: str, message: str) -> None:
    assert problems(CANONICAL.replace("!!str 7", written))[0].startswith(f"flow.yaml:2: {message}")


MERGED = """\
definitionVersion: 7
name: Merge
x-lenient: &lenient
  description: lenient
  errorConfig: {errorHandlerType: ignore}
x-described: &described
  description: described
  errorConfig: {errorHandlerType: retri}
flows:
- name: F
  steps:
  - {name: Trigger, isTrigger: true, action: {component: {key: webhook-triggers}, key: webhook}}
  - <<: MERGE
    name: Echo
    action: {component: {key: workshop}, key: echo}
"""


def test_merge_key_is_followed() -> None:
    step = Flow.parse(MERGED.replace("MERGE", "*lenient")).definition().steps[1]
    assert (step.name, step.description, step.on_error.kind, step.extra) == ("Echo", "lenient", "ignore", {})


def test_merge_key_with_a_list_prefers_the_first_object_and_own_keys() -> None:
    text = MERGED.replace("MERGE", "[*lenient, *described]").replace(
        "    name: Echo", "    name: Echo\n    description: own"
    )
    step = Flow.parse(text).definition().steps[1]
    assert (step.description, step.on_error.kind) == ("own", "ignore")


def test_problem_in_merged_fields_has_the_line_of_the_fields() -> None:
    (problem,) = problems(MERGED.replace("MERGE", "*described"))
    assert problem.startswith("flow.yaml:8: flows.0.steps.1.errorConfig.errorHandlerType: must be one of")


@pytest.mark.parametrize(
    ("merged", "message"),
    [
        ("5", 'flow.yaml:13: merge key "<<" must refer to an object or a list of objects'),
        ("*lenient\n    <<: *described", 'flow.yaml:14: duplicate key "<<"'),
        ("&self {<<: *self}", "flow.yaml:13: alias refers to its own parent"),
    ],
)
def test_invalid_merge_key_is_rejected(merged: str, message: str) -> None:
    assert problems(MERGED.replace("MERGE", merged))[0].startswith(message)


def test_quoted_merge_key_is_an_ordinary_key() -> None:
    step = Flow.parse(MERGED.replace("<<: MERGE", '"<<": x')).definition().steps[1]
    assert step.extra == {"<<": "x"}


def test_duplicate_flow_name_is_rejected() -> None:
    content = document()
    content["flows"] *= 2
    assert 'flows.1: duplicate flow "Main" (first used at flow.yaml:' in problems(dumped(content))[0]


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InvalidFlowError, match=r"missing.yaml: cannot read the file: no such file or directory"):
        Flow.load(tmp_path / "missing.yaml")


def test_file_that_is_not_utf_8_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(InvalidFlowError, match=r"not UTF-8 \(byte 6\)"):
        Flow.load(tmp_path / "flow.yaml")


def test_huge_file_is_rejected_before_reading(tmp_path: Path) -> None:
    with (tmp_path / "flow.yaml").open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(InvalidFlowError, match=r"larger than 20000000 bytes"):
        Flow.load(tmp_path / "flow.yaml")
