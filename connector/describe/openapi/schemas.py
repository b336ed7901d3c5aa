"""The schemas of a document, in the form that the API description of a component has.

Its keywords are `type`, `enum` of strings, `properties`, `required`, `items`, `additionalProperties`, `anyOf`, bounds,
`format`, and `description`. A keyword that would only reject more values is left out: the API rejects them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from connector.component.json_schema import without_null
from connector.describe.openapi.document import OpenApiDocument, UnsupportedError

Schema = dict[str, Any]

MAX_HELP = 300
MAX_FORMS = 30
"""Most forms of a schema that also has fields of its own; each form repeats these fields."""

NULL = {"type": "null"}
PREFIX = "#/components/schemas/"
_COPIED = ("format", "title")
_MARKS = ("readOnly", "writeOnly")
_LARGEST = 2**63 - 1
_SECRET = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase|code)|secret|token|private_?key|api_?key|(?:client|signing|webhook)_?secret)$"
)
_NO_SECRET = re.compile(r"(?:^|_)(?:page|next|sync|continuation|idempotency|previous|prev)_?token$")


class Schemas:
    """Translates schemas, and collects those that references name.

    Attributes:
        components: The translated schemas by name.
        secrets: Names of fields that are marked as secrets because of their name.
        problems: References that name nothing, as sentences.
    """

    def __init__(self, document: OpenApiDocument) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        self._pending: dict[str, Any] = {}
        self.components: dict[str, Schema] = {}
        self.secrets: set[str] = set()
        self.problems: dict[str, None] = {}

    def translated(self, schema: Any) -> Schema:
        """Return a schema; what it refers to is in `components`."""
        result = self._translated(schema)
        while self._pending:
            self._component(next(iter(self._pending)))
        return result

    def _translated(self, schema: Any) -> Schema:
        if not isinstance(schema, Mapping):
            return {}
        if isinstance(schema.get("$ref"), str):
            name = self._name(schema["$ref"])
            return {"$ref": PREFIX + name, **_annotations(schema)} if name else _annotations(schema)
        schema, nullable = _split_null(schema)
        result = self._merged(schema) if schema.get("allOf") else self._plain(schema)
        return _with_null(result) if nullable else result

    def shape(self, schema: Schema) -> Schema:
        """Return a translated schema, or what it refers to."""
        seen: set[str] = set()
        while "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            schema = self.components[schema["$ref"].removeprefix(PREFIX)]
        return without_null(schema)[0] if "$ref" not in schema else {}

    def mark_secret(self, name: str, schema: Schema) -> Schema:
        """Return the schema of a field, marked if its name or format is that of a secret."""
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower()
        kind = schema.get("type", "string")
        is_text = "string" in kind if isinstance(kind, list) else kind == "string"
        if "$ref" in schema or not is_text:
            return schema
        if _SECRET.search(snake) and not _NO_SECRET.search(snake):
            self.secrets.add(name)
            return {**schema, "x-secret": True}
        return {**schema, "x-secret": True} if schema.get("format") == "password" else schema

    def _name(self, pointer: str) -> str:
        """Return the name of what a reference names, which is translated later; empty if it names nothing."""
        if pointer not in self._names:
            try:
                target = self._document.at(pointer)
            except UnsupportedError as error:
                self.problems[f"A schema accepts any value: {error}."] = None
                self._names[pointer] = ""
                return ""
            parts = re.sub(r"[^A-Za-z0-9_.-]", "_", pointer.removeprefix(PREFIX)).strip("_")
            names = self._names.values()
            self._names[pointer] = next(each for each in _numbered(parts or "schema") if each not in names)
            self._pending[self._names[pointer]] = target
        return self._names[pointer]

    def _component(self, name: str) -> Schema:
        """Return the translated schema of this name; empty while it is being translated."""
        if name in self._pending:
            target = self._pending.pop(name)
            self.components[name] = {}
            self.components[name] = self._translated(target)
        return self.components[name]

    def _plain(self, schema: Mapping[str, Any]) -> Schema:
        forms = [*_list(schema, "oneOf"), *_list(schema, "anyOf")]
        if forms and not all(set(form) <= {"required"} for form in forms if isinstance(form, Mapping)):
            return self._of_forms(schema, forms)
        kinds = schema.get("type")
        if isinstance(kinds, list) and len(kinds) > 1:
            return {"anyOf": [self._plain({**schema, "type": kind}) for kind in kinds], **_annotations(schema)}
        kind = kinds[0] if isinstance(kinds, list) and kinds else kinds or _kind_of(schema)
        result: Schema = {"type": kind} if kind else {}
        result |= {key: schema[key] for key in _COPIED if isinstance(schema.get(key), str)}
        result |= _bounds(schema, kind) | _annotations(schema) | _enum(schema, kind)
        if kind == "array":
            result["items"] = self._translated(schema.get("items"))
        if kind == "object":
            result |= self._fields(schema)
        return result

    def _fields(self, schema: Mapping[str, Any]) -> Schema:
        properties = schema.get("properties")
        more = schema.get("additionalProperties")
        result: Schema = {}
        if isinstance(properties, Mapping) and properties:
            translated = {str(name): self._translated(part) for name, part in properties.items()}
            result["properties"] = {name: self.mark_secret(name, part) for name, part in translated.items()}
            required = [name for name in _list(schema, "required") if name in result["properties"]]
            if required:
                result["required"] = required
        if isinstance(more, Mapping) and more:
            result["additionalProperties"] = self._translated(more)
        return result

    def _of_forms(self, schema: Mapping[str, Any], forms: list[Any]) -> Schema:
        """Return a schema of several forms; the fields beside them belong to each of them."""
        own = {key: part for key, part in schema.items() if key not in {"oneOf", "anyOf", "discriminator"}}
        constants = [form["const"] for form in forms if isinstance(form, Mapping) and "const" in form]
        if len(constants) == len(forms):
            return self._plain({**own, "enum": constants})
        has_fields = bool(own.get("properties") or own.get("additionalProperties"))
        if has_fields and len(forms) > MAX_FORMS:
            return self._plain(own)
        parts = [self._joined([own, form]) if has_fields else self._translated(form) for form in forms]
        return _any_of(parts) | _annotations(schema)

    def _merged(self, schema: Mapping[str, Any]) -> Schema:
        """Return what all parts of `allOf` and the schema around them say."""
        own = {key: part for key, part in schema.items() if key != "allOf"}
        parts = [part for part in schema["allOf"] if isinstance(part, Mapping)]
        says = {*own} - {"description", "title", "default", "example", "examples", "deprecated", *_MARKS, "nullable"}
        if len(parts) == 1 and not any(not key.startswith("x-") for key in says):
            return {**self._translated(parts[0]), **_annotations(own)}
        return self._joined([*parts, own]) | _annotations(own)

    def _joined(self, schemas: Iterable[Any]) -> Schema:
        joined: Schema = {}
        for schema in schemas:
            # A part may require fields that another part has.
            required = _list(schema, "required") if isinstance(schema, Mapping) else []
            joined = _both(joined, self._open(schema) | ({"required": required} if required else {}))
        required = [name for name in joined.pop("required", ()) if name in joined.get("properties", {})]
        return joined | ({"required": required} if required else {})

    def _open(self, schema: Any) -> Schema:
        """Return a translated schema without a reference at its top; one that contains itself accepts every value."""
        result, passed = self._translated(schema), set[str]()
        while "$ref" in result:
            name = result["$ref"].removeprefix(PREFIX)
            if name in passed:
                return {}
            passed.add(name)
            result = {**self._component(name), **{key: part for key, part in result.items() if key != "$ref"}}
        return result


def _both(one: Schema, other: Schema) -> Schema:
    """Return what fits two schemas, as far as that can be said simply."""
    if "anyOf" in one or "anyOf" in other:
        many, single = (one, other) if "anyOf" in one else (other, one)
        if "anyOf" in single or not {*single} - {"description", "title"}:
            return {**single, **many}
        if "properties" not in single:
            return many
        if not all("$ref" not in form for form in many["anyOf"]) or len(many["anyOf"]) > MAX_FORMS:
            return single
        return {**many, "anyOf": [_both(form, single) for form in many["anyOf"]]}
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        both["properties"] = {**one["properties"], **other["properties"]}
    required = list(dict.fromkeys([*one.get("required", ()), *other.get("required", ())]))
    return both | ({"required": required} if required else {})


def _split_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Return a schema without the null that it accepts, in the form of any version, and whether it accepts null."""
    nullable = schema.get("nullable") is True
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds and len(kinds) > 1:
        nullable, schema = True, {**schema, "type": [kind for kind in kinds if kind != "null"]}
    for key in ("oneOf", "anyOf"):
        forms = _list(schema, key)
        others = [form for form in forms if not _is_null(form)]
        if forms and len(others) < len(forms):
            nullable, schema = True, {**schema, key: others}
    if isinstance(schema.get("enum"), list) and None in schema["enum"] and len(schema["enum"]) > 1:
        nullable = True
    return schema, nullable


