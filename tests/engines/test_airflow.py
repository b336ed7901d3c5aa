"""The provider for Airflow; Airflow itself is replaced. `tests/engines/run_airflow.py` runs the real one."""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from connector.engines.airflow import calls, provider
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.support.server import LoopbackServer, ServerResponse

ROOT = Path(__file__).parents[2]
SOURCE = {"slug": "checkout", "enabled": "true", "metadataId": "IqDTy1TpoU"}
CREATED = ServerResponse({"data": {"source": {"id": "new"}}}, 201)


def test_entry_point_describes_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, name = project["entry-points"]["apache_airflow_provider"]["provider_info"].split(":")

    info = getattr(importlib.import_module(module), name)()

    assert info["package-name"] == project["name"], "Airflow ends with an error otherwise"
    assert info["versions"] == [connector.__version__]


def test_connection_type_has_the_fields_of_the_connection() -> None:
    (kind,) = provider.provider_info()["connection-types"]

    assert kind["connection-type"] == "segment_connector"
    assert kind["ui-field-behaviour"]["relabeling"] == {"password": "API Key"}
    assert set(kind["conn-fields"]) == {"subdomain", "region", "baseUrl"}
    assert kind["conn-fields"]["region"]["schema"] == {"type": ["string", "null"], "enum": ["api", "eu1.api"]}


def test_fields_come_from_password_and_extras(segment: connector.Component) -> None:
    fields = provider.connection_fields(segment, "token", {"region": "api", "subdomain": "", "other": 1})

    assert fields == {"apiKey": "token", "region": "api"}


def test_name_of_a_task_is_stable_and_readable() -> None:
    first, again, mapped = (calls.task_name("dag", "2026-01-01", "Create it!", index) for index in (-1, -1, 0))

    assert first == again != mapped
    assert first.startswith("Create-it-")


