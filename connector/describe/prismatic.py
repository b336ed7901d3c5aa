"""A component in the shapes of Prismatic: as its runner loads it, and in the published form.

The shapes follow what `convertComponent` and `prism components:publish` of Prismatic's SDK 10.31 make, where
unset keys are absent, every input but a connection has a default, and inputs are in form order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from connector.component.definitions import Action, ConnectionDefinition, DataSource

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.inputs import Input, Inputs

SWITCH = [
    {"label": "True", "value": "true"},
    {"label": "False", "value": "false"},
    {"label": "", "value": ""},
]
"""Choices of a boolean that can stay unset, which Prismatic's own type `boolean` cannot."""

PUBLISHED_INPUT = frozenset(
    {"collection", "comments", "dataSource", "default", "example", "key", "keyLabel"}
    | {"label", "language", "model", "placeholder", "required", "type"}
)
PUBLISHED_CONNECTION_INPUT = PUBLISHED_INPUT | {"onPremiseControlled", "shown"}
PUBLISHED_DEFINITION = ("key", "public", "documentationUrl", "display")


def server_form(component: Component) -> dict[str, Any]:
    """Return the component as Prismatic's runner loads it, without functions."""
    manifest = component.manifest
    offered = frozenset(key for key, source in component.data_sources.items() if source.in_prismatic)
    return {
        "key": manifest.key,
        "public": manifest.public,
        "documentationUrl": manifest.documentation_url,
        "display": manifest.display.model_dump(by_alias=True, exclude_defaults=True),
        "connections": [_connection(definition) for definition in component.connections.values()],
        "actions": {key: _definition(action, offered) for key, action in component.actions.items()},
        "triggers": {},
        "dataSources": {
            key: {**_definition(source, offered), "dataSourceType": source.type}
            for key, source in component.data_sources.items()
            if key in offered
        },
    }


def published(component: Component) -> dict[str, Any]:
    """Return the component in the published form: maps become lists, example payloads JSON in strings."""
    whole = server_form(component)
    return {
        "definition": {key: whole[key] for key in PUBLISHED_DEFINITION},
        **{
            kind: [_published(definition) for definition in whole[kind].values()]
            for kind in ("actions", "triggers", "dataSources")
        },
        "connections": [_only(connection, PUBLISHED_CONNECTION_INPUT) for connection in whole["connections"]],
    }


def connection_input(definition: Action[Any] | DataSource[Any]) -> str:
    """Return the key of the connection input: `connection` for data sources and raw requests."""
    is_special = isinstance(definition, DataSource) or definition.effect_depends_on_inputs
    return "connection" if is_special else "connectionInput"


def _definition(definition: Action[Any] | DataSource[Any], data_sources: frozenset[str]) -> dict[str, Any]:
    connection = {
        "key": connection_input(definition),
        "type": "connection",
        "label": "Connection",
        "required": True,
    }
    exported: dict[str, Any] = {
        "key": definition.key,
        "display": _display(definition),
        "inputs": [connection, *_inputs(definition.inputs, data_sources)],
    }
    if isinstance(definition, Action) and definition.branches:
        exported |= {"allowsBranching": True, "staticBranchNames": list(definition.branches)}
    return exported if definition.example is None else {**exported, "examplePayload": definition.example}


def _display(definition: Action[Any] | DataSource[Any]) -> dict[str, str]:
    display = definition.display
    return {"label": display.label, "description": display.description} if display else {"label": definition.key}


def _connection(definition: ConnectionDefinition[Any]) -> dict[str, Any]:
    return {
        "key": definition.key,
        "label": definition.label,
        "comments": definition.description,
        "inputs": _inputs(definition.fields),
    }


def _inputs(model: type[Inputs], data_sources: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    required = model.required_keys()
    return [_input(key, marker, key in required, data_sources) for key, marker in model.definitions().items()]


def _input(key: str, marker: Input, required: bool, data_sources: frozenset[str]) -> dict[str, Any]:
    switch = marker.type == "boolean" and marker.default is None
    model = [{"label": title, "value": value} for value, title in marker.choices.items()]
    parts: dict[str, Any] = {
        "key": key,
        "type": "string" if switch else marker.type,
        "label": marker.label,
        "keyLabel": marker.key_label if marker.collection == "keyvaluelist" else "",
        "collection": marker.collection,
        "placeholder": marker.placeholder,
        "comments": marker.comments,
        "example": _text(marker.example),
        "model": SWITCH if switch else model,
        "language": marker.language,
        "dataSource": marker.data_source
        if marker.data_source in data_sources and marker.data_source_in_prismatic
        else None,
    }
    exported = {name: value for name, value in parts.items() if value}
    exported |= {"required": required, "default": marker.default or ""}
    return {**exported, "shown": False} if marker.hidden else exported


def _text(example: Any) -> str:
    if example is None or isinstance(example, str):
        return example or ""
    return json.dumps(example, ensure_ascii=False)


def _published(definition: Mapping[str, Any]) -> dict[str, Any]:
    example = json.dumps(definition.get("examplePayload", {}), ensure_ascii=False)
    return {**_only(definition, PUBLISHED_INPUT), "examplePayload": example}


def _only(definition: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    inputs = [{key: value for key, value in entry.items() if key in known} for entry in definition["inputs"]]
    return {**definition, "inputs": inputs}
