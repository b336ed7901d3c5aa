"""JSON Schema 2020-12 of integration files, for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from connector.component.schema import DIALECT
from connector.flows.file.model import VERSIONS
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.conditions import OPERATORS

TEXT = {"type": "string"}
SCALAR = {"type": ["string", "number", "boolean", "null"]}


def json_schema() -> dict[str, Any]:
    """The schema; what is not executed is allowed as it is."""
    return {
        "$schema": DIALECT,
        "title": "Integration",
        "description": "An integration of the Prismatic platform, as it is exported.",
        **_object(["definitionVersion", "name", "flows"], _root()),
        "$defs": {
            "flow": _object(["name", "steps"], _flow()),
            "step": _object(["name", "action"], _step()),
            "branch": _object(["name", "steps"], {"name": TEXT, "steps": _list_of("step")}),
            "action": _object(["key", "component"], {"key": _action_keys(), "component": _ref("component")}),
            "component": {"oneOf": [TEXT, _object(["key"], {"key": TEXT, "isPublic": {"type": "boolean"}})]},
            "errorConfig": _object([], _error_config()),
            "configVar": _object(["key"], _config_variable()),
            "expression": _expression(),
            "entry": {"anyOf": [_ref("expression"), SCALAR, {"type": "array", "items": _ref("entry")}]},
            "condition": _condition(),
        },
    }


def _root() -> dict[str, Any]:
    return {
        "definitionVersion": {"enum": [*VERSIONS, *map(str, VERSIONS)], "description": "Version of this format."},
        "name": TEXT,
        "description": TEXT,
        "flows": {"type": "array", "items": _ref("flow"), "minItems": 1},
        "requiredConfigVars": _list_of("configVar"),
        "configPages": {"type": ["array", "null"], "description": "Pages of the config wizard; not executed."},
    }


def _flow() -> dict[str, Any]:
    return {
        "name": {**TEXT, "minLength": 1},
        "description": TEXT,
        "isSynchronous": {"type": "boolean", "description": "The caller waits for the flow's result."},
        "steps": {"type": "array", "items": _ref("step"), "minItems": 1, "description": "The first is the trigger."},
    }


def _step() -> dict[str, Any]:
    return {
        "name": {**TEXT, "minLength": 1, "description": "References name the step in camel case."},
        "description": {"type": ["string", "null"]},
        "action": _ref("action"),
        "inputs": {"type": ["object", "null"], "additionalProperties": _ref("expression")},
        "isTrigger": {"type": "boolean"},
        "steps": {**_list_of("step"), "description": "Steps of a loop."},
        "branches": {**_list_of("branch"), "description": "Branches of a branching step; the last is Else."},
        "errorConfig": _ref("errorConfig"),
    }


def _error_config() -> dict[str, Any]:
    return {
        "errorHandlerType": {"enum": ["fail", "ignore", "retry"]},
        "maxAttempts": {"type": ["integer", "string"], "minimum": 0, "maximum": 5},
        "delaySeconds": {"type": ["number", "string"], "minimum": 0, "maximum": 60},
        "usesExponentialBackoff": {"type": "boolean"},
        "ignoreFinalError": {"type": "boolean"},
    }


def _config_variable() -> dict[str, Any]:
    kinds = ["string", "date", "timestamp", "picklist", "schedule", "code", "boolean", "number", "connection"]
    return {
        "key": {**TEXT, "minLength": 1},
        "dataType": {"anyOf": [{"enum": kinds}, TEXT]},
        "defaultValue": True,
        "pickList": {"type": ["array", "null"], "items": SCALAR},
        "collectionType": {"enum": ["valuelist", "keyvaluelist", None, ""]},
        "connection": _ref("action"),
        "inputs": {"type": ["object", "null"], "additionalProperties": _ref("expression")},
        "useScopedConfigVar": TEXT,
    }


def _expression() -> dict[str, Any]:
    text = {"type": ["string", "null"]}
    cases = {
        "value": {"type": ["string", "number", "boolean", "null", "object", "array"]},
        "reference": {**text, "description": "Such as listThings.results.data.0.id"},
        "configVar": {**text, "description": "Key of a config variable; empty for an unset one."},
        "template": {**text, "description": "Text with {{$step.path}} and {{#Config Variable}}"},
        "complex": {"anyOf": [{"type": "array", "items": _ref("entry")}, {"enum": ["", None]}]},
    }
    kinds = [
        {"if": {"properties": {"type": {"const": kind}}}, "then": {"properties": {"value": shape}}}
        for kind, shape in cases.items()
    ]
    properties = {"type": {"enum": list(cases)}, "name": {"anyOf": [SCALAR, _ref("expression")]}, "value": True}
    return {**_object(["type"], properties), "allOf": kinds}


def _condition() -> dict[str, Any]:
    return {"type": "array", "prefixItems": [{"enum": list(OPERATORS)}], "items": _ref("entry"), "minItems": 1}


def _action_keys() -> dict[str, Any]:
    known = sorted({kind.partition(".")[2] for kind in BUILT_IN})
    return {**TEXT, "minLength": 1, "examples": known}


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": _ref(name)}
