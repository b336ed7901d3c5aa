"""Every command and snippet of the README runs, and prints what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import connector
from connector.testing import Harness

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands(program: str) -> list[str]:
    lines = [line.split("   #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.split("| ")[-1].startswith(f"{program} ")]


def offline(tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the README in a shell that has the command `connector`, and no workspace but the sandbox."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "connector").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connector "$@"\n', encoding="utf-8")
    (tools / "connector").chmod(0o755)
    environment = {**os.environ, "CONNECTOR_SANDBOX": "1", "CONNECTOR_STATE_HOME": str(tmp_path / "state")}
    environment |= {"PYTHONPATH": str(ROOT), "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    folder = ROOT if "examples/" in command else tmp_path
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=60
    )


def test_readme_has_commands_of_each_kind() -> None:
    assert len(commands("make")) == 2
    assert len(commands("connector")) > 10
    assert len(blocks("python")) >= 2


@pytest.mark.parametrize("command", commands("connector"))
def test_command_ends_well(command: str, tmp_path: Path) -> None:
    ended = offline(tmp_path, command)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout or "flow runs" in command


@pytest.mark.parametrize("command", commands("make"))
def test_make_knows_the_command(command: str) -> None:
    subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


def test_main_job_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """`make run` runs exactly this command."""
    command = "connector run listSources -i count=1 --sandbox"
    assert f"/{command}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")

    assert offline(tmp_path, command).stdout == blocks("json")[0]


def test_python_of_the_readme_runs(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", "readme-token")
    with Harness(segment) as harness:
        for _ in range(3):
            harness.respond_with_example("listSources")
        harness.respond({"errors": [{"type": "NotFound", "message": "Resource not found"}]}, status=404)
        exec(compile(blocks("python")[0], "README.md", "exec"), {})

    printed = capsys.readouterr().out
    assert "ios qQEHquLrjRDN9j1ByrChyn" in printed
    assert "getSource: not found (404) [GET /sources/no-such-source]" in printed


@pytest.mark.parametrize("position", range(1, len(blocks("python"))))
def test_offline_python_of_the_readme_runs(position: int) -> None:
    exec(compile(blocks("python")[position], "README.md", "exec"), {})


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert (ROOT / target).exists(), target
