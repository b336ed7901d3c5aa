"""docs/sandbox.md: its commands run as printed, its tables are those of the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import sandbox
from connector.cli.sandbox.group import COMMANDS
from connector.cli.sandbox.serve import command as serve
from connector.sandbox_kit import parse_fault
from connector.sandbox_kit.control import HANDLERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
(CONSOLE,) = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FAULTS = re.findall(r"`((?:rate-limit|latency|error|drop|truncate)(?::[^`]*)?)`", PAGE)


def test_every_command_prints_what_the_page_shows(program: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "CONNECTOR_STATE_HOME": str(tmp_path)}
    for visible in CONSOLE.split("$ connector ")[1:]:
        line, _, expected = visible.partition("\n")
        command = ["/bin/sh", "-c", f"{shlex.quote(str(program))} {line}"]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert (run.returncode, run.stdout, run.stderr) == (0, expected, ""), line


def test_table_of_assumptions_is_that_of_the_code() -> None:
    rows = []
    for each in sandbox.api.assumptions.values():
        values = ", ".join(f"`{choice}`" for choice in each.choices)
        rows.append(f"| `{each.name}` | {values} | {each.description} | {each.source} |")
    assert re.findall(r"^\| `[a-z-]+` \| `[^|]*\|[^|]*\|[^|]*\|$", PAGE, re.MULTILINE) == rows


def test_every_command_is_on_the_page() -> None:
    assert set(re.findall(r"connector sandbox ([a-z-]+)", PAGE)) == {*COMMANDS, *sandbox.api.commands}


def test_every_option_of_serve_on_the_page_exists() -> None:
    known = {name for parameter in serve.params for name in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)", PAGE)) - {"--sandbox", "--json"}
    assert named <= known
    assert {"--port", "--host", "--allow-remote", "--in-memory", "--seed", "--token", "--file"} <= named


@pytest.mark.parametrize("text", sorted(set(FAULTS)))
def test_every_fault_of_the_page_can_be_played(text: str) -> None:
    assert parse_fault(text).kind


def test_every_kind_of_fault_is_on_the_page() -> None:
    from connector.sandbox_kit.faults import _READERS

    assert {kind for kind in _READERS if not re.search(rf"^\| `{kind}", PAGE, re.MULTILINE)} == set()


def test_every_request_of_the_control_is_on_the_page() -> None:
    named = set()
    for cell in re.findall(r"^\| (`[^|]*/_sandbox/[^|]*`) \|", PAGE, re.MULTILINE):
        methods: list[str] = []
        for word in re.findall(r"[A-Z]{3,6}(?=[` ])|/_sandbox/[\w/-]+", cell):
            if word.startswith("/"):
                named |= {(method, word) for method in methods}
                methods = []
            else:
                methods.append(word)
    offered = {(method, f"/_sandbox/{path.replace('{name}', 'NAME')}") for method, path, _ in HANDLERS}
    offered |= {("POST", f"/_sandbox/{name}") for name in sandbox.api.commands}
    offered.remove(("POST", "/_sandbox/{command}"))
    assert named == offered
