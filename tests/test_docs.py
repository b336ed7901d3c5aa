"""Every page of the docs: its commands run in one shell, its Python runs in one program, and its links lead somewhere.

A served sandbox stands in for Segment. Blocks marked `console` show a dialog and are not run. A block that begins with
a comment such as `# actions/tasks.py` is a file, which the commands after it find in their folder.
"""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import hookspecs
from connector.component.plugins import HOOKS
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import Harness, sandbox

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
TESTED_ELSEWHERE = {"credentials.md", "flows.md", "recipes.md", "sandbox.md", "testing.md"}
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.name not in TESTED_ELSEWHERE)


def name_of(path: Path) -> str:
    """Return the name of a page below the docs."""
    return path.relative_to(DOCS).as_posix()


FILE = re.compile(r"# ([\w./-]+\.(?:py|yaml|toml))\n")


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in one language, without those that are files."""
    text = page.read_text(encoding="utf-8")
    every = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [block for block in every if not FILE.match(block)]


def script(page: Path) -> str:
    """Return the commands of a page, with its files between them."""
    lines = []
    for language, text in re.findall(
        r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        if file := FILE.match(text):
            lines.append(f"cat > {file[1]} <<'END OF FILE'\n{text}END OF FILE\n")
        elif language == "sh":
            lines.append(text)
    return "\n".join(lines)


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that the environment leads to, as a real workspace would be."""
    with sandbox() as opened:
        fields = opened.connection["fields"]
        monkeypatch.setenv("SEGMENT_API_KEY", fields["apiKey"])
        monkeypatch.setenv("SEGMENT_BASE_URL", fields["baseUrl"])
        yield opened


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
def test_python_of_a_page_runs(page: Path, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    module = types.ModuleType(f"docs_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # models find the names in their annotations there
    namespace = vars(module)
    for block in blocks(page, "python"):
        exec(compile(block, name_of(page), "exec"), namespace)
        run_tests(namespace)


def run_tests(namespace: dict[str, Any]) -> None:
    """Run the tests of a block with the fixtures that they name, and forget them."""
    for name in [name for name in namespace if name.startswith("test_")]:
        test = namespace.pop(name)
        fixtures = list(inspect.signature(test).parameters)
        assert set(fixtures) <= {"harness", "sandbox"}
        if "harness" in fixtures:
            with Harness(connector.load_component()) as harness:
                test(harness)
        else:
            with sandbox() as opened:
                test(opened)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name_of)
def test_commands_of_a_page_end_well(page: Path, workspace: Sandbox, program: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "connector").symlink_to(program)
    (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (tools / "python").chmod(0o755)
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "examples").symlink_to(ROOT / "examples")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONNECTOR_STATE_HOME": str(tmp_path / "state")}
    environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"

    run = subprocess.run(
        ["sh", "-e", "-c", script(page)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=name_of)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_every_hook_is_on_the_page_of_hooks_with_its_arguments() -> None:
    text = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    headings = [f"{hook}({', '.join(inspect.signature(getattr(hookspecs, hook)).parameters)})" for hook in HOOKS]

    assert re.findall(r"^## (\w+\(.*\))$", text, re.MULTILINE) == headings
    for hook in HOOKS:
        section = text.partition(f"## {hook}(")[2].partition("\n## ")[0]
        options = getattr(hookspecs, hook).connector_spec
        assert ("First result." in section) == options["firstresult"], hook


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", index)}

    generated = {page for page in DOCS.rglob("*.md") if page.parent.name == "actions"}
    missing = {page.resolve() for page in DOCS.rglob("*.md")} - linked - {page.resolve() for page in generated}
    assert {name_of(page) for page in missing} <= {"index.md"}
