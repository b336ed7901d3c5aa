"""From an operation of a document to one of the API description: what an action needs, and why some have none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.component.json_schema import label_of
from connector.describe.openapi.document import OpenApiDocument, UnsupportedError
from connector.describe.openapi.operations import SourceOperation
from connector.describe.openapi.schemas import Schema, Schemas, short_text

FORM = "application/x-www-form-urlencoded"
_WITHOUT_BODY = {"get", "head", "options"}
_OF_THE_CLIENT = {"accept", "authorization", "connection", "content-length", "content-type", "cookie", "host"}
_STYLES = {"query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"}, "path": {"simple"}, "header": {"simple"}}
_JSON = re.compile(r"(application|text)/([\w.+-]+\+)?json\b", re.IGNORECASE)
_ANY = {"*/*", "application/*"}


@dataclass(frozen=True, slots=True)
class Translated:
    """One operation as the API description has it.

    Attributes:
        source: The operation of the document.
        facts: What the API description says of it.
        remarks: What was left out of it, as sentences.
        has_link: True if its response has a `Link` header.
        defaults: What the API takes for a parameter that is not set, by name.
    """

    source: SourceOperation
    facts: dict[str, Any]
    remarks: list[str] = field(default_factory=list)
    has_link: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


class Translator:
    """Translates the operations of a document.

    Args:
        document: The document.
        schemas: Collects the schemas.
    """

    def __init__(self, document: OpenApiDocument, schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas

    def translated(self, operation: SourceOperation) -> Translated:
        """Return what the API description says of an operation.

        Raises:
            UnsupportedError: If no action can perform the operation; the message is the reason.
        """
        if operation.method == "trace":
            raise UnsupportedError("no client may send TRACE")
        if not operation.path.startswith("/") or "?" in operation.path:
            raise UnsupportedError("its path has a query, or no slash at its beginning")
        remarks: list[str] = []
        parameters = list(self._parameters(operation, remarks))
        body = self._body(operation, remarks)
        responses, has_link = self._responses(operation)
        summary = short_text(operation.content.get("summary")).removesuffix(".")
        facts: dict[str, Any] = {
            "operationId": operation.key,
            "tags": [operation.tag],
            "summary": summary or label_of(operation.key),
            "parameters": parameters,
        }
        description = short_text(operation.content.get("description"))
        facts |= {"description": description} if description.removesuffix(".") not in ("", summary) else {}
        facts |= {"requestBody": body} if body else {}
        facts |= {"x-operation-id": operation.name} if operation.name not in (operation.key, operation.route) else {}
        return Translated(operation, {**facts, "responses": responses}, remarks, has_link, self._defaults(operation))

    def _defaults(self, operation: SourceOperation) -> dict[str, Any]:
        raw = [*_listed(operation.shared.get("parameters")), *_listed(operation.content.get("parameters"))]
        parameters = [self._document.followed(parameter) for parameter in raw]
        schemas = {each["name"]: self._document.followed(each.get("schema")) for each in parameters}
        return {name: schema["default"] for name, schema in schemas.items() if schema and "default" in schema}

    def _parameters(self, operation: SourceOperation, remarks: list[str]) -> Iterator[dict[str, Any]]:
        by_place: dict[tuple[str, str], Mapping[str, Any]] = {}
        for raw in [*_listed(operation.shared.get("parameters")), *_listed(operation.content.get("parameters"))]:
            parameter = self._document.followed(raw)
            if isinstance(parameter, Mapping) and isinstance(parameter.get("name"), str):
                by_place[parameter["name"], str(parameter.get("in"))] = parameter
        in_path = re.findall(r"\{([^{}]*)\}", operation.path)
        for name in in_path:
            yield self._parameter(by_place.pop((name, "path"), {"name": name, "in": "path"}))
        for (name, place), parameter in by_place.items():
            if place == "path":
                remarks.append(f"The parameter {name} is left out: it is not in the path.")
            elif place == "header" and name.lower() in _OF_THE_CLIENT:
                remarks.append(f"The header {name} is left out: the client sets it.")
            elif place == "cookie" and not parameter.get("required"):
                remarks.append(f"The cookie {name} is left out.")
            elif place not in _STYLES:
                raise UnsupportedError(f"it needs the {place} {name}")
            else:
                yield self._parameter(parameter)

    def _parameter(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        name, place = parameter["name"], parameter["in"]
        content = parameter.get("content")
        style = str(parameter.get("style") or ("form" if place == "query" else "simple"))
        if style not in _STYLES[place]:
            raise UnsupportedError(f"its parameter {name} has the style {style}")
        schema = parameter.get("schema")
        if isinstance(content, Mapping) and content:
            media, holder = next(iter(content.items()))
            schema, style = (holder.get("schema"), "json") if _JSON.match(media) else ({"type": "string"}, style)
        translated = self._schemas.mark_secret(name, self._schemas.translated(schema))
        if text := short_text(parameter.get("description")):
            translated = {**translated, "description": text}
        facts = {"name": name, "in": place, "required": place == "path" or parameter.get("required") is True}
        facts["schema"] = translated
        default = "form" if place == "query" else "simple"
        facts |= {"style": style} if style != default else {}
        explode = parameter.get("explode")
        return facts | ({"explode": explode} if isinstance(explode, bool) and explode != (style == "form") else {})

    def _body(self, operation: SourceOperation, remarks: list[str]) -> dict[str, Any] | None:
        body = self._document.followed(operation.content.get("requestBody"))
        content = body.get("content") if isinstance(body, Mapping) else None
        if not isinstance(content, Mapping) or not content:
            return None
        is_required = body.get("required") is True
        media = _json_type(content) or next((media for media in content if media.partition(";")[0] == FORM), None)
        if media is None:
            raise UnsupportedError(f"its body is {' or '.join(content)}, not JSON or a form")
        holder = content[media] if isinstance(content[media], Mapping) else {}
        sent = "application/json" if media in _ANY else FORM if media.startswith(FORM) else media
        facts: dict[str, Any] = {"schema": self._opened(self._schemas.translated(holder.get("schema")))}
        has_fields = bool(self._schemas.shape(facts["schema"]).get("properties"))
        if operation.method in _WITHOUT_BODY and (is_required or has_fields):
            if is_required:
                raise UnsupportedError(f"it sends a body with {operation.method.upper()}")
            remarks.append(f"Its body is left out: {operation.method.upper()} has none.")
        if operation.method in _WITHOUT_BODY or (sent == FORM and not has_fields and not is_required):
            return None
        if sent == FORM and not has_fields:
            raise UnsupportedError("its form has no fields")
        facts |= _encoding(holder.get("encoding")) if sent == FORM else {}
        return {"required": is_required, "content": {sent: facts}}

    def _opened(self, schema: Schema) -> Schema:
        """Return the schema of a body without a null at its top."""
        plain = self._schemas.shape(schema)
        return plain if plain.get("properties") and "$ref" not in schema else schema

    def _responses(self, operation: SourceOperation) -> tuple[dict[str, Any], bool]:
        raw = operation.content.get("responses")
        by_status = {str(status): response for status, response in raw.items()} if isinstance(raw, Mapping) else {}
        successes = sorted(status for status in by_status if re.fullmatch(r"2(\d\d|XX)", status, re.IGNORECASE))
        if not successes and any(status.startswith("3") for status in by_status):
            raise UnsupportedError("it only redirects")
        statuses = successes or [status for status in by_status if status == "default"]
        responses = {status: self._document.followed(by_status[status]) for status in statuses}
        other = ""
        for status, response in responses.items():
            content = response["content"] if isinstance(response, Mapping) and not _is_empty(response) else {}
            if not content:
                continue
            media = _json_type(content)
            if media is None:
                other = other or " or ".join(content)
                continue
            schema = self._schemas.translated((content[media] or {}).get("schema"))
            accept = "application/json" if media in _ANY else media
            facts = {_number(status): {"description": "OK", "content": {accept: {"schema": schema}}}}
            facts |= {
                _number(status): {"description": "No content"} for status, each in responses.items() if _is_empty(each)
            }
            return facts, "link" in {name.lower() for name in response.get("headers") or {}}
        if other:
            raise UnsupportedError(f"its response is {other}, not JSON")
        return {_number(statuses[0]) if statuses else "200": {"description": "No content"}}, False


def _json_type(content: Mapping[str, Any]) -> str | None:
    """Return the media type that is JSON: `application/json`, else the first of its kind, else any type."""
    names = [media for media in content if _JSON.match(media)] + [media for media in content if media in _ANY]
    return "application/json" if "application/json" in names else next(iter(names), None)


def _is_empty(response: Any) -> bool:
    content = response.get("content") if isinstance(response, Mapping) else None
    return not (isinstance(content, Mapping) and content)


def _number(status: str) -> str:
    return status if status.isdecimal() else "200"


def _encoding(encoding: Any) -> dict[str, Any]:
    styles: dict[str, dict[str, Any]] = {}
    for name, entry in encoding.items() if isinstance(encoding, Mapping) else ():
        style = {key: entry[key] for key in ("style", "explode") if key in entry}
        if _JSON.match(str(entry.get("contentType", ""))):
            style = {"style": "json"}
        if style:
            styles[name] = style
    return {"encoding": styles} if styles else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