def _is_null(form: Any) -> bool:
    return isinstance(form, Mapping) and (form.get("type") in ("null", ["null"]) or form.get("enum") == [None])


def _with_null(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return schema if schema["type"] == "null" else {**schema, "type": [schema["type"], "null"]}
    if not {*schema} - {"description", "title", *_MARKS}:
        return schema  # it accepts everything
    notes = {key: part for key, part in schema.items() if key in {"description", *_MARKS}}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*(form for form in schema["anyOf"] if form != NULL), NULL]}
    return {"anyOf": [schema, NULL], **notes}


def _any_of(forms: list[Schema]) -> Schema:
    flat = [inner for form in forms for inner in (form["anyOf"] if set(form) == {"anyOf"} else [form])]
    different = [form for position, form in enumerate(flat) if form not in flat[:position]]
    if any(not {*form} - {"description", "title"} for form in different):
        return {}  # one of them accepts everything
    if all(form.get("type") == "string" and "enum" in form for form in different):
        values = dict.fromkeys(value for form in different for value in form["enum"])
        return {"type": "string", "enum": list(values)}
    return dict(different[0]) if len(different) == 1 else {"anyOf": different}


def _enum(schema: Mapping[str, Any], kind: Any) -> Schema:
    values = [schema["const"]] if "const" in schema else _list(schema, "enum")
    if kind == "string":
        texts = [value for value in values if isinstance(value, str) and value]
        is_open = any(not isinstance(value, str) and value is not None for value in values)
        return {"enum": list(dict.fromkeys(texts))} if texts and not is_open else {}
    listed = ", ".join(str(value) for value in values if value is not None)
    if not listed or kind == "boolean" or len(listed) > MAX_HELP:
        return {}
    return {"description": f"{_help(schema)} One of {listed}.".strip()}


