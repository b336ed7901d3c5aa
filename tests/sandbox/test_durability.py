"""The file: two processes may write at once, and only its owner may read it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sandbox
from connector.sandbox_kit import SandboxApp, SandboxError
from connector.sandbox_kit.asgi_server import serve
from tests.sandbox import support
from tests.sandbox.support import Api

ROOT = Path(__file__).parents[2]
SERVER = """
import sys, sandbox
from connector.sandbox_kit import SandboxApp
from connector.sandbox_kit.asgi_server import run
with sandbox.open_workspace(sys.argv[1]) as workspace:
    run(SandboxApp([workspace]), ready=lambda url: print(url, workspace.token, flush=True))
"""
READER = "import sys, json, sandbox; print(json.dumps(sandbox.open_workspace(sys.argv[1]).dump()))"


@contextmanager
def served(path: Path) -> Iterator[tuple[subprocess.Popen[str], Api]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        url, token = process.stdout.readline().split()
        api = Api(url, token)
        try:
            yield process, api
        finally:
            api.close()
            process.kill()


def test_two_processes_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with served(path) as (_, first), served(path) as (_, second):
        created: list[str] = []

        def write(api: Api, name: str) -> None:
            created.extend(api.source(f"{name}{number}")["id"] for number in range(60))

        threads = [threading.Thread(target=write, args=each) for each in ((first, "a"), (second, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(created) == 120
        for api in (first, second):
            listed = api.data("GET", "/sources?pagination.count=1000")
            assert {source["id"] for source in listed["sources"]} >= set(created)
            assert listed["pagination"]["totalEntries"] == 125


def test_two_processes_on_one_file_agree_that_a_slug_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    body = {"slug": "mine", "enabled": True, "metadataId": support.JAVASCRIPT}
    with sandbox.open_workspace(path) as workspace, serve(SandboxApp([workspace])) as url, served(path) as (_, other):
        assert Api(url, workspace.token)("POST", "/sources", body).status_code == 201
        assert other.fields("POST", "/sources", body) == ["slug"]


def test_processes_that_open_a_new_file_together_make_one_workspace(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    command = [sys.executable, "-c", READER, str(path)]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    dumps = [json.loads(process.communicate(timeout=60)[0]) for process in started]
    assert all(each == dumps[0] for each in dumps)
    assert len(dumps[0]["sources"]) == 5


def test_write_to_a_locked_file_is_a_temporary_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.sandbox_kit.store.BUSY_SECONDS", 0.1)
    path = tmp_path / "w.sqlite"
    with sandbox.open_workspace(path) as workspace, serve(SandboxApp([workspace])) as url:
        api = Api(url, workspace.token)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            response = api("POST", "/sources", {"slug": "x", "enabled": True, "metadataId": support.JAVASCRIPT})
            assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
            assert "is locked by another process" in response.json()["errors"][0]["message"]
            assert api("GET", "/sources").status_code == 200, "reading goes on"
            assert api("POST", "/_sandbox/reset").status_code == 503
        assert api.source("x")["slug"] == "x"
        api.close()


def test_write_that_waits_for_another_process_does_not_hold_up_other_requests(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sandbox.open_workspace(path) as workspace, serve(SandboxApp([workspace])) as url:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            slugs: list[str] = []
            writer = Api(url, workspace.token)
            thread = threading.Thread(target=lambda: slugs.append(writer.source("waited")["slug"]))
            thread.start()
            reader = Api(url, workspace.token)
            assert [reader("GET", "/sources").status_code for _ in range(20)] == [200] * 20
            assert slugs == []
        thread.join(20)
        assert slugs == ["waited"]
        reader.close()
        writer.close()


def test_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sandbox.open_workspace(path) as workspace:
        workspace.reset()
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"w.sqlite": 0o600, "w.sqlite-shm": 0o600, "w.sqlite-wal": 0o600}


def test_tokens_stay_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sandbox.open_workspace(path) as workspace:
        tokens = workspace.token, workspace.restricted_token
    with sandbox.open_workspace(path) as workspace:
        assert (workspace.token, workspace.restricted_token) == tokens
    with sandbox.open_workspace(path, token="chosen") as workspace:
        assert workspace.token == "chosen"


def test_page_after_a_deletion_by_another_process_is_right(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with sandbox.open_workspace(path) as workspace, serve(SandboxApp([workspace])) as url, served(path) as (_, other):
        ids = [source["id"] for source in workspace.sources]
        api = Api(url, workspace.token)
        api.data("GET", "/sources?pagination.count=2")
        other.data("DELETE", f"/sources/{ids[0]}")
        page = api.data("GET", "/sources?pagination.count=2&pagination.cursor=Mg==")
        assert [source["id"] for source in page["sources"]] == ids[3:5]


def test_file_that_is_not_a_sandbox_is_rejected_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes." * 100, encoding="utf-8")
    with pytest.raises(SandboxError, match=r"notes\.txt\" is not a sandbox file"):
        sandbox.open_workspace(path)
    assert path.read_text("utf-8").startswith("These are my notes.")


def test_foreign_database_is_rejected_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (name TEXT)")
    other.close()
    with pytest.raises(SandboxError, match=r"other.sqlite\" is not a sandbox file of this version") as raised:
        sandbox.open_workspace(path)
    assert raised.value.hint == "Choose another file."


def test_older_sandbox_file_may_be_deleted(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE things (name TEXT)")
        old.execute("PRAGMA user_version = 1")
    old.close()
    with pytest.raises(SandboxError) as raised:
        sandbox.open_workspace(path)
    assert raised.value.hint == f"Delete {path} to begin anew, or choose another file."


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="nowhere"):
        sandbox.open_workspace(tmp_path / "nowhere" / "w.sqlite")
