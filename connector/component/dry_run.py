"""Dry runs of calls: what would be sent, with its secrets redacted."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from connector.common.redaction import REDACTED, Redactor

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.definitions import Payload
    from connector.component.inputs import Inputs
    from connector.rest import Endpoint, Request

IsStopped = Callable[["Request"], bool]

_IS_STOPPED: ContextVar[IsStopped | None] = ContextVar("connector dry run", default=None)
"""Which requests of the calls in this context are not sent; None outside of dry runs."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a call would do.

    Attributes:
        request: The first request that was not sent, with its secrets redacted: `{"method", "url", "headers", "body"}`.
            None if the call needs no such request.
        masked: Keys of the secret inputs that the request has `***` for.
        payload: Payload of a call that came to its end, since it only reads.
    """

    request: dict[str, Any] | None
    masked: tuple[str, ...] = ()
    payload: Payload | None = None


class _WouldSendError(BaseException):
    """Ends a call at the first request that is not to be sent.

    It is not an Exception, so that neither a handler nor the guard around hooks takes it for a failure.
    """

    def __init__(self, result: DryRun) -> None:
        super().__init__("a request would be sent")
        self.result = result


def dry_run(call: Callable[[], Payload], *, send_reads: bool) -> DryRun:
    """Perform a call in this thread until its first write, or its first request without `send_reads`."""
    token = _IS_STOPPED.set((lambda request: not request.is_safe) if send_reads else (lambda _request: True))
    try:
        return DryRun(None, payload=call())
    except _WouldSendError as error:
        return error.result
    finally:
        _IS_STOPPED.reset(token)


def stop_in_dry_run(context: Context, request: Request) -> None:
    """End the call before a request that a dry run does not send.

    It ends here, before the request waits for its turn or for a new token, which a dry run does not need.
    """
    is_stopped = _IS_STOPPED.get()
    if is_stopped is None or not is_stopped(request):
        return
    context.policy.check_request(context.key, request)
    plugins = context.component.plugins
    # The wrappers run, since they may change the request; plugins that would send it, or respond themselves, do not.
    senders = [
        implementation.plugin
        for implementation in plugins.hook.send_request.get_hookimpls()
        if not (implementation.wrapper or implementation.hookwrapper)
    ]
    wrappers = plugins.subset_hook_caller("send_request", senders)
    wrappers.call_extra([_stop], {"context": context, "request": request})


def _stop(context: Context, request: Request) -> NoReturn:
    assert context.inputs is not None  # noqa: S101 - an action that sends has been started with its inputs
    masked = tuple(key for key in redacted_inputs(context.inputs) if key in context.inputs.secret_keys())
    raise _WouldSendError(DryRun(redacted_request(context.inputs, context.endpoint, request), masked))


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
