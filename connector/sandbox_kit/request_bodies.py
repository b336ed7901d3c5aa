"""Request bodies: models, and how they are parsed and validated."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, from_json

from connector.sandbox_kit.context import RequestContext
from connector.sandbox_kit.errors import ApiError, problem
from connector.sandbox_kit.operations import Operation
from connector.sandbox_kit.resources import Record

_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be a boolean",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "float_type": "must be a number",
    "int_type": "must be an integer",
}


class Body(BaseModel):
    """A request body, or an object within one: exact types, and names as the API writes them."""

    model_config = ConfigDict(
        strict=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True, defer_build=True
    )

    def set_fields(self) -> Record:
        """Return the fields that the request sets, by the names of the API."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def read_body(context: RequestContext, operation: Operation, content_type: str, content: bytes) -> Body:
    """Return the validated body of a request.

    Raises:
        ApiError: 422 with one entry per problem, or 400 where an assumption says so.
    """
    _check_type(context, content_type)
    value = _parse(context, content)
    model: type[Body] = operation.body
    try:
        body = model.model_validate(value)
    except ValidationError as error:
        raise ApiError(422, _problems(error.errors(include_url=False, include_input=False))) from None
    _check_unknown(context, model, value)
    return body


def _check_type(context: RequestContext, content_type: str) -> None:
    if content_type and not context.api.is_json(content_type) and context.assume("content-type") == "422":
        raise ApiError(422, [problem("Content-Type", "must be application/json")])


def _parse(context: RequestContext, content: bytes) -> Any:
    try:
        value = from_json(content, allow_inf_nan=False)
        # A number that is too large for a float has become infinity, which no response could contain.
        json.dumps(value, allow_nan=False)
    except ValueError:
        raise ApiError(int(context.assume("malformed-json")), [problem("body", "must be valid JSON")]) from None
    return value


def _problems(errors: list[ErrorDetails]) -> list[dict[str, Any]]:
    return [problem(".".join(str(part) for part in error["loc"]) or "body", _message(error)) for error in errors]


def _message(error: ErrorDetails) -> str:
    if error["type"] in ("literal_error", "enum"):
        return f"must be one of {error['ctx']['expected']}"
    if error["type"] == "too_long":
        return f"must have at most {error['ctx']['max_length']} entries"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return _MESSAGES.get(error["type"], error["msg"])


def _check_unknown(context: RequestContext, model: type[Body], value: dict[str, Any]) -> None:
    known = {field.alias or name for name, field in model.model_fields.items()}
    unknown = [key for key in value if key not in known]
    if unknown and context.assume("unknown-body-keys") == "422":
        raise ApiError(422, [problem(key, "is not allowed") for key in unknown])
