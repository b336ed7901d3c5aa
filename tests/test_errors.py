"""The errors: their tree, their text, their one JSON shape."""

from __future__ import annotations

import re
from typing import Any

import pytest

from connector import errors
from connector.errors import ApiErrorDetail, ConnectorError, Problem, RequestSummary

FACTS = RequestSummary("GET", "/sources", "api.example.com")
CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, ConnectorError)]


def drawn() -> dict[str, tuple[int, int | None]]:
    """Name -> (depth, exit code) as the module's docstring draws them."""
    levels = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│├└─ ]*)(\w+Error)\b.*?(?:exit (\d))?$", line)
        if match:
            levels[match[2]] = (len(match[1]) // 4, int(match[3]) if match[3] else None)
    return levels


def test_docstring_draws_every_class_but_the_shared_base() -> None:
    assert set(drawn()) == {cls.__name__ for cls in CLASSES} - {"RequestError"}


def test_docstring_draws_the_exit_codes() -> None:
    codes = {name: code for name, (_, code) in drawn().items() if code is not None}

    assert codes == {name: getattr(errors, name).exit_code for name in codes}
    assert sorted(codes.values()) == [1, 1, 2, 3, 4, 5, 5, 5, 6]


def test_table_has_every_class_but_the_shared_base() -> None:
    assert set(errors.OUTCOMES) == set(CLASSES) - {errors.RequestError}


def test_exit_codes_and_statuses_are_those_that_programs_rely_on() -> None:
    assert {cls.__name__: tuple(outcome) for cls, outcome in errors.OUTCOMES.items()} == {
        "ConnectorError": (1, 424, False),
        "SetupError": (3, 424, False),
        "ManifestError": (3, 424, False),
        "ComponentError": (3, 424, False),
        "PluginError": (3, 424, False),
        "ConnectionInputError": (3, 424, False),
        "MissingExtraError": (3, 424, False),
        "ServerStartError": (3, 424, False),
        "TLSError": (3, 424, False),
        "ProxyError": (3, 424, False),
        "UsageError": (2, 400, False),
        "UnknownKeyError": (2, 404, False),
        "InputError": (2, 422, False),
        "NoChangesError": (2, 422, False),
        "PolicyError": (2, 403, False),
        "InvalidFlowError": (2, 422, False),
        "FlowLimitError": (2, 422, False),
        "FlowDeadlineError": (5, 409, False),
        "FlowStoppedError": (5, 409, False),
        "JournalError": (2, 409, False),
        "SandboxError": (2, 400, False),
        "RejectedError": (4, 424, False),
        "BadRequestError": (4, 400, False),
        "AuthenticationError": (4, 424, False),
        "ForbiddenError": (4, 424, False),
        "NotFoundError": (4, 404, False),
        "ConflictError": (4, 409, False),
        "PayloadTooLargeError": (4, 413, False),
        "UnprocessableError": (4, 422, False),
        "TemporaryError": (5, 503, True),
        "RateLimitError": (5, 429, True),
        "ServerError": (5, 503, True),
        "UnreachableError": (5, 503, True),
        "NoResponseError": (5, 503, True),
        "DeadlineError": (5, 504, True),
        "CallCancelledError": (5, 503, True),
        "OutcomeUnknownError": (6, 409, False),
        "StepError": (1, 409, False),
        "HandlerError": (1, 409, False),
        "InvalidResponseError": (1, 409, False),
        "PaginationError": (1, 409, False),
    }


@pytest.mark.parametrize("cls", errors.OUTCOMES, ids=lambda cls: cls.__name__)
def test_class_has_the_outcome_of_the_table(cls: type[ConnectorError]) -> None:
    assert (cls.exit_code, cls.http_status, cls.repeatable) == errors.OUTCOMES[cls]


def test_exit_code_5_and_repeatable_mean_the_same_but_for_flows() -> None:
    temporary = {cls for cls, outcome in errors.OUTCOMES.items() if outcome.exit_code == 5}

    assert temporary - {errors.FlowDeadlineError, errors.FlowStoppedError} == {
        cls for cls in errors.OUTCOMES if cls.repeatable
    }


def test_no_client_retries_what_is_not_repeatable() -> None:
    retried_by_clients = {
        cls for cls, outcome in errors.OUTCOMES.items() if outcome.http_status in {408, 429} | set(range(500, 600))
    }

    assert retried_by_clients == {cls for cls in errors.OUTCOMES if cls.repeatable}


def test_subclass_of_a_plugin_has_the_outcome_of_its_base() -> None:
    class OwnError(errors.NotFoundError):
        pass

    assert (OwnError.exit_code, OwnError.http_status, OwnError.repeatable) == (4, 404, False)


def test_failed_step_has_the_exit_code_of_its_cause_and_is_not_repeatable() -> None:
    error = errors.StepError(flow="F", step="S", cause=errors.ServerError("server error (503)"))

    assert str(error) == 'flow "F", step "S": server error (503)\nhint: Try again later.'
    assert (error.exit_code, error.repeatable) == (5, False)
    assert error.to_dict()["error"]["cause"] == error.cause.to_dict()["error"]  # type: ignore[attr-defined]


def test_failed_step_shows_an_exception_of_another_kind() -> None:
    error = errors.StepError(flow="F", step="S", cause=ValueError("odd"))

    assert str(error) == 'flow "F", step "S": ValueError: odd'
    assert error.exit_code == 1
    assert error.to_dict()["error"]["cause"] == {"message": "odd"}


@pytest.mark.parametrize(
    "cls", [cls for cls in CLASSES if issubclass(cls, errors.RequestError)], ids=lambda c: c.__name__
)
def test_every_error_of_a_request_says_what_which_and_what_to_do(cls: type[errors.RequestError]) -> None:
    fault = ApiErrorDetail("no", "kind", "a.b", {"more": 1})
    error = cls("it failed", request=FACTS, status=418, api_errors=[fault], hint="Do this.", action="listSources")

    assert str(error) == "listSources: it failed [GET /sources]\n  - a.b: no\nhint: Do this."
    assert error.to_dict() == {
        "error": {
            "type": cls.__name__,
            "message": "it failed",
            "hint": "Do this.",
            "action": "listSources",
            "repeatable": cls.repeatable,
            "method": "GET",
            "path": "/sources",
            "host": "api.example.com",
            "status": 418,
            "errors": [{"type": "kind", "message": "no", "field": "a.b", "data": {"more": 1}}],
        }
    }


def test_json_shape_has_no_empty_parts() -> None:
    assert ConnectorError("it failed").to_dict() == {
        "error": {"type": "ConnectorError", "message": "it failed", "repeatable": False}
    }


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("key", "is wrong.", label="Label", hint="Do this."), "Label (key): is wrong.\n    hint: Do this."),
        (Problem("file:1", "is wrong."), "file:1: is wrong."),
        (Problem("", "is wrong."), "is wrong."),
    ],
)
def test_problem_has_its_hint_on_a_line_of_its_own(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_findings_stand_below_the_message() -> None:
    error = errors.InputError(
        "two do not fit.", problems=[Problem("a", "x."), Problem("b", "y.")], action="k", hint="H."
    )

    assert str(error) == "k: two do not fit.\n  - a: x.\n  - b: y.\nhint: H."
    assert error.to_dict()["error"]["problems"] == [
        {"location": "a", "message": "x."},
        {"location": "b", "message": "y."},
    ]


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (ApiErrorDetail("is required", "t", "a.b"), "a.b: is required"),
        (ApiErrorDetail('"a.b" is required', "t", "a.b"), '"a.b" is required'),
        (ApiErrorDetail("", "t"), "t"),
        (ApiErrorDetail(), "no message"),
    ],
)
def test_entry_of_the_api_reads_as_one_line(fault: ApiErrorDetail, text: Any) -> None:
    assert str(fault) == text
