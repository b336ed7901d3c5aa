"""The requests of actions that are made from the API description: from inputs to path, query, headers, and body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from connector.component.definitions import Payload
from connector.component.inputs import Inputs
from connector.component.wire_styles import pairs_of, simple
from connector.rest.client import body_bytes, followed
from connector.rest.http_messages import Request

if TYPE_CHECKING:
    from connector.component.api_description import Operation, Place
    from connector.component.context import Context
    from connector.component.described_inputs import OperationInput

FORM = "application/x-www-form-urlencoded"


class OperationRequest:
    """The function of a described action: it sends the request of an operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def __call__(self, context: Context, inputs: Inputs) -> Payload:
        """Perform the operation once."""
        operation, values = self._operation, inputs.model_dump()
        request = Request(operation.method, self._target(values), self._headers(values))
        request.body, content_type = self._body(values)
        if request.body is not None:
            request.headers["Content-Type"] = content_type
        response = context.api.send(request)
        is_empty = operation.may_be_empty and not response.content.strip()
        return {"data": None if is_empty else context.api.read_json(request, response)}

    @cached_property
    def _inputs(self) -> tuple[OperationInput, ...]:
        from connector.component.described_inputs import operation_inputs

        return operation_inputs(self._operation)

    def _in(self, place: Place, values: Mapping[str, Any]) -> Iterator[tuple[OperationInput, Any]]:
        return ((each, values[each.key]) for each in self._inputs if each.place == place and each.key in values)

    def _target(self, values: Mapping[str, Any]) -> str:
        texts = {each.name: simple(value, explode=each.explode) for each, value in self._in("path", values)}
        path = quote(self._operation.path, safe="/{}!$&'()*+,;=:@~")
        path = re.sub(r"\{([^{}]*)\}", lambda match: quote(texts[unquote(match[1])], safe=""), path)
        query = urlencode([*self._query(values)])
        return f"{path}?{query}" if query else path

    def _query(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        from connector.component.described_inputs import default_page, page_parameters

        page = page_parameters(self._operation)
        by_name = {each.name: (each, value) for each, value in self._in("query", values)}
        for parameter in self._operation.parameters:
            if page and parameter.name == "pagination":
                yield "pagination[count]", str(values.get("count", default_page(self._operation)))
                if "cursor" in values:
                    yield "pagination[cursor]", str(values["cursor"])
            elif parameter.name in page and parameter.name in values:
                yield parameter.name, str(values[parameter.name])
            elif parameter.place == "query" and parameter.name in by_name:
                each, value = by_name[parameter.name]
                yield from pairs_of(each.name, value, each.style, explode=each.explode)

    def _headers(self, values: Mapping[str, Any]) -> dict[str, str]:
        headers = {"Accept": self._operation.accept} if self._operation.accept else {}
        return headers | {each.name: simple(value, explode=each.explode) for each, value in self._in("header", values)}

    def _body(self, values: Mapping[str, Any]) -> tuple[bytes | None, str]:
        operation = self._operation
        if operation.content_type is None:
            return None, ""
        fields = list(self._in("body", values))
        if not fields and not operation.body_is_required:
            return None, ""
        if operation.content_type == FORM:
            pairs = [
                pair for each, value in fields for pair in pairs_of(each.name, value, each.style, explode=each.explode)
            ]
            return urlencode(pairs).encode(), FORM
        whole = [value for each, value in fields if not each.name]
        return body_bytes(whole[0] if whole else {each.name: value for each, value in fields}), operation.content_type


class ListRequest(OperationRequest):
    """The same for a list whose next page is named by the `Link` header."""

    def __call__(self, context: Context, inputs: Inputs) -> Payload:
        """Fetch one page."""
        from connector.component.described_inputs import LINK

        values = inputs.model_dump()
        target = followed(values[LINK]) if LINK in values else self._target(values)
        return {"data": context.api.send_for_page(Request("GET", target, self._headers(values)))}
