"""OpenTelemetry: one span per call and per attempt, and nothing secret in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import connector
from connector.engines.telemetry import Telemetry, is_available
from tests.conftest import TOKEN
from tests.support.server import LoopbackServer, ServerResponse

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry's SDK is not installed")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Recorded:
    """What was recorded."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    def spans(self) -> list[tuple[str, dict[str, object]]]:
        """Return name and attributes of each span, in the order in which they ended."""
        return [(span.name, dict(span.attributes or {})) for span in self.exporter.get_finished_spans()]


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """An own provider of spans and metrics."""
    recorded = Recorded()
    yield recorded
    recorded.tracers.shutdown()
    recorded.meters.shutdown()


@pytest.fixture
def watched(server: LoopbackServer, recorded: Recorded) -> Iterator[connector.Runner]:
    """A runner whose component is watched."""
    component = connector.load_component()
    component.add_plugin(Telemetry(recorded.tracers, recorded.meters), "telemetry")
    connection = {"key": "apiKey", "fields": {"apiKey": TOKEN, "baseUrl": server.url}}
    with connector.Runner(component, connection, max_wait=5) as runner:
        yield runner


def test_call_has_a_span_with_one_child_per_attempt(
    watched: connector.Runner, server: LoopbackServer, recorded: Recorded
) -> None:
    server.answer(
        ServerResponse({"errors": []}, 429, headers={"Retry-After": "0"}),
        ServerResponse({"data": {"source": {"id": "a"}}}),
    )

    watched.invoke("getSource", {"sourceId": "secret-id"})

    host = server.url.removeprefix("http://")
    attempt = {"http.request.method": "GET", "server.address": host}
    assert recorded.spans() == [
        ("GET", {**attempt, "http.response.status_code": 429}),
        ("GET", {**attempt, "http.response.status_code": 200}),
        ("getSource", {"connector.component": "segment", "connector.action": "getSource"}),
    ]


def test_failed_call_names_the_class_of_its_error_and_nothing_else(
    watched: connector.Runner, server: LoopbackServer, recorded: Recorded
) -> None:
    server.answer(ServerResponse({"errors": [{"message": "private"}]}, 404))

    with pytest.raises(connector.errors.NotFoundError):
        watched.invoke("getSource", {"sourceId": "secret-id"})

    name, attributes = recorded.spans()[-1]
    assert (name, attributes["error.type"]) == ("getSource", "NotFoundError")
    text = "".join(span.to_json() for span in recorded.exporter.get_finished_spans())
    assert not any(secret in text for secret in ("private", "secret-id", TOKEN))


def test_duration_of_calls_is_measured(watched: connector.Runner, server: LoopbackServer, recorded: Recorded) -> None:
    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))

    watched.invoke("getSource", {"sourceId": "a"})

    data = recorded.reader.get_metrics_data()
    assert data
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.data.data_points
    assert metric.name == "connector.call.duration"
    assert dict(point.attributes or {})["connector.action"] == "getSource"


def test_span_names_the_tenant(
    watched: connector.Runner, server: LoopbackServer, recorded: Recorded, fields: dict[str, str]
) -> None:
    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))

    with connector.Runner(watched.component, {"fields": fields}, tenant="acme") as runner:
        runner.invoke("getSource", {"sourceId": "a"})

    assert recorded.spans()[-1][1]["connector.tenant"] == "acme"


def test_availability_follows_the_installed_sdk() -> None:
    assert is_available()
