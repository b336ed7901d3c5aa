"""`connector serve` and `connector mcp` as programs."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
import requests

import connector
from connector.cli import main
from connector.component.policy import Policy
from connector.sandbox_kit import asgi_server
from connector.testing import sandbox
from tests.engines.conftest import eventually
from tests.support.commands import access, started
from tests.support.server import LoopbackServer, ServerResponse

ROOT = Path(__file__).parents[2]
SOURCE = {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"}


def test_first_start_needs_no_file_and_its_curl_line_works(tmp_path: Path) -> None:
    with started("serve", "--sandbox", "--port", "0", tmp_path=tmp_path) as process:
        printed = access(process)
        line = f"curl --silent {printed['curl']}"
        result = subprocess.run(line, shell=True, capture_output=True, text=True, check=True, timeout=30)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        log = process.stderr.read()

    assert "data" in json.loads(result.stdout)
    assert "caller=default connection=main action=" in log
    assert printed["key"] not in log
    assert set(printed) >= {"url", "key", "openapi", "typeahead"}


def test_key_comes_from_the_environment_and_the_document_is_served(tmp_path: Path) -> None:
    with started(
        "serve", "--sandbox", "--port", "0", "--read-only", tmp_path=tmp_path, CONNECTOR_SERVE_KEY="chosen"
    ) as process:
        printed = access(process)
        document = requests.get(f"{printed['url']}/openapi.json", headers={"X-Api-Key": "chosen"}, timeout=10).json()

    assert "chosen" not in str(printed)
    assert printed["key"] == "$CONNECTOR_SERVE_KEY"
    assert '"X-Api-Key: $CONNECTOR_SERVE_KEY"' in printed["curl"]
    assert document["openapi"] == "3.1.0"
    assert "/v1/actions/createSource" not in document["paths"]


def test_other_host_names_are_rejected_on_loopback(tmp_path: Path) -> None:
    with started("serve", "--sandbox", "--port", "0", tmp_path=tmp_path) as process:
        url = access(process)["url"]
        response = requests.get(f"{url}/liveness", headers={"Host": "evil.example"}, timeout=10)
        local = requests.get(f"{url}/liveness", headers={"Host": "LocalHost:4711"}, timeout=10)

    error = response.json()["error"]
    assert (response.status_code, error["type"], local.status_code) == (400, "UsageError", 200)
    assert error["message"] == "the header Host does not name this server"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_mcp_over_standard_streams_reads_but_does_not_write(mode: str, tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONNECTOR_STATE_HOME": str(tmp_path)}
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "connector", "mcp", "--sandbox"], env=environment
    )

    async def run() -> tuple[set[str], Any]:
        async with Client(stdio_client(parameters), mode=mode) as session:
            tools = await session.list_tools()
            result = await session.call_tool("listSources", {"count": 1})
            return {tool.name for tool in tools.tools}, result

    names, result = anyio.run(run)

    assert "listSources" in names
    assert not names & {"createSource", "deleteSource", "rawRequest"}
    assert not result.is_error


def test_mcp_over_http_offers_the_named_tools(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp import Client

    arguments = ("mcp", "--sandbox", "--http", "--port", "0", "--write", "--tool", "createSource")
    with started(*arguments, tmp_path=tmp_path) as process:
        assert process.stdout
        url = process.stdout.readline().split()[1]

        async def run(mode: str) -> set[str]:
            async with Client(url, mode=mode) as session:
                return {tool.name for tool in (await session.list_tools()).tools}

        for mode in ("auto", "legacy"):
            assert anyio.run(run, mode) == {"createSource", "choices"}


def test_profile_less_start_without_credentials_names_both_ways(tmp_path: Path) -> None:
    with started("serve", "--port", "0", tmp_path=tmp_path) as process:
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 3
    assert "--sandbox" in errors or "SEGMENT_API_KEY" in errors


def test_write_that_outlasts_the_grace_has_an_unknown_outcome(tmp_path: Path, server: LoopbackServer) -> None:
    server.answer(ServerResponse({"data": {}}, hang=20))
    variables = {"SEGMENT_API_KEY": "t", "SEGMENT_BASE_URL": server.url, "CONNECTOR_SERVE_KEY": "k"}
    with started("serve", "--port", "0", "--grace", "0.1", tmp_path=tmp_path, **variables) as process:
        url = access(process)["url"]

        def stop() -> None:
            eventually(lambda: server.requests)
            process.send_signal(signal.SIGTERM)

        thread = threading.Thread(target=stop)
        thread.start()
        response = requests.post(f"{url}/v1/actions/createSource", json=SOURCE, headers={"X-Api-Key": "k"}, timeout=30)
        thread.join()

    assert (response.status_code, response.json()["error"]["type"]) == (409, "OutcomeUnknownError")


def test_child_prints_its_url_and_ends_with_its_parent(tmp_path: Path) -> None:
    with started("serve", "--child", "--sandbox", "--port", "0", tmp_path=tmp_path) as process:
        assert process.stdout
        assert process.stdin
        url = json.loads(process.stdout.readline())["url"]
        assert requests.get(f"{url}/liveness", timeout=10).json() == {"ok": True}

        process.stdin.close()

        assert process.wait(20) == -signal.SIGTERM or process.returncode == 128 + signal.SIGTERM


def test_served_workspace_is_the_one_of_the_connection(tmp_path: Path) -> None:
    with sandbox() as workspace:
        fields = workspace.connection["fields"]
        variables = {
            "SEGMENT_API_KEY": fields["apiKey"],
            "SEGMENT_BASE_URL": fields["baseUrl"],
            "CONNECTOR_SERVE_KEY": "k",
        }
        with started("serve", "--port", "0", tmp_path=tmp_path, **variables) as process:
            url = access(process)["url"]
            requests.post(f"{url}/v1/actions/createSource", json=SOURCE, headers={"X-Api-Key": "k"}, timeout=30)

        assert "checkout" in [source["slug"] for source in workspace.sources]


CALLERS = """
[profiles.main.fields]
apiKey = "env:WORKSPACE_TOKEN"
baseUrl = "{url}"

