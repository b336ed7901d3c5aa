"""The OpenAPI 3.1 document of a component, made from the schemas of its actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action, DataSource
from connector.describe.summaries import metadata

Schema = dict[str, Any]

ERROR: Schema = {
    "title": "Error",
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "title": "ErrorDetails",
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string", "examples": ["InputError"]},
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "action": {"type": "string"},
                "repeatable": {"type": "boolean"},
                "problems": {"type": "array", "items": {"type": "object"}},
                "status": {"type": "integer"},
                "retryAfter": {"type": "number"},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
CHOICES: Schema = {
    "title": "Choices",
    "type": "object",
    "required": ["result"],
    "properties": {
        "result": {
            "type": "array",
            "items": {
                "title": "Choice",
                "type": "object",
                "required": ["key", "label"],
                "properties": {"key": {"type": "string"}, "label": {"type": "string"}},
            },
        }
    },
}
SUBMITTED_RUN: Schema = {
    "title": "SubmittedRun",
    "type": "object",
    "required": ["run"],
    "properties": {"run": {"type": "string", "description": "ID of the run."}},
}
RUN_STATE: Schema = {
    "title": "RunState",
    "type": "object",
    "required": ["run", "status", "finished", "writes", "unknown", "error"],
    "properties": {
        "run": {"type": "string", "description": "ID of the run."},
        "status": {"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled"]},
        "finished": {"type": "integer", "description": "Number of steps that are done."},
        "writes": {"type": "integer", "description": "Number of writes that were applied."},
        "unknown": {"type": "integer", "description": "Number of writes with an unknown outcome."},
        "error": {"type": "string", "description": "Error that it failed with."},
        "results": {"description": "Results of a run that is done."},
    },
}
FAILURES = {status: {"$ref": "#/components/responses/Error"} for status in ("4XX", "5XX")}


def document(
    component: Component,
    actions: Iterable[Action[Any]] | None = None,
    *,
    url: str = "/",
    flows: Sequence[str] = (),
) -> Schema:
    """Return the OpenAPI document of a component.

    Args:
        component: The component.
        actions: The actions to offer; None offers all.
        url: Base URL of the server.
        flows: Names of the flows that can be started.

    Connection, longest wait and deadline travel in headers and are not in the document: clients generated from a
    document send optional numbers that are not set as 0, and every call would fail at its deadline.
    """
    offered = list(component.documented_actions.values() if actions is None else actions)
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    for action in offered:
        paths[f"/v1/actions/{action.key}"] = {"post": _invoke(action, schemas)}
        if action.pagination:
            paths[f"/v1/records/{action.key}"] = {"post": _records(action)}
    for source in component.data_sources.values():
        paths[f"/v1/choices/{source.key}"] = {"get": _choices(source)}
    for name in flows:
        paths[f"/v1/flows/{name}"] = {"post": _start(name)}
    if flows:
        paths["/v1/runs/{run}"] = {"get": _show_run()}
    manifest = component.manifest
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": manifest.display.label,
            "version": manifest.version,
            "description": manifest.display.description,
        },
        "servers": [{"url": url}],
        "security": [{"ApiKey": []}, {"Bearer": []}],
        "tags": [{"name": name, "description": f"Actions: {name}."} for name in _tags(offered)]
        + [{"name": "choices", "description": "Choices for inputs."}]
        + ([{"name": "flows", "description": "Starts of flows, and their runs."}] if flows else []),
        "paths": paths,
        "components": {
            "schemas": {
                "Error": ERROR,
                "Choices": CHOICES,
                **({"SubmittedRun": SUBMITTED_RUN, "RunState": RUN_STATE} if flows else {}),
                **schemas.components,
            },
            "responses": {
                "Error": {
                    "description": "What went wrong and what to do.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
            },
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


class _Schemas:
    """Schemas of the document by name; equal `$defs` of several actions are kept once."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def add(self, name: str, schema: Mapping[str, Any]) -> Schema:
        """Add a schema with its `$defs` and return a reference to it."""
        body = {key: value for key, value in schema.items() if key not in ("$schema", "$id")}
        definitions = body.pop("$defs", {})
        names = {part: self._free_name(part, content, name) for part, content in definitions.items()}
        for part, content in definitions.items():
            self.components[names[part]] = {**_rewritten(content, names), "title": names[part]}
        # Generators name their classes by the title, so it has to be unique.
        self.components[name] = {**_rewritten(body, names), "title": name}
        return {"$ref": f"#/components/schemas/{name}"}

    def _free_name(self, part: str, content: Schema, owner: str) -> str:
        present = self.components.get(part)
        same = {**_rewritten(content, {}), "title": part}
        return part if present is None or present == same else f"{owner}{part}"


