"""Components that are made from small OpenAPI documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import connector
from connector.cli.new.names import component_names
from connector.cli.new.openapi import openapi_files
from connector.describe.openapi.document import OpenApiDocument
from connector.describe.openapi.translation import Translation, translate

OK = {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}}


def operation(**parts: Any) -> dict[str, Any]:
    """An operation with a JSON response."""
    return {"operationId": "call", "responses": OK, **parts}


def json_body(schema: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """A JSON request body."""
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def document(paths: Mapping[str, Any], *, version: str = "3.0.3", **parts: Any) -> dict[str, Any]:
    """A document with a server and a bearer token."""
    content: dict[str, Any] = {
        "openapi": version,
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }
    components = {**content["components"], **parts.pop("components", {})}
    return {**content, **parts, "components": components}


def translated(content: Mapping[str, Any]) -> Translation:
    """The translation of a document."""
    return translate(OpenApiDocument(content))


def component_of(folder: Path, content: Mapping[str, Any]) -> connector.Component:
    """Write and load the component of a document."""
    files = openapi_files(component_names("small"), translated(content))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)
    return connector.load_component(folder / "small_component")


def left_out(content: Mapping[str, Any]) -> dict[str, str]:
    """The reason by name of each operation that is left out."""
    return dict(translated(content).left_out)
