"""The Python interface of a workspace."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import sandbox
from connector.sandbox_kit import SandboxApp, SandboxError, Workspace
from tests.sandbox import support
from tests.sandbox.support import Api

ROOT = Path(__file__).parents[2]
CHECK = "import sys, sandbox; print(sorted({'uvicorn', 'starlette'} & set(sys.modules)))"


def test_importing_it_imports_no_server() -> None:
    ended = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_opening_a_workspace_imports_no_server() -> None:
    code = CHECK.replace("; print", "; sandbox.open_workspace(); print")
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_sandbox_works_under_another_package_name() -> None:
    code = (
        "import importlib, sys, types; package = types.ModuleType('_private'); package.__path__ = ['.'];"
        "sys.modules['_private'] = package; sandbox = importlib.import_module('_private.sandbox');"
        "workspace = sandbox.open_workspace();"
        "sandbox.api.generate(sources=1, destinations=1);"
        "print(len(workspace.sources), 'sandbox' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["5", "False"]


def test_state_is_read_while_requests_write(api: Api, workspace: Workspace) -> None:
    counts: list[int] = []

    def watch() -> None:
        for _ in range(200):
            counts.append(len(workspace.sources))
            time.sleep(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    for number in range(40):
        api.source(f"s{number}")
    thread.join()
    assert counts == sorted(counts)
    assert len(workspace.sources) == 45


def test_lists_for_assertions_are_those_of_a_dump(workspace: Workspace) -> None:
    dumped = workspace.dump()
    names = ("sources", "warehouses", "connections", "destinations", "subscriptions", "functions")
    for name in (*names, "transformations", "users", "invites"):
        assert getattr(workspace, name) == dumped[name], name


def test_listed_records_are_copies(workspace: Workspace) -> None:
    workspace.sources[0]["slug"] = "changed"
    assert workspace.sources[0]["slug"] == "ios"


def test_chosen_tokens_are_used(site: SandboxApp, url: str) -> None:
    with sandbox.open_workspace(token="one", restricted_token="two") as workspace:
        site.add(workspace)
        assert Api(url, "one").data("GET", f"/sources/{support.IOS_SOURCE}")["source"]["writeKeys"]
        assert Api(url, "two").data("GET", f"/sources/{support.IOS_SOURCE}")["source"]["writeKeys"] == []
        site.remove(workspace)


def test_two_workspaces_with_one_token_cannot_share_a_site(site: SandboxApp) -> None:
    with sandbox.open_workspace(token="same") as one, sandbox.open_workspace(token="same") as other:
        site.add(one)
        with pytest.raises(SandboxError, match="share a token"):
            site.add(other)
        site.remove(one)


def test_neither_its_repr_nor_that_of_its_faults_shows_a_token() -> None:
    with sandbox.open_workspace(faults=["drop"]) as workspace:
        assert workspace.token not in repr(workspace) + repr(workspace.faults)