def _bounds(schema: Mapping[str, Any], kind: Any) -> Schema:
    bounds: Schema = {}
    for key in ("minimum", "maximum") if kind in {"integer", "number"} else ():
        value = schema.get(key, schema.get(f"exclusive{key.capitalize()}"))
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
            bounds[key] = int(value) if kind == "integer" else value
    largest = {"string": "maxLength", "array": "maxItems"}.get(str(kind))
    if largest and isinstance(schema.get(largest), int) and not isinstance(schema[largest], bool):
        bounds[largest] = schema[largest]
    return bounds


def _kind_of(schema: Mapping[str, Any]) -> str | None:
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    values = [schema["const"]] if "const" in schema else _list(schema, "enum")
    return "string" if values and all(isinstance(value, str) for value in values) else None


def _annotations(schema: Mapping[str, Any]) -> Schema:
    notes: Schema = {key: True for key in _MARKS if schema.get(key) is True}
    if text := _help(schema):
        notes["description"] = text
    return notes


def _help(schema: Mapping[str, Any]) -> str:
    return short_text(schema.get("description"))


def short_text(text: Any) -> str:
    """Return the first paragraph of a description, on one line."""
    if not isinstance(text, str):
        return ""
    plain = re.sub(r"<[^<>]{1,40}>", " ", text.strip())
    paragraph = " ".join(re.split(r"\n\s*\n", plain.strip(), maxsplit=1)[0].split())
    if len(paragraph) <= MAX_HELP:
        return paragraph
    cut = paragraph[:MAX_HELP].rsplit(". ", 1)[0]
    return f"{cut.removesuffix('.')}." if len(cut) < MAX_HELP else f"{cut.rsplit(' ', 1)[0]} ..."


def _list(schema: Mapping[str, Any], key: str) -> list[Any]:
    value = schema.get(key)
    return value if isinstance(value, list) else []


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