def test_finished_write_is_not_sent_again(runner: connector.Runner, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(CREATED)
    journal = calls.journal_of(str(tmp_path / "journals"), "create")

    payloads = [calls.perform(runner, "createSource", SOURCE, journal) for _ in range(2)]

    assert payloads == [{"data": {"data": {"source": {"id": "new"}}}}] * 2
    assert len(server.requests) == 1


def test_write_of_unknown_outcome_is_not_sent_again(
    runner: connector.Runner, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(ServerResponse(cut=True), CREATED)
    raised = []

    for _ in range(2):
        with pytest.raises(connector.ConnectorError) as caught:
            calls.perform(runner, "createSource", SOURCE, tmp_path / "create.jsonl")
        raised.append(caught.value)

    assert [type(error) for error in raised] == [errors.OutcomeUnknownError, errors.JournalError]
    assert not any(calls.is_repeatable(error) for error in raised)
    assert len(server.requests) == 1


def test_write_that_was_rate_limited_is_sent_by_the_next_try(
    runner: connector.Runner, server: LoopbackServer, tmp_path: Path
) -> None:
    server.answer(ServerResponse({"errors": []}, 429, {"Retry-After": "0"}), CREATED)
    journal = tmp_path / "create.jsonl"

    with pytest.raises(errors.RateLimitError) as caught:
        calls.perform(runner, "createSource", SOURCE, journal)
    runner.connection.transport.gate.reset()
    payload = calls.perform(runner, "createSource", SOURCE, journal)

    assert calls.is_repeatable(caught.value)
    assert payload["data"]["data"]["source"]["id"] == "new"


def test_read_has_no_journal(runner: connector.Runner, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))

    for _ in range(2):
        calls.perform(runner, "getSource", {"sourceId": "a"}, tmp_path / "get.jsonl")

    assert len(server.requests) == 2
    assert not list(tmp_path.iterdir())


def test_records_are_returned_up_to_a_limit_or_written(
    segment: connector.Component, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(segment) as workspace:
        runner, ids = workspace.runner(), [source["id"] for source in workspace.sources]
        listed = calls.all_records(runner, "listSources", {"count": 2}, None)
        written = calls.all_records(runner, "listSources", {"count": 2}, tmp_path / "sources.jsonl")
        monkeypatch.setattr(calls, "MAX_RECORDS", 3)
        with pytest.raises(errors.UsageError, match="cannot return more"):
            calls.all_records(runner, "listSources", {}, None)

    lines = (tmp_path / "sources.jsonl").read_text(encoding="utf-8").splitlines()
    assert [record["id"] for record in listed if isinstance(record, dict)] == ids
    assert written == {"file": str(tmp_path / "sources.jsonl"), "count": len(ids)}
    assert [json.loads(line)["id"] for line in lines] == ids


@pytest.mark.parametrize(
    ("cause", "is_repeatable"),
    [(errors.RateLimitError("x"), True), (errors.OutcomeUnknownError("x"), False), (KeyError("x"), False)],
    ids=["rate limit", "unknown outcome", "defect"],
)
def test_step_of_a_flow_decides_on_a_retry(cause: Exception, is_repeatable: bool) -> None:
    assert calls.is_repeatable(errors.StepError(flow="f", step="s", cause=cause)) is is_repeatable


class FailError(Exception):
    """Airflow's error that ends a task without a retry."""


@pytest.fixture
def workspace(segment: connector.Component) -> Iterator[Sandbox]:
    """A workspace of its own."""
    with sandbox(segment) as opened:
        yield opened


@pytest.fixture
def airflow(workspace: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Airflow's classes that the provider uses, and the one Airflow connection, which a test may change."""
    fields = workspace.connection["fields"]
    extra = {"baseUrl": fields["baseUrl"]}
    stored = types.SimpleNamespace(conn_type="segment_connector", password=fields["apiKey"], extra_dejson=extra)

    class BaseHook:
        def get_connection(self, _conn_id: str) -> Any:
            return stored

    class BaseOperator:
        def __init__(self, *, task_id: str) -> None:
            self.task_id = task_id

    contents: dict[str, dict[str, Any]] = {
        "airflow": {},
        "airflow.sdk": {"BaseHook": BaseHook, "BaseOperator": BaseOperator},
        "airflow.sdk.exceptions": {"AirflowFailException": FailError},
    }
    for name, content in contents.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    names = [f"connector.engines.airflow.{name}" for name in ("hooks", "operators")]
    hooks, operators = (importlib.import_module(name) for name in names)
    yield {"hooks": hooks, "operators": operators, "stored": stored}
    for name in names:  # no later test gets a module that knows the replaced Airflow
        del sys.modules[name]


def context_of(task_id: str) -> dict[str, Any]:
    """Return the context of a task."""
    task = types.SimpleNamespace(dag_id="dag", run_id="manual", task_id=task_id, map_index=-1)
    return {"ti": task, "logical_date": datetime(2026, 1, 1, tzinfo=UTC)}


def test_operator_runs_an_action_once(airflow: dict[str, Any], workspace: Sandbox, tmp_path: Path) -> None:
    operator = airflow["operators"].ConnectorOperator(
        task_id="create", action="createSource", inputs=SOURCE, conn_id="segment", journal=str(tmp_path)
    )

    payloads = [operator.execute(context_of("create")) for _ in range(2)]

    assert payloads[0] == payloads[1]
    assert [source["slug"] for source in workspace.sources].count("checkout") == 1


def test_operator_fails_at_once_when_a_retry_cannot_help(airflow: dict[str, Any]) -> None:
    operator = airflow["operators"].ConnectorOperator(
        task_id="get", action="getSource", inputs={"sourceId": "nope"}, conn_id="segment"
    )

    with pytest.raises(FailError, match="not found"):
        operator.execute(context_of("get"))


def test_operator_lets_airflow_retry_a_temporary_error(
    airflow: dict[str, Any], workspace: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise errors.RateLimitError("x")

    monkeypatch.setattr(connector.Runner, "invoke", fail)
    operator = airflow["operators"].ConnectorOperator(task_id="list", action="listSources", conn_id="segment")

    with pytest.raises(errors.RateLimitError):
        operator.execute(context_of("list"))


def test_flow_operator_runs_a_flow_once_and_returns_its_results(
    airflow: dict[str, Any], workspace: Sandbox, tmp_path: Path
) -> None:
    source_id = workspace.sources[0]["id"]
    operator = airflow["operators"].FlowOperator(
        task_id="change",
        file=str(ROOT / "examples" / "flows" / "change_sources.yaml"),
        conn_id="segment",
        payload=[{"sourceId": source_id, "name": "Renamed"}],
        journal=str(tmp_path),
    )

    results = [operator.execute(context_of("change")) for _ in range(2)]

    assert results == [{"changed": [source_id], "failed": []}] * 2
    assert [request.method for request in workspace.requests].count("PATCH") == 1


def test_hook_class_of_the_connection_type_exists_and_tests_the_connection(airflow: dict[str, Any]) -> None:
    (kind,) = provider.provider_info()["connection-types"]
    hook_class = getattr(airflow["hooks"], kind["hook-class-name"].rpartition(".")[2])

    assert hook_class.conn_type == kind["connection-type"]
    assert hook_class("segment").test_connection() == (True, "The credentials work.")
    airflow["stored"].password = "wrong"
    ok, text = hook_class("segment").test_connection()
    assert not ok
    assert "wrong" not in text


def test_connection_of_another_type_is_rejected(airflow: dict[str, Any]) -> None:
    airflow["stored"].conn_type = "http"

    with pytest.raises(errors.ConnectionInputError, match='has the type "http"'):
        airflow["hooks"].ConnectorHook("segment").get_conn()
