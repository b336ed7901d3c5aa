"""Models and operations of the Python SDK, read as text: nothing of the SDK is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scripts.stated_facts import Schema, operation_facts, with_stated_keywords

_VERSIONED = re.compile(r"application/vnd\.segment\.(v\d+)(alpha|beta)?\+json")
_SCALARS = {
    "StrictStr": {"type": "string"},
    "str": {"type": "string"},
    "StrictBool": {"type": "boolean"},
    "StrictInt": {"type": "integer"},
    "StrictFloat": {"type": "number"},
    "Any": {},
}


class SdkOperation(NamedTuple):
    """One operation as the Python SDK sends it.

    Attributes:
        method: HTTP method in lower case.
        path: Path with its parameters in braces.
        facts: Its description, without operation id and responses.
        responses: Name of the model of the reply by status.
        accept: Media type that the SDK asks for.
    """

    method: str
    path: str
    facts: Schema
    responses: dict[str, str]
    accept: str


def package_of(checkout: Path) -> Path:
    """Return the folder of the SDK's package."""
    return checkout / "segment_public_api"


def version(checkout: Path) -> str:
    """Return the version of the API that the SDK was made for."""
    text = (package_of(checkout) / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'__version__ = "([\d.]+)"', text)
    if match is None:
        raise SystemExit(f"{checkout} does not state its version")
    return match.group(1)


def models(checkout: Path) -> dict[str, Schema]:
    """Return the JSON Schema of every model by its name."""
    files = sorted((package_of(checkout) / "models").glob("*.py"))
    return {node.name: _model(node) for file in files for node in _classes(file)}


def operations(checkout: Path) -> Iterator[SdkOperation]:
    """Yield every operation, in the order of the SDK's modules."""
    for file in sorted((package_of(checkout) / "api").glob("*_api.py")):
        for node in _classes(file):
            functions = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
            tag = _spaced(node.name.removesuffix("Api"))
            for name, serialize in functions.items():
                if name.endswith("_serialize"):
                    yield _operation(tag, functions[name.removeprefix("_").removesuffix("_serialize")], serialize)


def _classes(file: Path) -> Iterator[ast.ClassDef]:
    return (node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef))