[callers.billing]
key = "file:billing.key"
profiles = ["main"]
read_only = true

[callers.admin]
key = "key-of-the-admin-1"
"""


def write_callers(tmp_path: Path, url: str) -> Path:
    """Write a file of callers and the key that it refers to."""
    (tmp_path / "billing.key").write_text("key-of-billing-01\n", encoding="utf-8")
    file = tmp_path / "server.toml"
    file.write_text(CALLERS.format(url=url), encoding="utf-8")
    return file


def test_callers_of_a_file_have_their_keys_and_policies(tmp_path: Path) -> None:
    with sandbox() as workspace:
        fields = workspace.connection["fields"]
        file = write_callers(tmp_path, fields["baseUrl"])
        variables = {"WORKSPACE_TOKEN": fields["apiKey"]}
        with started("serve", "--profiles", str(file), "--port", "0", tmp_path=tmp_path, **variables) as process:
            printed = access(process)
            url = printed["url"]
            statuses = {
                key: requests.post(
                    f"{url}/v1/actions/createSource", json=SOURCE, headers={"X-Api-Key": key}, timeout=30
                ).status_code
                for key in ("key-of-billing-01", "key-of-the-admin-1", "wrong")
            }
            (tmp_path / "billing.key").write_text("new-key-of-billing", encoding="utf-8")
            process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 20
            while (
                requests.get(f"{url}/v1/actions", headers={"X-Api-Key": "new-key-of-billing"}, timeout=10).status_code
                == 401
            ):
                assert time.monotonic() < until
            old = requests.get(f"{url}/v1/actions", headers={"X-Api-Key": "key-of-billing-01"}, timeout=10)

    assert statuses == {"key-of-billing-01": 403, "key-of-the-admin-1": 200, "wrong": 401}
    assert old.status_code == 401
    assert printed["callers"] == "billing, admin"
    assert "key-of" not in str(printed)


def test_read_only_holds_for_the_callers_of_a_file(tmp_path: Path) -> None:
    file = write_callers(tmp_path, "https://example.com")
    arguments = ["serve", "--profiles", str(file), "--read-only", "--port", "0"]
    with started(*arguments, tmp_path=tmp_path, WORKSPACE_TOKEN="t") as process:
        url = access(process)["url"]
        headers = {"X-Api-Key": "key-of-the-admin-1"}
        response = requests.post(f"{url}/v1/actions/createSource", json=SOURCE, headers=headers, timeout=30)

    assert response.status_code == 403


def test_check_of_a_file_says_who_may_use_what(tmp_path: Path) -> None:
    file = write_callers(tmp_path, "https://example.com")

    with started("serve", "check", str(file), tmp_path=tmp_path, WORKSPACE_TOKEN="t") as process:
        output, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (0, "")
    actions = connector.load_component().actions.values()
    reads = sum(Policy(read_only=True).permits(action) for action in actions)
    assert output.splitlines() == [f"billing: main ({reads} actions)", f"admin: main ({len(actions)} actions)"]


def test_check_of_a_file_names_the_flows_of_its_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKSPACE_TOKEN", "t")
    file = write_callers(tmp_path, "https://example.com")
    text = file.read_text(encoding="utf-8") + 'flows = ["change_sources"]\n'
    file.write_text(text, encoding="utf-8")
    flows = ["--flows", str(ROOT / "examples" / "flows")]
    for arguments in ([], flows):
        assert main(["serve", "check", str(file), *arguments]) == 0
        billing, admin = capsys.readouterr().out.splitlines()
        assert billing.endswith(" actions)")
        assert admin.endswith(" actions; flows change_sources)")

    rules = 'read_only = true\nflows = ["change_sources", "nosuchflow"]'
    file.write_text(text.replace("read_only = true", rules), encoding="utf-8")
    assert main(["serve", "check", str(file), *flows]) == 3
    errors = capsys.readouterr().err
    assert 'callers.billing: flows: unknown flow "nosuchflow"' in errors
    assert 'flow "change_sources" is not permitted: updateSource is a write' in errors
    assert "hint: Remove the flow from the flows of the caller, or change its read_only, allow, or block." in errors
    assert "hint: Available flows: " in errors
    assert "callers.admin" not in errors


def test_server_with_flows_is_ready_once_their_database_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = []

    def run(app: asgi_server.App, **_options: Any) -> None:
        with asgi_server.serve(app) as url:
            statuses.append(requests.get(f"{url}/readiness", timeout=30).status_code)

    monkeypatch.setattr(asgi_server, "run", run)
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))
    for name in ("connector.access", "connector.engines"):
        caplog.set_level(logging.INFO, name)  # the command sets it too, and this sets it back
    file = tmp_path / "runs.sqlite"
    file.write_text("no database", encoding="utf-8")
    flows = ["--flows", str(ROOT / "examples" / "flows"), "--database", f"sqlite:///{file}"]
    for arguments in ([], flows):
        assert main(["serve", "--sandbox", *arguments]) == 0
    assert statuses == [200, 503]


def test_server_with_flows_needs_the_verified_certificate_of_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asgi_server, "run", lambda *_arguments, **_options: None)
    monkeypatch.setenv("WORKSPACE_TOKEN", "t")
    monkeypatch.setenv("CONNECTOR_DATABASE", "postgresql://me:p4ss@db.example/runs")
    file = write_callers(tmp_path, "https://example.com")
    for arguments in (["--profiles", str(file)], ["check", str(file)]):
        assert main(["serve", *arguments, "--flows", str(ROOT / "examples" / "flows")]) == 2
        printed = capsys.readouterr()
        assert (printed.out, "p4ss" in printed.err) == ("", False)
        assert 'error: database on "db.example" is used without a verified certificate\n' in printed.err
        assert "hint: Add ?sslmode=verify-full to the URL: " in printed.err


def test_check_lists_every_problem_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(
        '[profiles.a.fields]\napiKey = "env:NOT_SET"\n'
        '[callers.x]\nkey = "short"\n'
        '[callers.y]\nkey = "long-enough-for-a-key"\nprofiles = ["nope"]\nallow = ["nope"]\ncolor = 1\n',
        encoding="utf-8",
    )

    with started("serve", "check", str(file), tmp_path=tmp_path) as process:
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 3
    for text in ("NOT_SET", "at least 16 characters", 'profile "nope"', 'action "nope"', 'setting "color"'):
        assert text in errors
