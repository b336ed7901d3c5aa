"""A write that is recorded before it is sent, so that a killed run knows what may have been applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from connector.errors import (
    ConnectorError,
    HandlerError,
    InvalidResponseError,
    NoResponseError,
    OutcomeUnknownError,
    PluginError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.context import Context
    from connector.component.definitions import Action, Payload
    from connector.component.inputs import Inputs
    from connector.rest.rate_limits import CallLimits


def outcome_unknown(action: Action[Any] | None, error: Exception) -> bool:
    """Return True if a write failed in a way that leaves open whether it was applied."""
    if action is None or action.effect == "read":
        return False
    # An error of another kind comes from the code of an action or a plugin, perhaps after the write was applied.
    is_foreign = not isinstance(error, ConnectorError) or isinstance(error, HandlerError | PluginError)
    return is_foreign or isinstance(error, OutcomeUnknownError | NoResponseError | ServerError | InvalidResponseError)


class _RateLimited(BaseException):
    """Ends the attempt of a write that would wait for a rate limit. No plugin's `except Exception` can swallow it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def without_rate_limit_waits(limits: CallLimits) -> CallLimits:
    """Return limits with which a write ends where it would wait for a rate limit; `perform_recorded` then waits."""
    on_wait = limits.on_wait

    def wait(seconds: float, reason: str) -> None:
        if reason == "rate limit":
            raise _RateLimited(seconds)
        if on_wait is not None:
            on_wait(seconds, reason)

    return replace(limits, on_wait=wait)


def perform_recorded(
    component: Component,
    action: Action[Any],
    context: Context,
    inputs: Inputs,
    *,
    started: Callable[[], None],
    rejected: Callable[[str], None],
    wait: Callable[[float, str], None],
) -> Payload:
    """Perform a write. It is recorded as started after the waits for rate limits, so a kill before is harmless.

    Args:
        component: Component of the action.
        action: The write.
        context: Its context, whose limits are `without_rate_limit_waits`.
        inputs: Its inputs.
        started: Records that the write is about to be sent.
        rejected: Records that it was not applied, and why.
        wait: Waits for a rate limit.

    Raises:
        ConnectorError: If the write fails; unless `outcome_unknown`, it was recorded as rejected.
    """
    waited = 0.0
    for attempt in count():
        started()
        try:
            return component.perform_validated(action, context, inputs)
        except _RateLimited as limit:
            seconds = max(limit.seconds, min(5.0, 0.05 * 2.0 ** min(attempt, 10)))
            rejected("rate limited")
        except Exception as error:
            if not outcome_unknown(action, error):
                rejected(str(error))
            raise
        waited += seconds
        if waited > context.limits.max_wait or seconds >= context.limits.remaining():
            hint = f"Retry in {seconds:.0f} s, or raise max_wait."
            raise RateLimitError("rate limited (429)", retry_after=seconds, status=429, hint=hint)
        wait(seconds, "rate limit")
    raise AssertionError  # pragma: no cover - the loop has no end
