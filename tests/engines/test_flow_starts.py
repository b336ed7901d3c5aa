"""Flows that are started over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

import connector
from connector.component.policy import Policy
from connector.engines.flow_starts import FlowStarts
from connector.engines.http_app import HttpApp
from connector.engines.service import Caller, ServedConnection, Service
from connector.errors import UsageError
from connector.flows import Flow, runs
from connector.flows.run.submitted import end_run
from connector.journal.journals import reopen_journal
from connector.journal.reader import read_history
from connector.journal.writer import JournalWriter
from connector.sandbox_kit import asgi_server
from connector.workers import submit

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"
ADMIN, BILLING, READER = "key-of-admin", "key-of-billing", "key-of-reader"
CHANGES = [{"sourceId": "s", "enabled": True}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target: Path = tmp_path_factory.mktemp("flows")
    shutil.copy(EXAMPLES / "change_sources.yaml", target)
    return target


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('runs')}/runs.sqlite"


@pytest.fixture(scope="module")
def url(segment: connector.Component, folder: Path, database: str) -> Iterator[str]:
    callers = [
        Caller("admin", ADMIN, ("main", "other"), Policy(), None),
        Caller("billing", BILLING, ("main",), Policy(allowed=["updateSource"]), ("change_sources",)),
        Caller("reader", READER, ("main",), Policy(read_only=True)),
    ]
    connection = ServedConnection({"fields": {"apiKey": "sgp_never-sent", "region": "api"}})
    service = Service(segment, {"main": connection, "other": connection}, callers)
    starts = FlowStarts(folder, database, {segment.key: segment})
    app = HttpApp(service, flows=starts.names_for)
    with asgi_server.serve(app.asgi(more_routes=starts.routes(app))) as served:
        yield served
    starts.close()


def start(url: str, body: Any = CHANGES, *, key: str = BILLING, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(
        f"{url}/v1/flows/change_sources?a=1", json=body, headers={"X-Api-Key": key, **named}, timeout=30
    )


def show(url: str, run_id: str, key: str = BILLING) -> requests.Response:
    return requests.get(f"{url}/v1/runs/{run_id}", headers={"X-Api-Key": key}, timeout=30)


def test_request_becomes_a_submitted_run(url: str, database: str) -> None:
    response = start(url, X_Topic="news", Authorization="Bearer other-secret")
    assert response.status_code == 202
    run_id = response.json()["run"]
    assert [(run.status, run.flow) for run in runs(database) if run.id == run_id] == [("queued", "Change")]
    header = read_history(f"{database}#{run_id}").header
    assert header["trigger"]["body"]["data"] == CHANGES
    assert header["trigger"]["queryParameters"] == {"a": "1"}
    assert header["trigger"]["headers"]["x-topic"] == "news"
    assert header["profiles"] == {"": "main"}
    assert BILLING not in str(header)
    assert "other-secret" not in str(header)


def test_requests_with_one_key_make_one_run(url: str, database: str) -> None:
    before = len(runs(database))
    responses = [start(url, Idempotency_Key="k1", X_Sent=number) for number in "12"]
    assert [response.status_code for response in responses] == [202, 202]
    assert len({response.json()["run"] for response in responses}) == 1
    assert len(runs(database)) == before + 1
    other = start(url, [], Idempotency_Key="k1")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "UsageError")
    assert start(url, key=ADMIN, Idempotency_Key="k1", X_Connection="other").json() != responses[0].json()


def test_caller_sees_what_became_of_its_run(url: str, database: str) -> None:
    response = start(url)
    run_id = response.json()["run"]
    assert response.headers["Location"] == f"/v1/runs/{run_id}"
    queued = {"run": run_id, "status": "queued", "finished": 0, "writes": 0, "unknown": 0, "error": ""}
    assert show(url, run_id).json() == queued
    end_run(database, run_id, "failed", "it broke")
    assert show(url, run_id).json() == queued | {"status": "failed", "error": "it broke"}
    done = start(url).json()["run"]
    journal = reopen_journal(database, done)
    JournalWriter(journal).ended("done", "", {"changed": []})
    journal.close()
    assert show(url, done).json()["results"] == {"changed": []}


def test_run_of_another_caller_is_unknown(url: str, database: str, segment: connector.Component) -> None:
    run_id = start(url).json()["run"]
    flow = Flow.load(EXAMPLES / "change_sources.yaml")
    submit(flow, segment, database=database, id="by-command", payload=CHANGES, delay=3600)
    for key, name in ((ADMIN, run_id), (BILLING, "by-command"), (BILLING, "none"), (BILLING, "a:b")):
        response = show(url, name, key=key)
        assert response.status_code == 404, name
        assert response.json()["error"]["message"] == f'unknown run "{name}"'
    assert show(url, run_id, key="wrong").status_code == 401


def test_caller_starts_the_flows_that_its_table_names(url: str) -> None:
    assert start(url, key=READER).status_code == 403
    assert start(url, key="wrong").status_code == 401
    unknown = requests.post(f"{url}/v1/flows/none", headers={"X-Api-Key": BILLING}, timeout=30)
    assert unknown.status_code == 404
    several = start(url, key=ADMIN)
    assert several.json()["error"]["message"] == "several connections are available"


def test_openapi_describes_the_flows_of_the_caller(url: str) -> None:
    documents = {
        key: requests.get(f"{url}/openapi.json", headers={"X-Api-Key": key}, timeout=30).json()
        for key in (BILLING, READER)
    }
    operation = documents[BILLING]["paths"]["/v1/flows/change_sources"]["post"]
    assert operation["operationId"] == "startFlowChangeSources"
    assert next(iter(operation["responses"])) == "202"
    assert documents[BILLING]["paths"]["/v1/runs/{run}"]["get"]["operationId"] == "showRun"
    assert not [path for path in documents[READER]["paths"] if "flows" in path or "runs" in path]
    OpenAPIV31SpecValidator(documents[BILLING]).validate()


def test_folder_without_flows_is_rejected(tmp_path: Path, database: str, segment: connector.Component) -> None:
    with pytest.raises(UsageError, match="has no flow"):
        FlowStarts(tmp_path, database, {segment.key: segment})
