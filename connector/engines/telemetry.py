"""OpenTelemetry for a component: a plugin of the ordinary hooks.

    component.add_plugin(Telemetry(), "telemetry")

There is one span per call of an action and one per attempt of a request, with the names of OpenTelemetry's semantic
conventions for HTTP. Spans hold no inputs, no query, and no path, since a path holds IDs of the workspace. Without
OpenTelemetry's SDK nothing is recorded.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.definitions import Action, Payload
    from connector.component.inputs import Inputs
    from connector.rest import Request, Response

NAME = "segment-connector"


def is_available() -> bool:
    """Return whether OpenTelemetry's SDK is installed."""
    return (
        importlib.util.find_spec("opentelemetry") is not None
        and importlib.util.find_spec("opentelemetry.sdk") is not None
    )


class Telemetry:
    """Records spans and the durations of calls.

    Args:
        tracer_provider: Where spans go; None uses the provider of the process.
        meter_provider: Where metrics go; None uses the provider of the process.
    """

    def __init__(self, tracer_provider: Any = None, meter_provider: Any = None) -> None:
        from opentelemetry import metrics, trace

        self._kinds = trace.SpanKind
        self._status = trace.StatusCode
        self._tracer = trace.get_tracer(NAME, tracer_provider=tracer_provider)
        self._durations = metrics.get_meter(NAME, meter_provider=meter_provider).create_histogram(
            "connector.call.duration", unit="s", description="Duration of calls of actions."
        )

    @hookimpl(wrapper=True)
    def perform_action(
        self, action: Action[Any], context: Context, inputs: Inputs
    ) -> Generator[None, Payload | None, Payload | None]:
        """Record a span and the duration of a call."""
        attributes = {"connector.component": context.component.key, "connector.action": action.key}
        if context.tenant:
            attributes["connector.tenant"] = context.tenant
        started = time.perf_counter()
        with self._tracer.start_as_current_span(
            action.key, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                return (yield)
            except Exception as error:
                # The class only: a message can hold values of the workspace.
                attributes["error.type"] = type(error).__name__
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._status.ERROR)
                raise
            finally:
                self._durations.record(time.perf_counter() - started, attributes)

    @hookimpl(wrapper=True)
    def send_request(self, context: Context, request: Request) -> Generator[None, Response | None, Response | None]:
        """Record a span for one attempt of a request."""
        attributes = {"http.request.method": request.method, "server.address": context.endpoint.host}
        with self._tracer.start_as_current_span(
            request.method,
            kind=self._kinds.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                response = yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(self._status.ERROR)
                raise
            if response is not None:
                span.set_attribute("http.response.status_code", response.status)
            return response
