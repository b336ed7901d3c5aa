"""A write that is recorded before it is sent, so that a killed run knows what may have been applied."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from connector.component.api_description import own_limit
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
from connector.rest.rate_limits import MOMENT, new_ticket

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

    A call has one place in the queues of its gate for all its attempts.

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
    turn = _Turn(action, context, wait)
    try:
        for attempt in count():
            turn.wait()
            started()
            try:
                return component.perform_validated(action, turn.context, inputs)
            except _RateLimited as limit:
                seconds = max(limit.seconds, min(5.0, 0.05 * 2.0 ** min(attempt, 10)))
                rejected("rate limited")
            except Exception as error:
                if not outcome_unknown(action, error):
                    rejected(str(error))
                raise
            turn.spend(seconds)
    finally:
        turn.leave()
    raise AssertionError  # pragma: no cover - the loop has no end


class _Turn:
    """The place of one call in the queues of its gate, kept over its attempts.

    Attributes:
        context: The context of the call, with this place.
    """

    def __init__(self, action: Action[Any], context: Context, wait: Callable[[float, str], None]) -> None:
        ticket = new_ticket()
        self.context = context.with_limits(ticket=ticket)
        self._ticket = ticket
        self._action = action
        self._wait = wait
        self._waited = 0.0
        self._gate = context.limits.gate or (context.connection.transport.gate if context.connection else None)

    def wait(self) -> None:
        """Wait at the gate, as the request of the action would, but before anything is recorded."""
        while self._gate is not None and (seconds := self._gate.delay(self._ticket, self._own_limit)):
            if seconds < MOMENT:
                time.sleep(seconds)
            else:
                self.spend(seconds, "rate limited by an earlier call", None)

    def spend(self, seconds: float, message: str = "rate limited (429)", status: int | None = 429) -> None:
        """Wait for a rate limit.

        Raises:
            RateLimitError: If the limits of the call do not allow it.
        """
        limits = self.context.limits
        self._waited += seconds
        if self._waited > limits.max_wait or seconds >= limits.remaining():
            hint = f"Retry in {seconds:.0f} s, or raise max_wait."
            raise RateLimitError(message, retry_after=seconds, status=status, hint=hint)
        self._wait(seconds, "rate limit")

    def leave(self) -> None:
        """Leave the queues."""
        if self._gate is not None:
            self._gate.leave(self._ticket, self._own_limit)

    def _own_limit(self) -> str:
        return own_limit(self._action.operation)
