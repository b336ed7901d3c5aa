"""`--dry-run`: reads are performed, the first write is shown instead of sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connector.cli.output import print_line, write_json
from connector.common.redaction import REDACTED, Redactor
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.inputs import Inputs
    from connector.rest import Endpoint, Request, Response


class WouldSendError(BaseException):
    """Ends an action at its first write; `request` is that write with its secrets redacted.

    It is not an Exception, so that neither a handler nor the guard around hooks takes it for a failure.
    """

    def __init__(self, request: dict[str, Any], masked: Sequence[str]) -> None:
        super().__init__("a write would be sent")
        self.request = request
        self._masked = masked

    def print(self) -> None:
        """Print the request, and which inputs are masked in it."""
        write_json(self.request)
        if self._masked:
            print_line(f"{REDACTED} stands for values of {', '.join(self._masked)}, which can hold secrets")


class DryRun:
    """A plugin that lets nothing but reads through."""

    @hookimpl(tryfirst=True)
    def send_request(self, context: Context, request: Request) -> Response | None:
        """Leave a read to the next implementation.

        Raises:
            WouldSendError: If the request is a write.
        """
        if request.is_safe:
            return None
        assert context.inputs is not None  # noqa: S101 - an action that sends has been started with its inputs
        masked = [key for key in redacted_inputs(context.inputs) if key in context.inputs.secret_keys()]
        raise WouldSendError(redacted_request(context.inputs, context.endpoint, request), masked)


def redacted_inputs(inputs: Inputs) -> dict[str, Any]:
    """Return the inputs by key, with `***` for those that are secret."""
    secret = inputs.secret_keys()
    return {key: REDACTED if key in secret else value for key, value in inputs.model_dump().items()}


def redacted_request(inputs: Inputs, endpoint: Endpoint, request: Request) -> dict[str, Any]:
    """Return a request as JSON: `{"method", "url", "headers", "body"}`; of a binary body only the size."""
    redactor = endpoint.redactor.extended()
    for value in inputs.secret_values():
        redactor.learn_leaves(value)
    headers = redactor.value({"Accept": endpoint.media_type, **endpoint.plain_headers(), **request.headers})
    if endpoint.authorization is not None:
        headers["Authorization"] = REDACTED
    url = redactor.text(endpoint.base_url + request.path)
    line = {"method": request.method, "url": url, "headers": headers}
    return line if request.body is None else {**line, "body": _body(request.body, redactor)}


def _body(body: bytes, redactor: Redactor) -> Any:
    from pydantic_core import from_json

    try:
        return redactor.value(from_json(body))
    except ValueError:
        try:
            return redactor.text(body.decode())
        except UnicodeDecodeError:
            return f"{len(body)} bytes"
