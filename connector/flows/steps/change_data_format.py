"""Steps of the component change-data-format: JSON, forms, XML, CSV, and strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic_core import from_json

from connector.errors import UsageError
from connector.flows.steps.binary_values import as_string, is_binary_value
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.csv_tables import parse_records, write_records
from connector.flows.steps.step_values import flag_in, number_in, pairs_in
from connector.flows.values.javascript import as_text

MAX_FIELDS = 100_000
"""Fields of the largest form."""


def _from_json(inputs: Inputs) -> Any:
    data = inputs.get("data")
    if not isinstance(data, str | bytes) and not is_binary_value(data):
        return data
    try:
        return from_json(as_string(data), allow_inf_nan=False)
    except ValueError as error:
        raise UsageError(f'"data" is not JSON: {error}') from None


def _to_json(inputs: Inputs) -> str:
    data = inputs.get("data")
    return as_string(data) if isinstance(data, bytes) else _json_text(data)


def _json_text(value: Any) -> str:
    # A string has quotes in JSON, and as_text adds none.
    return as_text([value])[1:-1] if isinstance(value, str) or value is None else as_text(value)


def _from_form(inputs: Inputs) -> dict[str, Any]:
    data = inputs.get("data")
    content = data["data"] if isinstance(data, Mapping) and is_binary_value(data) else data
    if isinstance(content, Mapping):
        return dict(content)  # it was parsed when the flow was started
    try:
        pairs = parse_qsl(as_string(data), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise UsageError(f'"data" is not a form: {error}') from None
    form: dict[str, Any] = {}
    for name, text in pairs:
        form[name] = text if name not in form else [*_listed(form[name]), text]
    return form


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _to_form(inputs: Inputs) -> str:
    return urlencode({key: as_text(part) for key, part in pairs_in(inputs, "data").items()})


def _from_xml(inputs: Inputs) -> dict[str, Any]:
    from connector.flows.steps.xml_documents import parse_xml

    return parse_xml(as_string(inputs.get("data")), numbers_as_strings=flag_in(inputs, "numbersAsStrings"))


def _to_xml(inputs: Inputs) -> str:
    from connector.flows.steps.xml_documents import write_xml

    return write_xml(inputs.get("data"))


def _to_number(inputs: Inputs) -> float:
    return number_in(inputs, "value")


def _to_string(inputs: Inputs) -> str:
    value = inputs.get("value")
    return as_string(value) if is_binary_value(value) else as_text(value)


STEPS: dict[str, BuiltIn] = {
    "change-data-format.deserializeFromJson": pure(_from_json, "parses JSON", "data"),
    "change-data-format.serializeToJson": pure(_to_json, "writes a value as JSON", "data"),
    "change-data-format.binaryToJson": pure(_to_json, "writes a value as JSON", "data"),
    "change-data-format.deserializeFormData": pure(_from_form, "parses a URL-encoded form", "data"),
    "change-data-format.serializeFormData": pure(_to_form, "writes an object as a URL-encoded form", "data"),
    "change-data-format.deserializeFromXml": pure(_from_xml, "parses XML", "data", "numbersAsStrings"),
    "change-data-format.serializeToXml": pure(_to_xml, "writes an object as XML", "data"),
    "change-data-format.deserializeFromCsv": pure(parse_records, "parses CSV into objects", "data"),
    "change-data-format.serializeToCsv": pure(write_records, "writes a list of objects as CSV", "data"),
    "change-data-format.convertToNumber": pure(_to_number, "converts a value to a number", "value"),
    "change-data-format.convertToString": pure(_to_string, "converts a value to a string", "value"),
}
