"""Flows that are started over HTTP."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy.exc import OperationalError

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


class Client:
    """A caller of a server."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        named = {"X-Api-Key": self._key, **(headers or {})}
        return requests.request(method, self._url + path, headers=named, timeout=30, **more)

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, **more: Any) -> Any:
        return self.request("POST", path, **more)


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


@pytest.fixture(scope="module")
def away(segment: connector.Component, folder: Path) -> Iterator[Client]:
    """Serve flows whose database does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    yield from client_of(
        segment, FlowStarts(folder, f"postgresql://me:secret@127.0.0.1:{port}/runs", {segment.key: segment})
    )


def client_of(segment: connector.Component, starts: FlowStarts) -> Iterator[Client]:
    callers = [Caller("billing", BILLING, ("main",), flows=None)]
    service = Service(segment, {"main": ServedConnection({"fields": {"apiKey": "t", "region": "api"}})}, callers)
    app = HttpApp(service, check_database=starts.check_database)
    with asgi_server.serve(app.asgi(more_routes=starts.routes(app))) as served:
        yield Client(served, BILLING)
    starts.close()


def test_server_is_not_ready_while_the_database_is_away(away: Client) -> None:
    response = away.get("/readiness")
    expected = {"ok": False, "reason": "the database of the runs cannot be used now"}
    assert (response.status_code, response.json()) == (503, expected)
    assert away.get("/liveness").status_code == 200


def test_server_is_ready_as_soon_as_its_database_can_be_used(
    segment: connector.Component, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "runs.sqlite"
    file.write_text("no database")
    for client in client_of(segment, FlowStarts(folder, f"sqlite:///{file}", {segment.key: segment})):
        assert client.get("/readiness").status_code == 503
        file.unlink()
        assert client.get("/readiness").json() == {"ok": True}


@pytest.mark.parametrize("header", ["X-Deadline", "X-Max-Wait"])
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/v1/runs/some-run", {}),
        ("POST", "/v1/flows/change_sources", {}),
        ("POST", "/v1/flows/change_sources", {"Idempotency-Key": "k"}),
    ],
)
def test_call_can_be_repeated_later_when_the_database_is_away(
    away: Client, method: str, path: str, more: dict[str, str], header: str
) -> None:
    response = away.request(method, path, headers={header: "0", **more})
    error = response.json()["error"]
    assert (response.status_code, response.headers["Retry-After"], error["repeatable"]) == (503, "5", True)
    assert error["message"] == "the database of the runs cannot be used now"
    assert "127.0.0.1" not in response.text


def test_call_waits_for_a_database_that_is_back_soon(
    segment: connector.Component, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    starts = FlowStarts(folder, database, {segment.key: segment})
    puts = fail_first(monkeypatch, starts, 1)
    for client in client_of(segment, starts):
        assert client.get("/v1/runs/some-run").status_code == 404
        assert client.post("/v1/flows/change_sources", json=CHANGES).status_code == 202
    assert (len(puts), len(runs(database))) == (2, 1)


@pytest.mark.parametrize(("headers", "status"), [({"Idempotency-Key": "k"}, 503), ({}, 409)])
def test_only_a_request_with_a_key_is_repeatable_when_the_database_is_lost_meanwhile(
    segment: connector.Component,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    status: int,
) -> None:
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    starts = FlowStarts(folder, database, {segment.key: segment})
    fail_first(monkeypatch, starts, 1)
    for client in client_of(segment, starts):
        lost = client.post("/v1/flows/change_sources", json=CHANGES, headers={"X-Deadline": "0", **headers})
        again = client.post("/v1/flows/change_sources", json=CHANGES, headers=headers)
    assert (lost.status_code, lost.json()["error"]["repeatable"]) == (status, status == 503)
    assert again.status_code == 202
    assert len(runs(database)) == (1 if headers else 2)


def fail_first(monkeypatch: pytest.MonkeyPatch, starts: FlowStarts, times: int) -> list[str]:
    """Let the queue lose its database the first times, and return the IDs that were put."""
    put, ids = starts._queue.put, []

    def failing(run_id: str, *, priority: int) -> None:
        ids.append(run_id)
        if len(ids) <= times:
            raise OperationalError("INSERT", {}, Exception("the server closed the connection"))
        put(run_id, priority=priority)

    monkeypatch.setattr(starts._queue, "put", failing)
    return ids


def write_flow(folder: Path, name: str, steps: str, more: str = "") -> None:
    """Write a flow with steps after its trigger."""
    text = f"""
