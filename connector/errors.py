"""Every error of the package, named by what the caller can do about it.

    ConnectorError
    ├── SetupError                 fix the setup                         exit 3
    │   ├── ManifestError            a manifest.yaml that is missing or invalid
    │   ├── ComponentError           code and manifest disagree, every problem listed
    │   ├── PluginError              a plugin that cannot be registered
    │   ├── ConnectionInputError     a connection without its token, or with invalid fields
    │   ├── MissingExtraError        an optional dependency that is not installed
    │   ├── ServerStartError         an address that cannot be served
    │   ├── TLSError                 a certificate or CA bundle that does not work
    │   └── ProxyError               a proxy setting that cannot be used
    ├── UsageError                 fix the call                          exit 2
    │   ├── UnknownKeyError          no such action, data source, or connection
    │   ├── InputError               invalid inputs, all of them at once
    │   │   └── NoChangesError         an update without any field to change
    │   ├── PolicyError              the runner's policy does not allow it
    │   ├── InvalidFlowError         a flow that cannot be run, every problem listed
    │   ├── FlowLimitError           a flow that exceeds a limit, such as a loop without end
    │   │   ├── FlowDeadlineError      a run that can be resumed later       exit 5
    │   │   └── FlowStoppedError       a run that its caller stopped         exit 5
    │   ├── JournalError             a run that cannot be resumed or undone
    │   └── SandboxError             an invalid sandbox file, seed, fault, or assumption
    ├── RejectedError              rejected by the API: fix the request  exit 4
    │   ├── BadRequestError          400
    │   ├── AuthenticationError      401
    │   ├── ForbiddenError           403
    │   ├── NotFoundError            404
    │   ├── ConflictError            409
    │   ├── PayloadTooLargeError     413
    │   └── UnprocessableError       422
    ├── TemporaryError             nothing to fix: wait and retry        exit 5
    │   ├── RateLimitError           429, `retry_after` says how long to wait
    │   ├── ServerError              5xx or 408 to a request that is safe to repeat
    │   ├── UnreachableError         host not found, connection refused: nothing was sent
    │   ├── NoResponseError          no response, or a part of one, to a read or an idempotent write
    │   ├── DeadlineError            the deadline passed before the request was sent
    │   └── CallCancelledError       the call was cancelled, or its runner closed, before it was sent
    ├── OutcomeUnknownError        a write that may have been applied    exit 6
    ├── StepError                  a step of a flow failed               exit as its cause
    ├── HandlerError               a component's own code failed         exit 1
    └── InvalidResponseError       a response that is not valid          exit 1
        └── PaginationError          a list that does not end

A message says what is wrong, with which action and request; the hint on a line of its own says what to do.
`to_dict()` is the one JSON shape that the command line, flows, and engines show. `OUTCOMES` is the one table of exit
code, HTTP status, and `repeatable` of each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: its location, what is wrong there, and a hint.

    Attributes:
        location: What the problem is about: the key of an input, `file:line`, or the name of a plugin.
        message: What is wrong, in one sentence.
        label: The name shown to people, where it differs from `location`.
        hint: What to do about it.
    """

    location: str
    message: str
    label: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.label} ({self.location})" if self.label else self.location
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n    hint: {self.hint}" if self.hint else text

    def to_dict(self) -> dict[str, str]:
        """Return the problem as JSON, without empty parts."""
        pairs = {"location": self.location, "label": self.label, "message": self.message, "hint": self.hint}
        return {key: value for key, value in pairs.items() if value}


class ConnectorError(Exception):
    """Root of every error that this package raises on purpose.

    Attributes:
        message: What is wrong, without the context and the hint.
        hint: What to do next.
        action: Key of the action or data source that was performed.
        problems: The single problems, if there are several.
        exit_code: Exit code of the command line; see `OUTCOMES`.
        http_status: Status with which an engine reports the error to its own caller; see `OUTCOMES`.
        repeatable: True if a program may simply run the same call again; see `OUTCOMES`.
    """

    exit_code: ClassVar[int]
    http_status: ClassVar[int]
    repeatable: ClassVar[bool]
    hint: str = ""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        action: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.action = action
        self.problems = tuple(problems)
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        lines = [f"{self.action}: {self.message}" if self.action else self.message]
        lines += [f"  - {problem}" for problem in self.problems]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON: `{"error": {"type", "message", "hint", "action", "repeatable", ...}}`."""
        parts: dict[str, Any] = {
            "type": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "action": self.action,
            "repeatable": self.repeatable,
            "problems": [problem.to_dict() for problem in self.problems],
            **self._details(),
        }
        return {"error": {key: value for key, value in parts.items() if value not in (None, "", [], {})}}

    def _details(self) -> dict[str, Any]:
        return {}


class SetupError(ConnectorError):
    """The installation, the component, or the connection has to be fixed first."""


class ManifestError(SetupError):
    """A manifest is missing or invalid."""


class ComponentError(SetupError):
    """A component cannot be loaded because its code and its manifest disagree."""


class PluginError(SetupError):
    """A plugin cannot be imported or registered."""


class ConnectionInputError(SetupError):
    """A connection lacks a required field or has an invalid one."""


class MissingExtraError(SetupError):
    """An optional dependency that the feature needs is not installed."""


class ServerStartError(SetupError):
    """An address cannot be served: it is in use, unknown, or open to other hosts."""


class HandlerError(ConnectorError):
    """A function of the component raised an exception of its own, or returned no payload.

    A write may have been sent before. The exception is the error's `__cause__`.
    """


class UsageError(ConnectorError):
    """The call itself is invalid; nothing was sent."""


class UnknownKeyError(UsageError):
    """No component, action, data source or connection has this key."""


class InputError(UsageError):
    """Inputs are invalid; `problems` lists all of them."""


class NoChangesError(InputError):
    """An update without any field to change; it was not sent."""


class PolicyError(UsageError):
    """The runner's policy does not allow this action or request; nothing was sent."""


