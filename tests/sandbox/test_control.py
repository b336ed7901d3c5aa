"""Control of a running sandbox over HTTP."""

from __future__ import annotations

import json

import pytest

import sandbox
from connector.sandbox_kit import Workspace
from tests.sandbox import support
from tests.sandbox.support import Api

PATHS = [
    ("GET", "assumptions"), ("PUT", "assumptions/cursors"), ("GET", "faults"), ("POST", "faults"),
    ("DELETE", "faults"), ("GET", "requests"), ("DELETE", "requests"), ("POST", "accept-invite"),
    ("POST", "reset"), ("GET", "dump"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "name"), PATHS)
def test_control_needs_the_token_that_may_do_everything(
    restricted: Api, url: str, workspace: Workspace, method: str, name: str
) -> None:
    before = workspace.dump()
    for api in (restricted, Api(url, "wrong")):
        assert api(method, f"/_sandbox/{name}", {"value": "stable", "fault": "drop", "email": "e"}).status_code == 401
    assert (workspace.dump(), workspace.faults) == (before, [])


def test_faults_are_switched_while_it_runs(api: Api) -> None:
    assert api("POST", "/_sandbox/faults", {"fault": "error:503"}).json() == {"faults": ["error:503"]}
    assert api("GET", "/").status_code == 503
    assert api("DELETE", "/_sandbox/faults").json() == {"faults": []}
    assert api("GET", "/").status_code == 200


def test_invalid_fault_is_rejected(api: Api) -> None:
    response = api("POST", "/_sandbox/faults", {"fault": "flood"})
    assert response.status_code == 422
    assert 'invalid fault "flood"' in response.json()["errors"][0]["message"]


def test_assumptions_are_listed_and_switched(api: Api) -> None:
    assert api("PUT", "/_sandbox/assumptions/slug-taken", {"value": "409"}).status_code == 200
    listed = {each["name"]: each for each in api("GET", "/_sandbox/assumptions").json()["assumptions"]}
    assert list(listed) == list(sandbox.api.assumptions)
    assert (listed["slug-taken"]["value"], listed["slug-taken"]["choices"]) == (
        "409",
        ["422", "409", "allow"],
    )
    body = {"slug": "ios", "enabled": True, "metadataId": support.JAVASCRIPT}
    assert api("POST", "/sources", body).status_code == 409


@pytest.mark.parametrize("name", ["nothing", "slug-taken"])
def test_invalid_assumption_is_rejected(api: Api, name: str) -> None:
    assert api("PUT", f"/_sandbox/assumptions/{name}", {"value": "maybe"}).status_code == 422


@pytest.mark.parametrize("body", [[], "drop", {"fault": 1}, {}, None])
def test_body_without_the_expected_string_is_400(api: Api, workspace: Workspace, body: object) -> None:
    assert api("POST", "/_sandbox/faults", body).status_code == 400
    assert workspace.faults == []


def test_requests_are_listed_and_cleared_without_those_of_the_control_api(api: Api) -> None:
    api("GET", "/sources?a=1")
    expected = {
        "method": "GET", "path": "/sources", "query": {"a": ["1"]}, "body": None, "status": 200, "fault": None
    }  # fmt: skip
    assert api("GET", "/_sandbox/requests").json() == {"requests": [expected]}
    assert api("DELETE", "/_sandbox/requests").json() == {"requests": []}


def test_invitation_is_accepted(api: Api) -> None:
    api("POST", "/invites", {"invites": [{"email": "new@example.com"}]})
    user = api("POST", "/_sandbox/accept-invite", {"email": "new@example.com"}).json()["user"]
    assert api.data("GET", f"/users/{user['id']}")["user"]["email"] == "new@example.com"
    assert api("POST", "/_sandbox/accept-invite", {"email": "new@example.com"}).status_code == 422


def test_workspace_is_dumped_and_reset(api: Api, workspace: Workspace) -> None:
    before = json.loads(api("GET", "/_sandbox/dump").content)
    assert before == workspace.dump()
    api.source("extra")
    assert api("POST", "/_sandbox/reset").json() == {"status": "SUCCESS"}
    assert workspace.dump() == before