def _rewritten(value: Any, names: Mapping[str, str]) -> Any:
    """Return a schema with its references moved to `#/components/schemas`, hidden inputs left out, lists typed."""
    if isinstance(value, list):
        return [_rewritten(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    result: Schema = {}
    for key, each in value.items():
        if key == "$ref" and isinstance(each, str):
            part = each.removeprefix("#/$defs/")
            result[key] = f"#/components/schemas/{names.get(part, part)}"
        elif key == "properties" and isinstance(each, dict):
            visible = {name: field for name, field in each.items() if not _is_hidden(field)}
            result[key] = {name: _rewritten(field, names) for name, field in visible.items()}
        else:
            result[key] = _rewritten(each, names)
    kinds = result.get("type")
    if "items" not in result and (kinds == "array" or (isinstance(kinds, list) and "array" in kinds)):
        result["items"] = {}  # OpenAPI's own tools reject a list without it, although JSON Schema allows it
    return result


def _is_hidden(field: Any) -> bool:
    return isinstance(field, dict) and field.get("x-hidden") is True


def _type_name(action: Action[Any]) -> str:
    return action.key[0].upper() + action.key[1:]


def _tags(actions: Iterable[Action[Any]]) -> list[str]:
    return list(dict.fromkeys(action.resource for action in actions))


def _invoke(action: Action[Any], schemas: _Schemas) -> Schema:
    name = _type_name(action)
    inputs = schemas.add(f"{name}Inputs", action.input_schema)
    payload = schemas.add(f"{name}Payload", action.output_schema if action.has_example else {})
    return {
        "operationId": action.key,
        "tags": [action.resource],
        **_words(action),
        "requestBody": {
            "required": bool(action.inputs.required_keys()),
            "content": {"application/json": {"schema": inputs}},
        },
        "responses": {
            "200": {"description": "The payload.", "content": {"application/json": {"schema": payload}}},
            **FAILURES,
        },
        "x-connector": metadata(action),
    }


def _records(action: Action[Any]) -> Schema:
    words = _words(action)
    inputs = {"$ref": f"#/components/schemas/{_type_name(action)}Inputs"}
    lines = {"type": "string", "description": "One JSON record per line."}
    return {
        "operationId": f"{action.key}Records",
        "tags": [action.resource],
        "summary": f"{words['summary']}: all records",
        "description": "Return the records of all pages as JSON lines. An error after the first page is the last line.",
        "requestBody": {"content": {"application/json": {"schema": inputs}}},
        "responses": {
            # Generators of clients know plain text, but not JSON lines; the server sends what the client accepts.
            "200": {
                "description": "The records.",
                "content": {"text/plain": {"schema": lines}, "application/jsonl": {"schema": lines}},
            },
            **FAILURES,
        },
    }


def _choices(source: DataSource[Any]) -> Schema:
    required = source.inputs.required_keys()
    fields = source.input_schema["properties"].items()
    parameters = [
        {"name": "search", "in": "query", "required": False, "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}},
        *(
            {"name": key, "in": "query", "required": key in required, "schema": _rewritten(field, {})}
            for key, field in fields
            if not _is_hidden(field)
        ),
    ]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Choices"}}}
    return {
        "operationId": f"{source.key}Choices",
        "tags": ["choices"],
        **_words(source),
        "parameters": parameters,
        "responses": {"200": {"description": "The choices.", "content": content}, **FAILURES},
    }


def _start(name: str) -> Schema:
    words = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/SubmittedRun"}}}
    return {
        "operationId": f"startFlow{words}",
        "tags": ["flows"],
        "summary": f"Start {name}",
        "description": "Submit a run of the flow. The body is the payload of its trigger. A worker performs the run.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Requests for this flow with the same key make one run.",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {"required": False, "content": {"application/json": {"schema": {}}}},
        "responses": {"202": {"description": "The run was submitted.", "content": content}, **FAILURES},
    }


def _show_run() -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/RunState"}}}
    return {
        "operationId": "showRun",
        "tags": ["flows"],
        "summary": "Show a run",
        "description": "Return what became of a run that the caller started.",
        "parameters": [{"name": "run", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "The state of the run.", "content": content}, **FAILURES},
    }


def _words(definition: Action[Any] | DataSource[Any]) -> dict[str, str]:
    return {"summary": definition.label, "description": definition.description or definition.label}
