"""Reads and checks request bodies."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, from_json

from connector.sandbox_kit.errors import ApiError
from connector.sandbox_kit.record_types import Record

from .errors import problem
from .operations import Operation, RequestContext, logger

_JSON_TYPES = ("application/json", "application/vnd.segment.")
_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "bool_type": "must be a boolean",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
}


class Body(BaseModel):
    """A request's body, or an object within it: exact types, names as the API writes them."""

    model_config = ConfigDict(
        strict=True, extra="ignore", alias_generator=to_camel, hide_input_in_errors=True, defer_build=True
    )

    def given(self) -> Record:
        """What the request holds, by the API's names, without what it leaves out."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def read_body(call: RequestContext, found: Operation, content_type: str, content: bytes) -> Body:
    """The validated body of a request.

    Raises:
        ApiError: 422 with one entry a fault; 400 where an assumption says so.
    """
    _check_type(call, content_type)
    value = _parse(call, content)
    model: type[Body] = found.body
    try:
        body = model.model_validate(value)
    except ValidationError as error:
        raise ApiError(422, _problems(error.errors(include_url=False, include_input=False))) from None
    _check_unknown(call, model, value)
    return body


def _check_type(call: RequestContext, content_type: str) -> None:
    accepted = not content_type or content_type.strip().lower().startswith(_JSON_TYPES)
    if not accepted and call.assume("content-type") == "422":
        raise ApiError(422, [problem("Content-Type", "must be application/json")])


def _parse(call: RequestContext, content: bytes) -> Any:
    try:
        value = from_json(content, allow_inf_nan=False)
        # A number too large for a float has become infinite, which no answer could hold.
        json.dumps(value, allow_nan=False)
    except ValueError:
        status = int(call.assume("malformed-json"))
        raise ApiError(status, [problem("body", "must be valid JSON", status)]) from None
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


def _check_unknown(call: RequestContext, model: type[Body], value: dict[str, Any]) -> None:
    known = {field.alias or name for name, field in model.model_fields.items()}
    unknown = [key for key in value if key not in known]
    if unknown and call.assume("unknown-body-keys") == "422":
        raise ApiError(422, [problem(key, "is not allowed") for key in unknown])


Settings = dict[str, Any]


def known_settings(call: RequestContext, settings: Settings, metadata: Record, what: str) -> Settings:
    """The settings that the catalog lists; others are left out with a line in the log."""
    names = {option["name"] for option in metadata["options"]}
    unknown = [key for key in settings if key not in names] if names else []
    if not unknown:
        return settings
    logger.warning("%s: %s has no setting %s", what, metadata["name"], ", ".join(unknown))
    if call.assume("unknown-settings") == "keep":
        return settings
    return {key: value for key, value in settings.items() if key in names}


def merged_settings(call: RequestContext, old: Settings, new: Settings) -> Settings:
    """What a PATCH leaves."""
    if set(old) <= set(new):
        return new
    return old | new if call.assume("patch-settings") == "merge" else new


def check_required_settings(call: RequestContext, settings: Settings, metadata: Record, what: str) -> None:
    """Notes or refuses required settings that are missing.

    Raises:
        ApiError: 422, when that is assumed.
    """
    missing = [
        option["name"] for option in metadata["options"] if option["required"] and option["name"] not in settings
    ]
    if not missing:
        return
    logger.warning("%s: %s requires the setting %s", what, metadata["name"], ", ".join(missing))
    if call.assume("required-settings") == "422":
        raise ApiError(422, [problem(f"settings.{name}", "is required") for name in missing])