def _spaced(name: str) -> str:
    """Return `IAMGroups` as `IAM Groups`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace(" And ", " and ")


def _literal(node: ast.expr | None) -> Any:
    return None if node is None else ast.literal_eval(node)


def _keywords(call: ast.expr | None) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords} if isinstance(call, ast.Call) else {}


def _schema(node: ast.expr) -> Schema:
    """Return the JSON Schema of an annotation."""
    match node:
        case ast.Name(id=name):
            return dict(_SCALARS[name]) if name in _SCALARS else _reference(name)
        case ast.Subscript(value=ast.Name(id="Optional" | "Annotated"), slice=inner):
            return _schema(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        case ast.Subscript(value=ast.Name(id="List"), slice=inner):
            return {"type": "array", "items": _schema(inner)}
        case ast.Subscript(value=ast.Name(id="Dict"), slice=ast.Tuple(elts=[_, inner])):
            values = _schema(inner)
            return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
        case ast.Subscript(value=ast.Name(id="Union")) if ast.unparse(node.slice) == "(StrictFloat, StrictInt)":
            return {"type": "number"}
    raise SystemExit(f"the Python SDK has an annotation of an unknown form: {ast.unparse(node)}")


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _model(node: ast.ClassDef) -> Schema:
    """Return the JSON Schema of a class: an enumeration, a choice of models, or an object."""
    if any(isinstance(base, ast.Name) and base.id == "Enum" for base in node.bases):
        return {"type": "string", "enum": [_literal(part.value) for part in node.body if isinstance(part, ast.Assign)]}
    functions = [part for part in node.body if isinstance(part, ast.FunctionDef)]
    enums, nullable = _enums(functions), _nullable(functions)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for field in node.body:
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        name, keywords = field.target.id, _keywords(field.value)
        if name in {"any_of_schemas", "one_of_schemas"}:
            return {f"{name[:3]}Of": [_reference(model) for model in sorted(_literal(field.value))]}
        if "ClassVar" in ast.unparse(field.annotation) or name.endswith("_validator"):
            continue
        key = _literal(keywords.get("alias")) or name
        schema = _with_enum(_schema(field.annotation), enums.get(name))
        schema = with_stated_keywords(schema, _literal(keywords.get("description")) or "")
        properties[key] = _or_null(schema) if key in nullable else schema
        if field.value is None or (isinstance(field.value, ast.Call) and "default" not in keywords):
            required.append(key)
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _enums(functions: list[ast.FunctionDef]) -> dict[str, list[Any]]:
    """Return the closed values by field: the sets that the validators compare with."""
    enums = {}
    for function in functions:
        for decorator in function.decorator_list:
            if ast.unparse(decorator).startswith("field_validator(") and "_enum" in function.name:
                sets = (call for call in ast.walk(function) if isinstance(call, ast.Call) and _name_of(call) == "set")
                assert isinstance(decorator, ast.Call)  # noqa: S101 - the text of the decorator is a call
                enums[_literal(decorator.args[0])] = _literal(next(sets).args[0])
    return enums


def _nullable(functions: list[ast.FunctionDef]) -> set[str]:
    """Return the fields that `to_dict` sends as null when they are set to it."""
    assigned = (
        statement
        for function in functions
        if function.name == "to_dict"
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign)
    )
    return {
        _literal(statement.targets[0].slice)
        for statement in assigned
        if isinstance(statement.value, ast.Constant)
        and statement.value.value is None
        and isinstance(statement.targets[0], ast.Subscript)
    }


def _with_enum(schema: Schema, values: list[Any] | None) -> Schema:
    if values is None:
        return schema
    if schema.get("type") == "array":
        return {**schema, "items": {**schema["items"], "enum": values}}
    return {**schema, "enum": values}


def _or_null(schema: Schema) -> Schema:
    if not schema:
        return schema
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum}


def _operation(tag: str, public: ast.FunctionDef, serialize: ast.FunctionDef) -> SdkOperation:
    summary, _, text = (ast.get_docstring(public) or "").partition("\n")
    sent = _keywords(_call(serialize, "param_serialize"))
    method, path = _literal(sent["method"]).lower(), _literal(sent["resource_path"])
    accepts = _literal(_required_call(serialize, "select_header_accept").args[0])
    versioned = [media_type for media_type in accepts if _VERSIONED.fullmatch(media_type)]
    facts: Schema = {"tags": [tag], "summary": summary.strip(), **_sent(public, serialize, path, text)}
    matches = [match for match in map(_VERSIONED.fullmatch, versioned) if match]
    facts["responses"] = {}
    facts["x-stability"] = matches[0].group(2) or "v1"
    facts["x-versions"] = [f"{match.group(1)}{match.group(2) or ''}" for match in matches]
    facts |= operation_facts(text.split("\n:param")[0])
    replies = next(
        part
        for part in ast.walk(public)
        if isinstance(part, ast.AnnAssign) and "_types_map" in ast.unparse(part.target)
    )
    return SdkOperation(method, path, facts, _literal(replies.value), versioned[0])


def _sent(public: ast.FunctionDef, serialize: ast.FunctionDef, path: str, text: str) -> Schema:
    """Return `parameters` and `requestBody`, each where the operation has some."""
    texts = dict(re.findall(r"^:param (\w+): (.*)$", text, re.MULTILINE))
    places, body_name = _places(serialize)
    arguments = public.args.args[1:]
    required_count = len(arguments) - len(public.args.defaults)
    parameters: list[Schema] = []
    body: Schema | None = None
    for position, argument in enumerate(arguments):
        if argument.arg.startswith("_") or argument.annotation is None:
            continue
        schema, required = _schema(argument.annotation), position < required_count
        if argument.arg == body_name:
            body = {"required": required, "content": {_content_type(serialize): {"schema": schema}}}
        else:
            place, key = places[argument.arg]
            parameters.append(_parameter(place, key, schema, texts.get(argument.arg, ""), required=required))
    parameters.sort(key=lambda parameter: _order(parameter, path))
    return ({"parameters": parameters} if parameters else {}) | ({"requestBody": body} if body else {})


def _places(serialize: ast.FunctionDef) -> tuple[dict[str, tuple[str, str]], str | None]:
    """Return where each argument is sent and under which name, and the argument that is the body."""
    places: dict[str, tuple[str, str]] = {}
    body = None
    for part in ast.walk(serialize):
        match part:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="_path_params"), slice=key)], value=ast.Name(id=name)
            ):
                places[name] = ("path", _literal(key))
            case ast.Assign(targets=[ast.Name(id="_body_params")], value=ast.Name(id=name)):
                body = name
            case ast.Call(args=[ast.Tuple(elts=[key, value])]) if _name_of(part) == "_query_params.append":
                holder = value.value if isinstance(value, ast.Attribute) else value
                places[ast.unparse(holder)] = ("query", _literal(key))
    return places, body


def _parameter(place: str, key: str, schema: Schema, text: str, *, required: bool) -> Schema:
    schema = {**schema, "minLength": 1} if place == "path" else with_stated_keywords(schema, text)
    parameter: Schema = {"name": key, "in": place, "required": required, "schema": schema}
    nested = place == "query" and "$ref" in schema
    return {**parameter, "style": "deepObject", "explode": True} if nested else parameter


def _order(parameter: Schema, path: str) -> tuple[bool, int]:
    in_path = parameter["in"] == "path"
    return not in_path, path.find("{" + parameter["name"] + "}") if in_path else 0


def _content_type(serialize: ast.FunctionDef) -> str:
    listed: list[str] = _literal(_required_call(serialize, "select_header_content_type").args[0])
    return "application/json" if "application/json" in listed else listed[0]


def _call(function: ast.FunctionDef, name: str) -> ast.Call | None:
    calls = (part for part in ast.walk(function) if isinstance(part, ast.Call))
    return next((call for call in calls if _name_of(call).endswith(name)), None)


def _required_call(function: ast.FunctionDef, name: str) -> ast.Call:
    call = _call(function, name)
    if call is None:
        raise SystemExit(f"the Python SDK's {function.name} does not call {name}")
    return call


def _name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)