class InvalidFlowError(UsageError):
    """A flow is invalid and was not started; `problems` lists all reasons."""


class FlowLimitError(UsageError):
    """A flow exceeds a limit; the message names the limit."""


class FlowDeadlineError(FlowLimitError):
    """The deadline of a run passed before its end; it can be resumed."""

    hint = "Resume it later."


class FlowStoppedError(FlowLimitError):
    """The caller of a run stopped it before its end; it can be resumed."""

    hint = "Resume it later."


class JournalError(UsageError):
    """A run cannot be resumed or undone: its journal is unusable, or the outcome of a write is unknown."""


class StepError(ConnectorError):
    """A step of a flow failed.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        cause: The error of the step; it decides the exit code.
        run: The run until then; see `connector.flows.Run`.
    """

    def __init__(self, *, flow: str, step: str, cause: Exception) -> None:
        text = str(cause) if isinstance(cause, ConnectorError) else f"{type(cause).__name__}: {cause}"
        super().__init__(f'flow "{flow}", step "{step}": {text}')
        self.flow = flow
        self.step = step
        self.cause = cause
        self.run: Any = None
        if isinstance(cause, ConnectorError):
            # Neither the status nor `repeatable`: earlier steps of the flow may have written something.
            self.exit_code = cause.exit_code  # type: ignore[misc]

    def _details(self) -> dict[str, Any]:
        cause = (
            self.cause.to_dict()["error"] if isinstance(self.cause, ConnectorError) else {"message": str(self.cause)}
        )
        return {"flow": self.flow, "step": self.step, "cause": cause}


class SandboxError(UsageError):
    """A sandbox file, seed, fault, or assumption is invalid."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The request that an error is about, without secrets.

    Attributes:
        method: HTTP method.
        path: Path below the host, percent-encoded, with the path of the base URL.
        host: Host the request was for.
    """

    method: str
    path: str
    host: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class ApiErrorDetail:
    """One entry of the API's error response.

    Attributes:
        message: The API's own words.
        type: The API's name for this type of error.
        field: Path of the invalid field in the request.
        data: Whatever else the API attached.
    """

    message: str = ""
    type: str = ""
    field: str = ""
    data: Any = None

    def __str__(self) -> str:
        text = self.message or self.type or "no message"
        return f"{self.field}: {text}" if self.field and self.field not in text else text

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON, without empty parts."""
        pairs = {"type": self.type, "message": self.message, "field": self.field, "data": self.data}
        return {key: value for key, value in pairs.items() if value not in (None, "")}


class RequestError(ConnectorError):
    """Base of the errors of one HTTP request.

    Attributes:
        request: The request, without secrets; None if several responses together are wrong.
        status: HTTP status of the response, or None without one.
        api_errors: Entries of the API's error response.
    """

    def __init__(
        self,
        message: str,
        *,
        request: RequestSummary | None = None,
        status: int | None = None,
        api_errors: Sequence[ApiErrorDetail] = (),
        hint: str = "",
        action: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, action=action)
        self.request = request
        self.status = status
        self.api_errors = tuple(api_errors)

    def __str__(self) -> str:
        head = f"{self.action}: {self.message}" if self.action else self.message
        lines = [f"{head} [{self.request}]" if self.request else head]
        lines += [f"  - {entry}" for entry in self.api_errors]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def _details(self) -> dict[str, Any]:
        summary = self.request or RequestSummary("", "")
        return {
            "method": summary.method,
            "path": summary.path,
            "host": summary.host,
            "status": self.status,
            "errors": [entry.to_dict() for entry in self.api_errors],
        }


class TLSError(RequestError, SetupError):
    """The server's certificate was not accepted, or the CA bundle cannot be read; nothing was sent."""

    hint = (
        "Check the host name and the clock of this computer. If a proxy decrypts TLS, set REQUESTS_CA_BUNDLE "
        "to the file with its certificates."
    )


class ProxyError(RequestError, SetupError):
    """A proxy setting cannot be used; nothing was sent."""

    hint = "Correct the proxy setting, or remove it."


class RejectedError(RequestError):
    """The API rejected the request and will reject it again."""

    hint = "Fix the request as described above."


