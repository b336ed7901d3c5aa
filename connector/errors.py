"""Every error of the package, named by what the caller can do about it.

    ConnectorError
    ├── SetupError                 fix the set-up                        exit 3
    │   ├── ManifestError            a manifest.yaml that does not hold
    │   ├── ComponentError           code and manifest disagree, every mismatch listed
    │   ├── PluginError              a plugin that cannot be registered
    │   ├── ConnectionInputError     a connection without its token, or with bad fields
    │   ├── MissingExtraError        an optional dependency is not installed
    │   ├── ServerStartError             an address that cannot be served
    │   └── TLSError                 the server's certificate was not accepted
    ├── UsageError                 fix the call                          exit 2
    │   ├── UnknownKeyError          no such action, data source or connection
    │   ├── InputError               inputs that do not fit, all of them at once
    │   ├── PolicyError              the runner's policy forbids it
    │   ├── InvalidFlowError            a flow that cannot be run, every finding listed
    │   ├── FlowLimitError           a flow that goes beyond a limit, such as a loop without end
    │   │   └── FlowDeadlineError     a run that may go on later               exit 5
    │   ├── JournalError             a run that cannot be resumed or undone
    │   └── SandboxError             a file, seed, fault or assumption that does not fit
    ├── RejectedError               the API refused: fix the request      exit 4
    │   ├── BadRequestError          400
    │   ├── AuthenticationError      401
    │   ├── ForbiddenError           403
    │   ├── NotFoundError            404
    │   ├── ConflictError            409
    │   ├── PayloadTooLargeError            413
    │   └── UnprocessableError       422
    ├── TemporaryError              nothing to fix: wait and repeat       exit 5
    │   ├── RateLimitError           429, `retry_after` tells how long
    │   ├── ServerError              5xx
    │   ├── UnreachableError         name not found, connection refused
    │   ├── NoResponseError          a read that got no answer, or half of one
    │   └── DeadlineError            the caller's deadline passed, nothing was sent
    ├── OutcomeUnknownError        a write that may have happened: check exit 6
    ├── StepError                  a step of a flow failed               exit as its cause
    └── InvalidResponseError                 an answer that cannot be understood   exit 1
        └── PaginationError          a list that does not end

Messages say what went wrong, with which action and request, and what to do next.
`to_dict()` is the one JSON shape that the command line, flows and engines show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: where it is, what is wrong there, and the cure.

    Attributes:
        location: What the finding is about: an input's key, a place in a file, a plugin's name.
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
        return f"{text} {self.hint}".rstrip()

    def to_dict(self) -> dict[str, str]:
        """The finding as JSON, empty parts left out."""
        pairs = {"location": self.location, "label": self.label, "message": self.message, "hint": self.hint}
        return {key: value for key, value in pairs.items() if value}


class ConnectorError(Exception):
    """Root of every error that this package raises on purpose.

    Attributes:
        message: What went wrong, without the context and the hint.
        hint: What to do next.
        action: Key of the action or data source that was being performed.
        problems: The single findings, when there are several.
    """

    exit_code: ClassVar[int] = 1
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
            lines.append(self.hint)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON: `{"error": {"type", "message", "hint", "action", "problems", ...}}`."""
        found: dict[str, Any] = {
            "type": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "action": self.action,
            "problems": [problem.to_dict() for problem in self.problems],
            **self._details(),
        }
        return {"error": {key: value for key, value in found.items() if value not in (None, "", [], {})}}

    def _details(self) -> dict[str, Any]:
        return {}


class SetupError(ConnectorError):
    """Something about the installation, the component or the connection has to be fixed first."""

    exit_code = 3


class ManifestError(SetupError):
    """A `manifest.yaml` cannot be read, or says something that a manifest cannot say."""


class ComponentError(SetupError):
    """A component cannot be loaded: its code and its manifest disagree."""


class PluginError(SetupError):
    """A plugin implements a hook that does not exist, or registers what it must not."""


class ConnectionInputError(SetupError):
    """A connection lacks a required field, or has a field that does not fit."""


class MissingExtraError(SetupError):
    """A feature needs an optional dependency that is not installed."""


class ServerStartError(SetupError):
    """The address cannot be served: it is taken, unknown, or reached from other machines."""


class UsageError(ConnectorError):
    """The call itself is wrong; nothing was sent."""

    exit_code = 2


class UnknownKeyError(UsageError):
    """No action, data source or connection has this key."""


class InputError(UsageError):
    """Inputs that do not fit; `problems` holds every one of them."""


class PolicyError(UsageError):
    """The runner's policy forbids this action or request; nothing was sent."""


class InvalidFlowError(UsageError):
    """A flow cannot be read, or cannot be run as it is; nothing was run, and `problems` holds every finding."""


class FlowLimitError(UsageError):
    """A flow goes beyond a limit; the message names the limit."""


class FlowDeadlineError(FlowLimitError):
    """The deadline of a run passed before its end; it can be resumed."""

    exit_code = 5
    hint = "Resume it later."