definitionVersion: 7
name: {name}
flows:
  - name: Only
    isSynchronous: false
    steps:
      - name: Start
        isTrigger: true
        action: {{ key: webhook, component: {{ key: webhook-triggers, version: LATEST, isPublic: true }} }}
        inputs: {{}}
{steps}
{more}
"""
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


LIST = """
      - name: List
        action: { key: listSources, component: { key: segment, version: LATEST, isPublic: true } }
        inputs: {}
"""
REQUEST = """
      - name: Send
        action: { key: rawRequest, component: { key: segment, version: LATEST, isPublic: true } }
        inputs: { method: { type: value, value: GET }, url: { type: value, value: /sources } }
"""
POST = """
      - name: Post
        action: { key: httpPost, component: { key: http, version: LATEST, isPublic: true } }
        inputs: { url: { type: value, value: "https://example.com" } }
"""
NEEDS_CONFIG = """
configPages:
  - name: Page
    elements: [{ type: configVar, value: Team }]
requiredConfigVars:
  - { key: Team, stableKey: team, dataType: string, orgOnly: false }
"""


@pytest.mark.parametrize(
    ("policy", "flow", "refusal"),
    [
        (Policy(read_only=True), "change_sources", ("updateSource", "is a write, and this runner is read-only")),
        (Policy(blocked=["updateSource"]), "change_sources", ("updateSource", "is blocked by the policy")),
        (Policy(["listSources"]), "change_sources", ("updateSource", "is not allowed by the policy")),
        (Policy(read_only=True), "request", ("rawRequest", "could be a write, and this runner is read-only")),
        (Policy(read_only=True), "post", ("httpPost", "is a write, and this runner is read-only")),
        (Policy(blocked=["deleteUsers"]), "request", ("rawRequest", "could perform blocked actions")),
        (Policy(["rawRequest"]), "request", None),
        (Policy(read_only=True, toolset=["labels"]), "list", None),
    ],
)
def test_policy_of_a_caller_holds_for_the_flows_that_it_starts(
    segment: connector.Component, tmp_path: Path, policy: Policy, flow: str, refusal: tuple[str, str] | None
) -> None:
    shutil.copy(EXAMPLES / "change_sources.yaml", tmp_path)
    write_flow(tmp_path, "list", LIST)
    write_flow(tmp_path, "request", REQUEST)
    write_flow(tmp_path, "post", POST)
    caller = Caller("default", ADMIN, ("main",), policy, None)
    service = Service(segment, {"main": ServedConnection({"fields": {"apiKey": "t", "region": "api"}})}, [caller])
    database = f"sqlite:///{tmp_path}/runs.sqlite"
    starts = FlowStarts(tmp_path, database, {segment.key: segment})
    app = HttpApp(service)
    with asgi_server.serve(app.asgi(more_routes=starts.routes(app))) as served:
        response = Client(served, ADMIN).post(f"/v1/flows/{flow}")
    starts.close()
    assert (flow in starts.names_for(caller)) == (refusal is None)
    if refusal is None:
        assert response.status_code == 202
    else:
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["action"]) == (403, "PolicyError", refusal[0])
        assert refusal[1] in error["message"]
        assert runs(database) == []


def test_flow_that_cannot_run_is_left_out(tmp_path: Path, database: str, segment: connector.Component) -> None:
    write_flow(tmp_path, "broken", LIST.replace("listSources", "listSourses"))
    write_flow(tmp_path, "config", LIST.replace("{}", '{ count: { type: configVar, value: "Team" } }'), NEEDS_CONFIG)
    (tmp_path / "text.yaml").write_text("no: flow", encoding="utf-8")
    with pytest.raises(UsageError, match="has no flow that can be started") as raised:
        FlowStarts(tmp_path, database, {segment.key: segment})
    assert [problem.location for problem in raised.value.problems] == ["broken", "config", "text"]
    write_flow(tmp_path, "list", LIST)
    starts = FlowStarts(tmp_path, database, {segment.key: segment})
    assert list(starts.flows) == ["list"]
    assert "listSourses" in starts.left_out["broken"]
    assert starts.left_out["config"] == 'config variable "Team" has no value'
    callers = [Caller("one", ADMIN, ("main",), flows=("list", "broken", "none")), Caller("all", ADMIN, (), flows=None)]
    assert [problem.location for problem in starts.problems_of(callers)] == ["callers.one"] * 2
    assert 'unknown flow "none"' in str(starts.problems_of(callers)[1])


def test_folder_without_flows_is_rejected(tmp_path: Path, database: str, segment: connector.Component) -> None:
    with pytest.raises(UsageError, match="has no flow"):
        FlowStarts(tmp_path, database, {segment.key: segment})
