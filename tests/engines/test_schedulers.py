"""The task in the page about schedulers, repeated by each of them: it writes once."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.support.server import LoopbackServer, ServerResponse

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "engines" / "schedulers.md"
SOURCE = "rYxTjyaPtAELCjnFE5EYfM"
CHANGES = [{"sourceId": SOURCE, "enabled": True}]

Task = Callable[[str, list[dict[str, object]]], object]

CODE = re.search(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
CHILD = "import sys; exec(sys.argv[1]); change_sources('2026-01-02', [{'sourceId': 's', 'enabled': True}])"


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CONNECTOR_DATABASE", f"sqlite:///{tmp_path}/runs.sqlite")
    with sandbox() as opened:
        fields = opened.connection["fields"]
        monkeypatch.setenv("SEGMENT_API_KEY", fields["apiKey"])
        monkeypatch.setenv("SEGMENT_BASE_URL", fields["baseUrl"])
        yield opened


@pytest.fixture
def task(workspace: Sandbox) -> Task:
    del workspace  # its environment is read by the page
    assert CODE is not None
    namespace: dict[str, Any] = {}
    exec(compile(CODE[1], PAGE.name, "exec"), namespace)
    change_sources: Task = namespace["change_sources"]
    return change_sources


def writes(workspace: Sandbox) -> int:
    return sum(request.method == "PATCH" for request in workspace.requests)


def test_repeated_task_writes_once(task: Task, workspace: Sandbox) -> None:
    results = [task("2026-01-01", CHANGES) for _ in range(3)]
    assert results == [{"changed": [SOURCE], "failed": []}] * 3
    assert writes(workspace) == 1
    task("2026-01-02", CHANGES)
    assert writes(workspace) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_task_whose_process_was_killed_goes_on(task: Task, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert CODE is not None
    source = str(workspace.sources[0]["id"])
    with LoopbackServer().running() as server:
        server.script = lambda _request: ServerResponse({}, hang=60)
        environment = {**os.environ, "SEGMENT_BASE_URL": server.url, "PYTHONPATH": str(ROOT)}
        code = CHILD.replace("'s'", repr(source))
        process = subprocess.Popen([sys.executable, "-c", code, CODE[1]], env=environment)
        until = time.monotonic() + 60
        while not server.requests and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [request.method for request in server.requests] == ["PATCH"]
    assert task("2026-01-02", [{"sourceId": source, "enabled": True}]) == {"changed": [source], "failed": []}
    assert writes(workspace) == 1


@pytest.mark.skipif(importlib.util.find_spec("celery") is None, reason="Celery is not installed")
def test_task_that_celery_delivers_twice_writes_once(
    task: Task, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LEVEL", "FILE"):  # its worker sets variables of the environment
        monkeypatch.setenv(f"CELERY_LOG_{name}", "")
    for name in ("FILE", "LEVEL", "FORMAT"):
        monkeypatch.setenv(f"_MP_FORK_LOG{name}_", "")
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    app = Celery("tasks", broker="memory://", backend="cache+memory://")
    app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)
    registered = app.task(task, name="change_sources")
    with start_worker(app, perform_ping_check=False):
        results = [registered.delay("2026-01-03", CHANGES).get(timeout=60) for _ in range(2)]
    assert results == [{"changed": [SOURCE], "failed": []}] * 2
    assert writes(workspace) == 1
