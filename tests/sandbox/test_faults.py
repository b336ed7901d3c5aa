"""Faults: what each makes of a request, and that a run repeats."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
import requests

import sandbox
from connector.sandbox_kit import SandboxApp, SandboxError, Workspace, parse_fault
from tests.sandbox import support
from tests.sandbox.support import Api

BODY = {"slug": "made", "enabled": True, "metadataId": support.JAVASCRIPT}


def made(workspace: Workspace) -> bool:
    return "made" in [source["slug"] for source in workspace.sources]


def test_rate_limit_accepts_n_requests_and_returns_retry_after(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("rate-limit:2/min")
    first, second, third = (api("GET", "/") for _ in range(3))
    assert [each.status_code for each in (first, second, third)] == [200, 200, 429]
    [error] = third.json()["errors"]
    assert (error["type"], error["message"]) == ("RequestError", "Too many requests")
    assert (error["data"]["remainingPoints"], error["data"]["consumedPoints"]) == (0, 3)
    assert 59_000 < error["data"]["msBeforeNext"] <= 60_000
    assert third.headers["Retry-After"] == "60"
    assert third.headers["X-RateLimit-Remaining"] == "0"


def test_rate_limit_may_come_without_retry_after(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("rate-limit:0/min:no-retry-after")
    response = api("GET", "/")
    assert (response.status_code, "Retry-After" in response.headers) == (429, False)


def test_limited_write_has_no_effect(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("rate-limit:0/min")
    assert api("POST", "/sources", BODY).status_code == 429
    assert not made(workspace)


def test_fault_ends_with_its_window(api: Api, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("connector.sandbox_kit.faults.time", SimpleNamespace(monotonic=lambda: now[0]))
    workspace.add_fault("rate-limit:1/s")
    assert [api("GET", "/").status_code for _ in range(2)] == [200, 429]
    now[0] += 1.05
    assert api("GET", "/").status_code == 200


def test_published_limits_hold_for_their_operation_alone(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("published-limits")
    path = f"/destinations/{support.SUBSCRIBED}/subscriptions/{support.SUBSCRIPTION}"
    statuses = [api("PATCH", path, {"input": {}}).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert api("GET", path).status_code == 200


def test_latency_delays_the_response(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("latency:80ms±10")
    started = time.monotonic()
    assert api("GET", "/").status_code == 200
    assert time.monotonic() - started > 0.07


@pytest.mark.parametrize(("moment", "effect"), [("before", False), ("after", True)])
def test_error_comes_before_or_after_the_effect(api: Api, workspace: Workspace, moment: str, effect: bool) -> None:
    workspace.add_fault(f"error:502:1:{moment}")
    assert api("POST", "/sources", BODY).status_code == 502
    assert made(workspace) is effect


@pytest.mark.parametrize(("moment", "effect"), [("before", False), ("after", True)])
def test_drop_cuts_the_connection_before_or_after_the_effect(
    api: Api, workspace: Workspace, moment: str, effect: bool
) -> None:
    workspace.add_fault(f"drop:1:{moment}")
    with pytest.raises(requests.ConnectionError, match="without response"):
        api("POST", "/sources", BODY)
    assert made(workspace) is effect
    assert (workspace.requests[-1].status, workspace.requests[-1].fault) == (None, f"drop:1:{moment}")


def test_truncate_cuts_the_body_of_a_response(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api("GET", "/sources")


def test_request_after_a_dropped_connection_succeeds(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("drop:1")
    with pytest.raises(requests.ConnectionError):
        api("GET", "/")
    workspace.clear_faults()
    assert api("GET", "/").status_code == 200


def test_chances_are_met_and_a_run_repeats(url: str, site: SandboxApp) -> None:
    def run(fault: str) -> list[int]:
        with sandbox.open_workspace(faults=[fault]) as workspace:
            site.add(workspace)
            api = Api(url, workspace.token)
            statuses = [api("GET", "/").status_code for _ in range(60)]
            site.remove(workspace)
            return statuses

    first = run("error:503:0.3")
    assert first == run("error:503:0.3")
    assert first != run("error:503:0.3@2")
    assert 6 <= first.count(503) <= 30


def test_either_moment_is_met_in_a_run(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("drop:1")
    for number in range(20):
        with pytest.raises(requests.ConnectionError):
            api("POST", "/sources", BODY | {"slug": f"s{number}"})
    assert 5 < len(workspace.sources) < 25


def test_faults_are_not_played_on_control(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("error:503")
    assert api("GET", "/_sandbox/faults").json() == {"faults": ["error:503"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "flood",
        *("rate-limit", "rate-limit:x/min", "rate-limit:5/week", "rate-limit:-1/s", "rate-limit:5/min:x"),
        *("latency", "latency:5", "latency:ms", "latency:3601s", "latency:1s±3600", f"latency:{'9' * 400}s"),
        *("error", "error:304", "error:600", "error:503:2", "error:503:x", "error:503:0.1:x#0"),
        *("drop:-1", "drop:0.1:0.2"),
        *("truncate:after", "published-limits:1"),
    ],
)
def test_invalid_fault_is_rejected_with_the_valid_forms(text: str) -> None:
    with pytest.raises(SandboxError, match=r"invalid fault .*\nhint: Valid forms.*\n  rate-limit:5/min"):
        parse_fault(text)


def test_fault_can_be_aimed_at_one_call_of_one_operation(api: Api, workspace: Workspace) -> None:
    workspace.add_fault("error:409:createSource#2")
    assert api("GET", "/sources").status_code == 200
    slugs = [f"s{number}" for number in range(3)]
    assert [api("POST", "/sources", BODY | {"slug": slug}).status_code for slug in slugs] == [201, 409, 201]
    assert [source["slug"] for source in workspace.sources][-2:] == ["s0", "s2"]


def test_fault_aimed_at_an_unknown_operation_is_rejected(workspace: Workspace) -> None:
    with pytest.raises(SandboxError, match='unknown operation "createPlanet"'):
        workspace.add_fault("drop:createPlanet")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rate-limit:5/min", {"limit": 5, "window": 60.0, "retry_after": True}),
        ("rate-limit:9/hour:no-retry-after", {"limit": 9, "window": 3600.0, "retry_after": False}),
        ("latency:200ms±50", {"delay": 0.2, "spread": 0.05}),
        ("latency:1s+-0.5s", {"delay": 1.0, "spread": 0.5}),
        ("error:503:0.1", {"status": 503, "chance": 0.1, "moment": "before"}),
        ("drop:0.05", {"chance": 0.05, "moment": "either"}),
        ("drop", {"chance": 1.0, "moment": "either"}),
        ("truncate:0.5@7", {"chance": 0.5}),
        ("error:404:0.5:after:getSource#3", {"status": 404, "moment": "after", "operation": "getSource", "call": 3}),
        ("rate-limit:1/s:no-retry-after:listUsers", {"retry_after": False, "operation": "listUsers", "call": 0}),
    ],
)
def test_fault_is_read(text: str, values: dict[str, object]) -> None:
    fault = parse_fault(text)
    assert {name: getattr(fault, name) for name in values} == values
