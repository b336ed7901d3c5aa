"""Every command and snippet of the README runs in the order printed, and prints what the README shows.

The commands run in one shell, in a copy of the checkout. With `TESTS_README_INSTALL` set, the copy is a fresh clone
whose `make run` and `pip install` really install, as on a new machine; without it they use this environment.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

import connector
from connector.testing import Harness, sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MARK = "== command"
INSTALLS = bool(os.environ.get("TESTS_README_INSTALL"))


class Block(NamedTuple):
    """A fenced block of the README."""

    language: str
    text: str


BLOCKS = [Block(*match) for match in re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)]


def blocks(language: str) -> list[str]:
    """Return the blocks in one language."""
    return [block.text for block in BLOCKS if block.language == language]


def commands() -> list[str]:
    """Return all command lines, without comments."""
    lines = [re.sub(r"\s{2,}#.*", "", line).strip() for text in blocks("sh") for line in text.splitlines()]
    return [line for line in lines if line != "make test"]


class Ended(NamedTuple):
    """A command that was run."""

    command: str
    status: int
    output: str


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A clone of the project, with an environment that `make run` and `pip` find installed."""
    clone = tmp_path_factory.mktemp("readme") / "clone"
    if INSTALLS:
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        return clone
    clone.mkdir()
    for name in ("Makefile", "pyproject.toml", "manifest.yaml", "examples"):
        (clone / name).symlink_to(ROOT / name)
    tools = clone / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "connector").symlink_to(request.getfixturevalue("program"))
    for name, code in {"python": "", "pip": "-c 'pass' "}.items():
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {code}"$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    (tools / "activate").write_text(f'export PATH="{tools}:$PATH" PYTHONPATH="{ROOT}"\n', encoding="utf-8")
    return clone


@pytest.fixture(scope="module")
def ended(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """All commands of the README, run one after another in one shell; a served sandbox stands in for Segment."""
    home = tmp_path_factory.mktemp("home")
    with sandbox() as workspace:
        fields = workspace.connection["fields"]
        script = "\n".join(
            f'{line}\necho "\n{MARK} $?"' for line in (_with_token(line, fields["apiKey"]) for line in commands())
        )
        environment = {**os.environ, "HOME": str(home), "CONNECTOR_STATE_HOME": str(home / "state")}
        environment |= {"SEGMENT_BASE_URL": fields["baseUrl"], "PYTHON": sys.executable}
        if not INSTALLS:
            environment["PYTHONPATH"] = str(ROOT)
        run = subprocess.run(
            ["sh", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=checkout,
            env=environment,
            timeout=300,
        )
    parts = re.split(rf"\n{MARK} (\d+)\n", run.stdout)
    return [
        Ended(command, int(status), output)
        for command, output, status in zip(commands(), parts[:-1:2], parts[1::2], strict=True)
    ]


def _with_token(line: str, token: str) -> str:
    if line.startswith("make run") and not INSTALLS:
        # The stamps of the Makefile say that the environment is up to date.
        return "make --assume-old=.venv/run --old-file=.venv/run run"
    return line.replace("SEGMENT_API_KEY=...", f"SEGMENT_API_KEY={shlex.quote(token)}")


def output_of(ended: list[Ended], command: str) -> str:
    """Return what a command printed."""
    return next(each.output for each in ended if each.command == command)


def test_readme_is_short_and_has_commands_of_each_kind() -> None:
    assert len(README.splitlines()) <= 200
    assert commands()[0] == "make run"
    assert sum(command.startswith("connector ") for command in commands()) > 10
    assert len(blocks("python")) == 3


def test_every_command_ends_well_in_the_order_printed(ended: list[Ended]) -> None:
    assert [(each.command, each.status) for each in ended] == [(command, 0) for command in commands()]


def test_commands_print_what_the_readme_shows(ended: list[Ended]) -> None:
    visible = [
        (commands_of(before.text)[-1], block.text)
        for before, block in itertools.pairwise(BLOCKS)
        if block.language == "json"
    ]

    assert visible
    for command, output in visible:
        assert output_of(ended, command).strip() == output.strip()


def commands_of(text: str) -> list[str]:
    """Return the command lines of one block."""
    return [re.sub(r"\s{2,}#.*", "", line).strip() for line in text.splitlines()]


def test_main_job_prints_a_payload(ended: list[Ended]) -> None:
    assert '"sources": [' in output_of(ended, "make run")


def test_every_extra_of_the_install_lines_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {name.strip() for group in re.findall(r"\.\[([\w,]+)\]", README) for name in group.split(",")}

    assert named
    assert named <= set(extras)


def test_python_of_the_readme_runs(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGMENT_API_KEY", "readme-token")
    with Harness(segment) as harness:
        harness.respond_with_example("listSources")
        harness.respond_with_example("listSources")
        harness.respond({"errors": [{"type": "NotFound", "message": "Resource not found"}]}, status=404)
        exec(compile(blocks("python")[0], "README.md", "exec"), {})

    printed = capsys.readouterr().out
    assert "ios\n" in printed
    assert "getSource: not found (404) [GET /sources/no-such-source]" in printed


def test_test_of_the_readme_passes() -> None:
    namespace: dict[str, object] = {}
    exec(compile(blocks("python")[1], "README.md", "exec"), namespace)
    test = namespace["test_source_is_created"]

    assert callable(test)
    with sandbox() as workspace:
        test(workspace)


def test_engine_of_the_readme_is_the_tested_example() -> None:
    assert blocks("python")[2] in (ROOT / "examples" / "engine.py").read_text(encoding="utf-8")


def test_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert (ROOT / target).exists(), target
