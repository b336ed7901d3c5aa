"""A value in the wrong place: it is not shown if it may be a secret, and the message says what belongs there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from connector.flows import Flow

ROOT = Path(__file__).parents[2]
TOKEN = "sgp_0123456789abcdefghijklmnopqrstuvwxyz"


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(program: Path) -> Run:
    """Run a command in a process of its own."""

    def ended(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(program), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    return ended


@pytest.mark.parametrize(
    "arguments",
    [
        ("--connection", f'{{"apiKey": "{TOKEN}"}}'),
        ("--connection", TOKEN),
        ("--profile", TOKEN),
    ],
    ids=["JSON", "token for a file", "token for a profile"],
)
def test_secret_in_the_wrong_option_is_not_shown(run: Run, arguments: tuple[str, str]) -> None:
    ended = run("run", "listSources", *arguments)

    assert ended.returncode in (2, 3)
    assert TOKEN not in ended.stdout + ended.stderr
    assert "hint:" in ended.stderr


def test_missing_file_is_named(run: Run) -> None:
    assert "cannot read no-such-file.json" in run("run", "listSources", "--connection", "no-such-file.json").stderr


@pytest.mark.parametrize("value", ["manifest.yaml", ROOT, connector, None], ids=["string", "path", "module", "None"])
def test_runner_needs_a_component(value: Any) -> None:
    with pytest.raises(errors.UsageError, match="component must be a Component, got") as caught:
        connector.Runner(value, {"fields": {"apiKey": "t"}})

    assert "load_component" in caught.value.hint


def test_unknown_target_of_a_check_is_rejected() -> None:
    flow = Flow.load(ROOT / "examples" / "flows" / "change_sources.yaml")

    with pytest.raises(errors.UsageError, match='unknown target "prism"'):
        flow.check(target="prism")  # type: ignore[arg-type]


def test_tool_that_a_read_only_server_would_hide_is_an_error(run: Run) -> None:
    ended = run("mcp", "--sandbox", "--tool", "createSource")

    assert ended.returncode == 2
    assert "--write" in ended.stderr


@pytest.mark.parametrize("command", [("serve",), ("sandbox", "serve", "--in-memory")], ids=lambda each: each[0])
def test_port_out_of_range_is_a_usage_error(run: Run, command: tuple[str, ...]) -> None:
    assert run(*command, "--port", "99999").returncode == 2