class BadRequestError(RejectedError):
    """400: the request is invalid."""

    hint = "Fix the request as described above."


class AuthenticationError(RejectedError):
    """401: the API does not accept the token for this request."""

    hint = "Check that the token is valid and that its role allows this action."


class ForbiddenError(RejectedError):
    """403: the role of the token does not allow this action."""

    hint = "The token's role does not allow this action. Use another token."


class NotFoundError(RejectedError):
    """404: something named in the request does not exist."""

    hint = "Check the IDs: one does not exist in this workspace."


class ConflictError(RejectedError):
    """409: the request conflicts with something that exists."""

    hint = "Choose another name, or update the existing record."


class PayloadTooLargeError(RejectedError):
    """413: the request is larger than the API allows."""

    hint = "Split the request."


class UnprocessableError(RejectedError):
    """422: values in the request are invalid."""

    hint = "Fix the fields listed above."


class TemporaryError(RequestError):
    """The request is valid, and the same request may succeed later."""


class RateLimitError(TemporaryError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds to wait before the next request, or None if the API did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after

    def _details(self) -> dict[str, Any]:
        return {**super()._details(), "retryAfter": self.retry_after}


class ServerError(TemporaryError):
    """5xx, or 408: the API failed."""

    hint = "Try again later."


class UnreachableError(TemporaryError):
    """The host could not be reached; nothing was sent."""

    hint = "Nothing was sent. Check the network, the proxy settings, and the host name."


class NoResponseError(TemporaryError):
    """A read or an idempotent write got no response, or only a part of one."""

    hint = "Retry: reads are safe to repeat."


class DeadlineError(TemporaryError):
    """The deadline of the call passed before the request was sent."""

    hint = "Raise deadline."


class CallCancelledError(TemporaryError):
    """The call was cancelled, or its runner was closed, before the request was sent."""

    hint = "Run it again with an open runner."


class OutcomeUnknownError(RequestError):
    """A write that is not idempotent got no response, a part of one, or a server error: it may have been applied."""

    hint = "Check before you retry."


class InvalidResponseError(RequestError):
    """The API returned an invalid response."""


class PaginationError(InvalidResponseError):
    """Pagination would never end."""

    hint = "Fetch single pages with count and cursor, or try again."


class Outcome(NamedTuple):
    """What a program can conclude from a class of errors.

    Attributes:
        exit_code: Exit code of the command line.
        http_status: Status with which an engine reports the error to its own caller. Clients retry 429 and 5xx on
            their own, so a write that may have been applied has none of them; 401 and 403 would be about the
            caller's own credentials.
        repeatable: True if a program may simply run the same call again.
    """

    exit_code: int
    http_status: int
    repeatable: bool = False


OUTCOMES: dict[type[ConnectorError], Outcome] = {
    ConnectorError: Outcome(1, 424),
    SetupError: Outcome(3, 424),
    ManifestError: Outcome(3, 424),
    ComponentError: Outcome(3, 424),
    PluginError: Outcome(3, 424),
    ConnectionInputError: Outcome(3, 424),
    MissingExtraError: Outcome(3, 424),
    ServerStartError: Outcome(3, 424),
    TLSError: Outcome(3, 424),
    ProxyError: Outcome(3, 424),
    UsageError: Outcome(2, 400),
    UnknownKeyError: Outcome(2, 404),
    InputError: Outcome(2, 422),
    NoChangesError: Outcome(2, 422),
    PolicyError: Outcome(2, 403),
    InvalidFlowError: Outcome(2, 422),
    FlowLimitError: Outcome(2, 422),
    FlowDeadlineError: Outcome(5, 409),
    FlowStoppedError: Outcome(5, 409),
    JournalError: Outcome(2, 409),
    SandboxError: Outcome(2, 400),
    RejectedError: Outcome(4, 424),
    BadRequestError: Outcome(4, 400),
    AuthenticationError: Outcome(4, 424),
    ForbiddenError: Outcome(4, 424),
    NotFoundError: Outcome(4, 404),
    ConflictError: Outcome(4, 409),
    PayloadTooLargeError: Outcome(4, 413),
    UnprocessableError: Outcome(4, 422),
    TemporaryError: Outcome(5, 503, repeatable=True),
    RateLimitError: Outcome(5, 429, repeatable=True),
    ServerError: Outcome(5, 503, repeatable=True),
    UnreachableError: Outcome(5, 503, repeatable=True),
    NoResponseError: Outcome(5, 503, repeatable=True),
    DeadlineError: Outcome(5, 504, repeatable=True),
    CallCancelledError: Outcome(5, 503, repeatable=True),
    OutcomeUnknownError: Outcome(6, 409),
    StepError: Outcome(1, 409),
    HandlerError: Outcome(1, 409),
    InvalidResponseError: Outcome(1, 409),
    PaginationError: Outcome(1, 409),
}
"""The one table of what each class means to a program. `StepError` takes the exit code of its cause."""

for _class, _outcome in OUTCOMES.items():
    _class.exit_code, _class.http_status, _class.repeatable = _outcome
