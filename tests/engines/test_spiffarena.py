"""SpiffArena's connector proxy protocol, request by request."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.engines.conftest import ADMIN, READER, TENANT, Backend, Server, eventually

SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}
HEADER = "Spiff-Connector-Proxy-Api-Key"


def do(served: Server, action: str, inputs: dict[str, Any], key: str = TENANT) -> dict[str, Any]:
    """Send a service task as SpiffArena's backend does."""
    task = {"spiff__task_id": "t", "spiff__task_data": {"password": "hunter2"}, "spiff__process_instance_id": 7}
    response = requests.post(
        f"{served.url}/v1/do/segment/{action}", json={**inputs, **task}, headers={HEADER: key}, timeout=30
    )
    assert response.status_code in (200, 202, 401)
    content: dict[str, Any] = response.json()
    return content


def test_commands_have_typed_parameters(served: Server) -> None:
    commands = requests.get(f"{served.url}/v1/commands", headers={HEADER: TENANT}, timeout=10).json()

    create = next(command for command in commands if command["id"] == "segment/createSource")
    assert {"id": "slug", "type": "str", "required": True} in create["parameters"]
    assert {"id": "enabled", "type": "bool", "required": True} in create["parameters"]
    assert {"id": "settings", "type": "any", "required": False} in create["parameters"]
    assert "segment/deleteSource" not in [command["id"] for command in commands], "the connection blocks it"


def test_caller_with_several_connections_gets_a_parameter_for_them(served: Server) -> None:
    commands = requests.get(f"{served.url}/v1/commands", headers={HEADER: ADMIN}, timeout=10).json()

    assert commands[0]["parameters"][0] == {"id": "connection", "type": "str", "required": True}
    content = do(served, "listSources", {"connection": "main"}, key=ADMIN)
    assert content["command_response"]["http_status"] == 200


def test_no_logins_are_offered(served: Server) -> None:
    assert requests.get(f"{served.url}/v1/auths", headers={HEADER: TENANT}, timeout=10).json() == []


def test_service_task_gets_the_payload(served: Server) -> None:
    content = do(served, "createSource", SOURCE)

    assert content["error"] is None
    assert content["command_response_version"] == 2
    assert content["command_response"]["body"]["data"]["data"]["source"]["slug"] == "checkout"


def test_error_has_the_class_as_code_and_the_status(served: Server) -> None:
    content = do(served, "getSource", {"sourceId": "nope"})

    assert content["error"]["error_code"] == "NotFoundError"
    assert content["command_response"]["http_status"] == 404
    assert content["command_response"]["body"]["error"]["type"] == "NotFoundError"


def test_wrong_key_is_an_error_of_the_task(served: Server) -> None:
    content = do(served, "listSources", {}, key="wrong")

    assert content["error"]["error_code"] == "CallerKeyError"


def test_data_of_the_task_is_never_logged(served: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        do(served, "listSources", {})

    assert "hunter2" not in caplog.text


def test_typeahead_needs_the_secret_path_and_searches(served: Server) -> None:
    caller = served.app.service.callers[1]
    path = f"{served.arena.typeahead_path(caller)}/v1/typeahead/sources"

    choices = requests.get(f"{served.url}{path}?prefix=web&limit=1", timeout=10).json()

    assert [choice["label"] for choice in choices] == ["web"]
    assert requests.get(f"{served.url}/k/wrong/v1/typeahead/sources", timeout=10).status_code == 404
    assert READER not in path


def test_typeahead_returns_the_choice_that_was_picked_before(served: Server) -> None:
    path = f"{served.arena.typeahead_path(served.app.service.callers[1])}/v1/typeahead/sources"
    picked = {"label": "gone", "key": "x"}

    response = requests.get(served.url + path, params={"prefix": json.dumps(picked), "limit": "10"}, timeout=10)

    assert response.json() == [picked]


def test_long_call_is_accepted_and_reported_to_the_callback(
    slow_served: Server, backend: Backend, tmp_path: Path
) -> None:
    content = do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": f"{backend.url}/tasks/7/t/callback"})

    assert content["command_response"]["http_status"] == 202
    eventually(lambda: backend.received)
    path, authorization, reported = backend.received[0]
    assert (path, authorization) == ("/api/v1.0/tasks/7/t/callback", "Bearer cb")
    # The same expression of the author works as for a direct response, which is stored as a whole.
    assert reported["command_response"]["body"]["body"]["data"]["data"]["source"]["slug"] == "checkout"
    eventually(lambda: not list((tmp_path / "callbacks").glob("*.json")))


def test_accepted_call_still_waits_for_a_rate_limit(slow_served: Server, backend: Backend) -> None:
    slow_served.workspace.add_fault("rate-limit:1/s")

    for _ in range(2):
        do(slow_served, "listSources", {"spiff__callback_url": f"{backend.url}/tasks/7/t/callback"})

    eventually(lambda: len(backend.received) == 2)
    assert [content["command_response"]["http_status"] for _, _, content in backend.received] == [200, 200]


def test_result_stays_on_disk_until_the_callback_is_accepted(
    slow_served: Server, backend: Backend, tmp_path: Path
) -> None:
    backend.statuses = [503, 200]

    do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": f"{backend.url}/tasks/7/t/callback"})

    eventually(lambda: len(backend.received) == 1)
    (stored,) = (tmp_path / "callbacks").glob("*.json")
    assert stored.stat().st_mode & 0o077 == 0
    eventually(lambda: len(backend.received) == 2)
    eventually(lambda: not stored.exists())


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://evil.example/api/v1.0/x",
        "{base}/../admin",
        "{base}x/tasks",
        "https://[x",
        7,
    ],
    ids=["metadata service", "other host", "parent folder", "other path", "not a URL", "not a string"],
)
def test_callback_goes_only_to_the_configured_backend(slow_served: Server, backend: Backend, url: Any) -> None:
    target = url.replace("{base}", backend.url) if isinstance(url, str) else url

    content = do(slow_served, "createSource", {**SOURCE, "spiff__callback_url": target})

    assert content["command_response"]["http_status"] == 200, "without a callback the response waits for the result"
    assert backend.received == []
