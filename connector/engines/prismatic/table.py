"""The rows of the generated table: every action, data source, and connection of a component."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from connector.component.component import Component
from connector.component.definitions import Action, ConnectionDefinition, DataSource, Pagination
from connector.describe.prismatic import connection_input, server_form
from connector.engines.prismatic.fields import fields
from connector.engines.prismatic.probe import InexpressibleError, Row, choices, operation
from connector.errors import ComponentError, Problem

FOLDER = "prismatic"
"""Folder of a component with the code of what no table can express: `actions/KEY.ts` and `connections/KEY.ts`."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the runtime needs to know of a component.

    Attributes:
        display: How the component is shown.
        connections: Its connections.
        actions: Its actions.
        data_sources: Its data sources.
        own_code: Keys of the actions that have code of their own.
    """

    display: Row
    documentation_url: str
    connections: list[Row]
    actions: list[Row]
    data_sources: list[Row]
    own_code: list[str]


def table(component: Component) -> Table:
    """Return the table of a component.

    Raises:
        ComponentError: If the table cannot express some definitions, and the component has no code for them.
    """
    return _Reader(component).table()


class _Reader:
    def __init__(self, component: Component) -> None:
        self._component = component
        self._form = server_form(component)
        self._problems: list[Problem] = []

    def table(self) -> Table:
        component = self._component
        table = Table(
            display=self._form["display"],
            documentation_url=self._form["documentationUrl"],
            connections=self._rows(component.connections, self._connection),
            actions=self._rows(component.actions, self._action),
            data_sources=self._rows(
                {key: component.data_sources[key] for key in self._form["dataSources"]}, self._data_source
            ),
            own_code=[key for key in component.actions if self._code("actions", key).is_file()],
        )
        if self._problems:
            raise ComponentError("the component cannot be exported for Prismatic", problems=self._problems)
        return table

    def _rows(self, definitions: Mapping[str, Any], row_of: Callable[[Any], Row]) -> list[Row]:
        rows = []
        for key, definition in definitions.items():
            try:
                rows.append({"key": key, **row_of(definition)})
            except InexpressibleError as error:
                self._problems.append(Problem(key, f"no table can express it: {error}", hint=self._hint(definition)))
        return rows

    def _hint(self, definition: Any) -> str:
        if isinstance(definition, DataSource):
            return "Return picklist(context.records(KEY, inputs), ...) of a list action."
        kind = "connections" if isinstance(definition, ConnectionDefinition) else "actions"
        return f"Write {self._code(kind, definition.key)}."

    def _code(self, kind: str, key: str) -> Path:
        return self._component.folder / FOLDER / kind / f"{key}.ts"

    def _action(self, action: Action[Any]) -> Row:
        if action.branches:
            raise InexpressibleError("it branches")
        form = self._form["actions"][action.key]
        has_code = self._code("actions", action.key).is_file()
        forms = _without_page_size(action, form["inputs"][1:])
        row: Row = {
            "display": form["display"],
            "effect": "depends on inputs" if callable(action.effect) else _effect(action),
            "idempotent": action.idempotent,
            "connectionInput": connection_input(action),
            "samplePrefix": action.inputs.sample_prefix,
            "operation": None if has_code else operation(action),
            "pagination": _pagination(action, action.pagination) if action.pagination else None,
            "updateInputs": [_key(action, name) for name in action.inputs.update_fields],
            "inputs": fields(action.inputs, forms, has_code=has_code),
        }
        return {name: value for name, value in row.items() if value not in (None, [])}

    def _data_source(self, source: DataSource[Any]) -> Row:
        form = self._form["dataSources"][source.key]
        return {"display": form["display"], **choices(source), "inputs": fields(source.inputs, form["inputs"][1:])}

    def _connection(self, definition: ConnectionDefinition[Any]) -> Row:
        if not self._code("connections", definition.key).is_file():
            raise InexpressibleError("a connection is code")
        form = next(form for form in self._form["connections"] if form["key"] == definition.key)
        endpoint = definition.connect(_sample_fields(definition), {})
        if not isinstance(endpoint.authorization, SecretStr | None):
            raise InexpressibleError("its authorization is granted for some time")
        # Secret headers are left to the connection's code, since they depend on its fields.
        headers = {name: value for name, value in endpoint.headers.items() if not isinstance(value, SecretStr)}
        return {
            "display": {"label": form["label"], "description": form["comments"]},
            "fields": fields(definition.fields, form["inputs"], has_code=True),
            "headers": {"Accept": endpoint.media_type, **headers},
            "hints": dict(endpoint.hints),
        }


def _sample_fields(definition: ConnectionDefinition[Any]) -> Any:
    """Return fields from which an endpoint can be made, to see what does not depend on them."""
    infos = definition.fields.model_fields
    needed = {name: SecretStr("sample") for name, info in infos.items() if info.is_required()}
    return definition.fields.model_construct(**needed)


def _effect(action: Action[Any]) -> str:
    return "read" if action.effect == "read" else "write"


def _key(action: Action[Any], name: str) -> str:
    return action.inputs.model_fields[name].alias or name


def _without_page_size(action: Action[Any], forms: list[Row]) -> list[Row]:
    """Return the forms with the page size as a placeholder: as a default, it would also apply to fetching all pages."""
    if action.pagination is None:
        return forms
    size = _key(action, action.pagination.size_input)
    return [
        {**form, "placeholder": form.get("placeholder") or form["default"], "default": ""}
        if form["key"] == size
        else form
        for form in forms
    ]


def _pagination(action: Action[Any], pagination: Pagination) -> Row:
    if pagination.style != "cursor":
        raise InexpressibleError(f'its pages are of the style "{pagination.style}"')
    return {
        "records": _path(pagination.records),
        "cursor": _path(pagination.cursor),
        "cursorInput": _key(action, pagination.cursor_input),
        "sizeInput": _key(action, pagination.size_input),
        "allInput": _key(action, pagination.all_input),
        "size": pagination.size,
        "maxEmptyPages": pagination.max_empty_pages,
    }


def _path(jsonpath: str) -> list[str]:
    if not re.fullmatch(r"\$(\.\w+)+", jsonpath):
        raise InexpressibleError(f"its pagination has a JSONPath that is not a chain of names: {jsonpath}")
    return jsonpath.split(".")[1:]
