"""Make `api.json`, the facts of every operation of the Segment Public API, from checkouts of its official SDKs.

    python -m scripts.make_api FOLDER

The folder holds the checkouts `public-api-sdk-python` and `public-api-sdk-typescript`. The Python SDK has operations,
parameters, schemas, statuses and media types; the TypeScript SDK has what the Python SDK loses. No sentence is copied.
`x-from-text` names the keywords that only a text states, and `x-secret` marks secrets. The same checkouts make the same
bytes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts import python_sdk, typescript_sdk
from scripts.secret_fields import with_secret_mark
from scripts.stated_facts import Schema

FILE = Path(__file__).parents[1] / "api.json"

_SUCCESSES = {"200": "OK", "201": "Created"}
_REJECTIONS = {"404": "Not Found", "422": "Unprocessable Content", "429": "Too Many Requests"}
_MOST_VARIANTS = 9


def document(python_checkout: Path, typescript_checkout: Path) -> Schema:
    """Return the OpenAPI 3.1 document."""
    models = {name: _with_secret_marks(model) for name, model in python_sdk.models(python_checkout).items()}
    spellings = typescript_sdk.spellings(typescript_checkout)
    paths: dict[str, dict[str, Schema]] = {}
    for operation in python_sdk.operations(python_checkout):
        methods = paths.setdefault(operation.path, {})
        if operation.method in methods:
            raise SystemExit(f"the Python SDK has {operation.method} {operation.path} twice")
        methods[operation.method] = _described(operation, spellings[operation.method, operation.path], models)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Segment Public API, the facts of all operations",
            "version": python_sdk.version(python_checkout),
            "x-sources": {"python": _commit(python_checkout), "typescript": _commit(typescript_checkout)},
            "x-wire": {"object": "name[key]=", "array": "name.0=", "array-of-objects": "name.0[key]="},
        },
        "servers": [{"url": "https://api.segmentapis.com"}, {"url": "https://eu1.api.segmentapis.com"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in _tags(paths)],
        "paths": {path: dict(sorted(methods.items())) for path, methods in sorted(paths.items())},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {status: _rejection(status, text) for status, text in _REJECTIONS.items()},
            "schemas": {name: models[name] for name in sorted(_needed(paths, models))},
        },
    }


def text_of(value: Schema) -> str:
    """Return the document as the file holds it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _with_secret_marks(model: Schema) -> Schema:
    properties = model.get("properties", {}).items()
    marked = {name: with_secret_mark(name, schema) for name, schema in properties}
    return {**model, "properties": marked} if marked else model


def _described(
    operation: python_sdk.SdkOperation, spelling: typescript_sdk.Spelling, models: dict[str, Schema]
) -> Schema:
    facts = {"operationId": spelling.operation_id, **operation.facts}
    for parameter in facts.get("parameters", []):
        name = parameter["name"]
        parameter["schema"] = with_secret_mark(name, parameter["schema"])
        if name in spelling.choices:
            parameter["schema"] = {**parameter["schema"], "enum": spelling.choices[name]}
    for status, model in operation.responses.items():
        if status in _REJECTIONS:
            facts["responses"][status] = {"$ref": f"#/components/responses/{status}"}
            continue
        data = models[model]["properties"]["data"]
        envelope = {"type": "object", "properties": {"data": data}}
        content = {operation.accept: {"schema": envelope}}
        facts["responses"][status] = {"description": _SUCCESSES[status], "content": content}
        variants = [f"{model}{number}" for number in range(1, _MOST_VARIANTS)]
        others = [_name(models[variant]["properties"]["data"]) for variant in variants if variant in models]
        if others:
            facts["x-other-replies"] = others
        if pagination := _pagination(facts, models, models[_name(data)]):
            facts["x-pagination"] = pagination
    return facts


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[1]


def _pagination(facts: Schema, models: dict[str, Schema], data: Schema) -> Schema | None:
    """Return which parameters ask for a page, and where records and next cursor are; None without pages."""
    parameters = {p["name"]: p["schema"] for p in facts.get("parameters", []) if p["in"] == "query"}
    if "pagination" in parameters:
        requested = {"cursor": "pagination.cursor", "size": "pagination.count"}
        page = models[_name(parameters["pagination"])]["properties"]
    elif {"count", "cursor"} <= parameters.keys():
        requested, page = {"cursor": "cursor", "size": "count"}, parameters
    else:
        requested, page = {}, {}
    properties = data.get("properties", {})
    if not requested or "pagination" not in properties:
        return {"unlike": sorted(parameters)} if requested or "pagination" in properties else None
    lists = [key for key, schema in properties.items() if "array" in str(schema.get("type"))]
    pagination = {**requested, "records": lists[0] if len(lists) == 1 else lists, "next": "pagination.next"}
    return {**pagination, "most": page["count"]["maximum"]} if "maximum" in page["count"] else pagination


def _rejection(status: str, text: str) -> Schema:
    envelope = {"$ref": "#/components/schemas/RequestErrorEnvelope"}
    rejection = {"description": text, "content": {"application/json": {"schema": envelope}}}
    headers = {"Retry-After": {"schema": {"type": "integer"}}}
    return {**rejection, "headers": headers} if status == "429" else rejection


def _tags(paths: dict[str, dict[str, Schema]]) -> list[str]:
    return sorted({tag for methods in paths.values() for facts in methods.values() for tag in facts["tags"]})


def _needed(paths: Any, models: dict[str, Schema]) -> set[str]:
    """Return the names of the models that the operations reach."""
    needed: set[str] = set()
    pending = [*_references(paths), "RequestErrorEnvelope"]
    while pending:
        name = pending.pop()
        if name not in needed and name in models:
            needed.add(name)
            pending += _references(models[name])
    return needed


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield _name(value)
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _commit(checkout: Path) -> str:
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make api.json from checkouts of the official SDKs.")
    parser.add_argument("folder", type=Path, help="Folder with public-api-sdk-python and public-api-sdk-typescript.")
    parser.add_argument("--out", type=Path, default=FILE, help="File to write. Default: api.json.")
    options = parser.parse_args()
    made = document(options.folder / "public-api-sdk-python", options.folder / "public-api-sdk-typescript")
    options.out.write_text(text_of(made), encoding="utf-8")


if __name__ == "__main__":
    main()