class JournalError(UsageError):
    """A run's journal cannot be used, or a write in it may have happened and nobody said what to do about it."""


class StepError(ConnectorError):
    """A step of a flow failed.

    Attributes:
        flow: Name of the flow.
        step: Name of the step.
        cause: What went wrong in it; the exit code is its own.
        run: What the run did until then; see `connector.flows.Run`.
    """

    def __init__(self, *, flow: str, step: str, cause: Exception) -> None:
        known = isinstance(cause, ConnectorError)
        text = str(cause) if known else f"{type(cause).__name__}: {cause}"
        super().__init__(f'the step "{step}" of the flow "{flow}" failed: {text}')
        self.flow = flow
        self.step = step
        self.cause = cause
        self.run: Any = None

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        """Exit code of the cause."""
        return self.cause.exit_code if isinstance(self.cause, ConnectorError) else 1

    def _details(self) -> dict[str, Any]:
        cause = (
            self.cause.to_dict()["error"] if isinstance(self.cause, ConnectorError) else {"message": str(self.cause)}
        )
        return {"flow": self.flow, "step": self.step, "cause": cause}


class SandboxError(UsageError):
    """A sandbox cannot do what was asked: its file, a seed, a fault or an assumption does not fit."""


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """The request an error is about, without anything secret.

    Attributes:
        method: HTTP method.
        path: Path below the host, percent-encoded.
        host: Host the request was for.
    """

    method: str
    path: str
    host: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class ApiErrorDetail:
    """One entry of what an API says about a failed request.

    Attributes:
        message: The API's own words.
        type: The API's name for this kind of fault.
        field: Path of the field in the request that is at fault.
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
        """The entry as JSON, empty parts left out."""
        pairs = {"type": self.type, "message": self.message, "field": self.field, "data": self.data}
        return {key: value for key, value in pairs.items() if value not in (None, "")}


class RequestError(ConnectorError):
    """Base of the errors that came out of one HTTP request.

    Attributes:
        request: The request, without secrets; None when the fault lies in several answers together.
        status: HTTP status of the answer, or None without one.
        api_errors: What the API said, entry by entry.
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
        lines += [f"  - {fault}" for fault in self.api_errors]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)

    def _details(self) -> dict[str, Any]:
        facts = self.request or RequestSummary("", "")
        return {
            "method": facts.method,
            "path": facts.path,
            "host": facts.host,
            "status": self.status,
            "errors": [fault.to_dict() for fault in self.api_errors],
        }


class TLSError(RequestError, SetupError):
    """The server's certificate was not accepted; nothing was sent."""

    hint = (
        "Check the host name and this machine's clock; behind a proxy that opens TLS, set REQUESTS_CA_BUNDLE "
        "to its certificates."
    )


class RejectedError(RequestError):
    """The API understood the request and refused it; the same request will be refused again."""

    exit_code = 4
    hint = "Correct the request as the API says."


class BadRequestError(RejectedError):
    """400: the API cannot do what was asked."""

    hint = "Correct what the API names above."


class AuthenticationError(RejectedError):
    """401: the API does not accept the token for this request."""

    hint = "Check that the token is right and may do this."


class ForbiddenError(RejectedError):
    """403: the token may not do this."""

    hint = "Use a token whose role allows this action."


class NotFoundError(RejectedError):
    """404: something named in the request does not exist."""

    hint = "Check the ids: one of them does not exist in the workspace of this token."


class ConflictError(RejectedError):
    """409: the request collides with something that exists."""

    hint = "Look at what exists already; choose another name or update that one."


class PayloadTooLargeError(RejectedError):
    """413: the request is larger than the API takes."""

    hint = "Send less in one request."


class UnprocessableError(RejectedError):
    """422: the API found faults in the values that were sent."""

    hint = "Correct the fields that the API names above."


class TemporaryError(RequestError):
    """Nothing is wrong with the request; the same request may succeed later."""

    exit_code = 5


class RateLimitError(TemporaryError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds to wait before the next request, or None when the API did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after

    def _details(self) -> dict[str, Any]:
        return {**super()._details(), "retryAfter": self.retry_after}


class ServerError(TemporaryError):
    """5xx: the API failed."""

    hint = "Try again later."


class UnreachableError(TemporaryError):
    """The host could not be reached; nothing was sent."""

    hint = "Check the network, the proxy settings and the host name."


class NoResponseError(TemporaryError):
    """A read got no answer, or only a part of one; repeating it is safe."""

    hint = "Repeat it: reading changes nothing."


class DeadlineError(TemporaryError):
    """The deadline of the call had passed before this request; nothing was sent."""

    hint = "Repeat it with a later deadline."


class OutcomeUnknownError(RequestError):
    """A write got no answer, or only a part of one: it may have happened, and is not repeated."""

    exit_code = 6
    hint = "Look whether the change was made before repeating it."


class InvalidResponseError(RequestError):
    """The API answered something that cannot be understood."""


class PaginationError(InvalidResponseError):
    """Walking the pages of a list would never end."""

    hint = "Ask for single pages with count and cursor, or try again."
