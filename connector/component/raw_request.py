"""The raw request: an action that sends any request, always to the connection's own host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import MISSING, AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from connector.component.definitions import Action, Difference, Effect, Payload, action
from connector.component.inputs import Input, Inputs, value_or
from connector.component.raw_messages import body_from, body_of, with_query
from connector.rest import SAFE_METHODS, File, Request, header_problem, json_bytes, multipart, relative_path

if TYPE_CHECKING:
    from connector.component.context import Context

METHODS = ("DELETE", "GET", "HEAD", "LINK", "OPTIONS", "PATCH", "POST", "PURGE", "PUT", "UNLINK")
DAY = 86_400_000
"""Milliseconds."""

OWN_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "host",
        "proxy-authorization",
        "transfer-encoding",
    }
)


def _sendable(value: Any) -> Any:
    try:
        if not isinstance(value, bytes):
            json_bytes(value)
    except ValueError as error:
        reason = str(error)
    else:
        return value
    raise PydanticCustomError("sendable", "cannot be sent: {reason}", {"reason": reason})


def _files(value: dict[str, Any]) -> dict[str, Any]:
    for name, file in value.items():
        try:
            File.from_value(file)
        except ValueError:
            text = "contains invalid base64 or invalid UTF-8 in {name}"
            raise PydanticCustomError("base64", text, {"name": name}) from None
    return value


def pairs(label: str, comments: str, *, example: dict[str, str] | None = None, secret: bool = False) -> Input:
    """Return an input of names and values, such as headers."""
    return Input(
        label=label, comments=comments, collection="keyvaluelist", key_label="Name", example=example, secret=secret
    )


class RawRequest(Inputs):
    """Inputs of a raw request."""

    url: Annotated[
        str,
        Input(
            label="URL",
            comments="Path below the API's base URL, such as /items.",
            example="/items",
        ),
    ]
    method: Annotated[
        Literal["DELETE", "GET", "HEAD", "LINK", "OPTIONS", "PATCH", "POST", "PURGE", "PUT", "UNLINK"],
        Input(label="Method", comments="HTTP method.", choices={method: method for method in METHODS}),
    ]
    data: (
        Annotated[
            Any,
            AfterValidator(_sendable),
            Input(
                label="Data",
                comments=(
                    "Request body, sent as JSON, or as text if it is not JSON. A Content-Type header overrides this."
                ),
                example='{"exampleKey": "Example Data"}',
                secret=True,
            ),
        ]
        | MISSING
    ) = MISSING
    form_data: (
        Annotated[
            dict[str, str],
            pairs("Form Data", "Fields of a multipart form. Cannot be combined with Data.", example={"name": "value"}),
        ]
        | MISSING
    ) = MISSING
    file_data: (
        Annotated[
            dict[str, Any],
            AfterValidator(_files),
            pairs(
                "File Data",
                'Files of a multipart form: a string, or {"data": BASE64, "contentType": ...}.',
                example={"file": "a,b\n1,2"},
            ),
        ]
        | MISSING
    ) = MISSING
    file_data_file_names: (
        Annotated[
            dict[str, str],
            pairs("File Data File Names", "Names of the files in File Data.", example={"file": "table.csv"}),
        ]
        | MISSING
    ) = MISSING
    query_params: (
        Annotated[
            dict[str, Any],
            AfterValidator(_sendable),
            pairs(
                "Query Parameter",
                "Query parameters. A list sends its parameter several times.",
                example={"count": "10"},
            ),
        ]
        | MISSING
    ) = MISSING
    headers: (
        Annotated[
            dict[str, str],
            pairs(
                "Header",
                "Additional headers. Authorization always comes from the connection.",
                example={"Accept": "application/json"},
                secret=True,
            ),
        ]
        | MISSING
    ) = MISSING
    response_type: (
        Annotated[
            Literal["arraybuffer", "document", "json", "text"],
            Input(
                label="Response Type",
                comments="Form of the response body. Default: json. arraybuffer returns base64 and its content type.",
                choices={
                    "arraybuffer": "arraybuffer",
                    "document": "document",
                    "json": "json",
                    "text": "text",
                },
                default="json",
            ),
        ]
        | MISSING
    ) = MISSING
    timeout: (
        Annotated[
            float,
            Field(ge=0, le=DAY),
            Input(
                label="Timeout",
                comments="Maximum milliseconds to wait for the response. 0 uses the default, 60000.",
                example=2000,
            ),
        ]
        | MISSING
    ) = MISSING
    retry_delay_ms: Annotated[
        Annotated[
            float,
            Field(ge=0, le=DAY),
            Input(
                label="Retry Delay (ms)",
                comments="Delay between retries in milliseconds. 0 uses backoff.",
                example=500,
                default="0",
            ),
        ]
        | MISSING,
        Field(alias="retryDelayMS"),
    ] = MISSING
    retry_all_errors: (
        Annotated[
            bool,
            Input(
                label="Retry On All Errors",
                comments="Retry reads and idempotent writes after any error. Other writes are retried only after 429.",
                type="boolean",
                default="false",
            ),
        ]
        | MISSING
    ) = MISSING
    max_retries: (
        Annotated[
            int,
            Field(ge=0, le=100),
            Input(
                label="Max Retry Count",
                comments="Maximum number of retries. 0 uses the default retry policy.",
                example=3,
                default="0",
            ),
        ]
        | MISSING
    ) = MISSING
    use_exponential_backoff: (
        Annotated[
            bool,
            Input(
                label="Use Exponential Backoff",
                comments="Use backoff between retries, whatever the Retry Delay.",
                type="boolean",
                default="false",
            ),
        ]
        | MISSING
    ) = MISSING

    # Validators of the class, and not of the annotation, also hold for a subclass with examples of its own.
    @field_validator("url")
    @classmethod
    def _path(cls, value: str) -> str:
        try:
            return relative_path(value)
        except ValueError as error:
            reason = str(error)
        raise PydanticCustomError("path", "{reason}", {"reason": reason})

    @field_validator("headers")
    @classmethod
    def _headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if name.lower() in OWN_HEADERS:
                raise PydanticCustomError("header", "must not set {name}, which the connection sets", {"name": name})
            if problem := header_problem(name, text):
                raise PydanticCustomError("header", "{problem}", {"problem": problem})
        return value

    @model_validator(mode="after")
    def _one_kind_of_body(self) -> Self:
        if self.data is not MISSING and not (self.form_data is MISSING and self.file_data is MISSING):
            raise PydanticCustomError("two_bodies", "data cannot be combined with formData or fileData")
        return self


def raw_request(
    inputs: type[RawRequest] = RawRequest, *, key: str = "rawRequest", differences: Iterable[Difference] = ()
) -> Action[RawRequest]:
    """Return an action that sends any request to the service of the connection.

    A module of actions declares it in one line: `send_any = raw_request()`. Path, headers, and body come from the
    inputs; host and authorization come from the connection.

    Args:
        inputs: Model of the inputs, if the component adds inputs of its own.
        key: Key of the action.
        differences: See `Action`.
    """

    def perform(context: Context, inputs: RawRequest) -> Payload:
        return _send(context, inputs)

    perform.__annotations__["inputs"] = inputs  # a definition reads the model of its inputs from here
    return action(key, effect=_effect, has_example=False, differences=differences)(perform)


def _effect(inputs: RawRequest) -> Effect:
    if inputs.method in SAFE_METHODS:
        return "read"
    return "destructive" if inputs.method in {"DELETE", "PURGE", "UNLINK"} else "write"


def _send(context: Context, inputs: RawRequest) -> Payload:
    request = Request(inputs.method, with_query(inputs.url, value_or(inputs.query_params, {})))
    request.headers |= value_or(inputs.headers, {})
    request.body, kind = _body(inputs)
    if request.body is not None and not any(name.lower() == "content-type" for name in request.headers):
        request.headers["Content-Type"] = kind
    request.read_timeout = value_or(inputs.timeout, 0) / 1000 or None
    request.retries = value_or(inputs.max_retries, 0) or None
    if request.retries and not value_or(inputs.use_exponential_backoff, default=False):
        request.retry_delay = value_or(inputs.retry_delay_ms, 0) / 1000 or None
    request.retry_all_errors = value_or(inputs.retry_all_errors, default=False)
    response = context.api.send(request)
    return {"data": body_from(context, request, response, value_or(inputs.response_type, "json"))}


def _body(inputs: RawRequest) -> tuple[bytes | None, str]:
    """Return bytes and content type of the body; None without one."""
    if inputs.data is not MISSING:
        return body_of(inputs.data)
    if inputs.form_data is MISSING and inputs.file_data is MISSING:
        return None, ""
    names = value_or(inputs.file_data_file_names, {})
    files = {name: File.from_value(file) for name, file in value_or(inputs.file_data, {}).items()}
    named = {name: File(file.content, file.content_type, names.get(name, file.name)) for name, file in files.items()}
    return multipart({**value_or(inputs.form_data, {}), **named})
