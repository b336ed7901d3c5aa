"""Tests of the pages about flows: their snippets run, and their tables are complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sandbox
from connector.cli.reference_pages.steps import steps_page
from connector.flows.steps.builtin_steps import BUILT_IN, UNSUPPORTED
from connector.flows.steps.persisted_values import SCOPES
from connector.flows.values.conditions import OPERATORS
from connector.sandbox_kit import SandboxApp
from connector.sandbox_kit.asgi_server import serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
STEPS = (ROOT / "docs" / "flows" / "steps.md").read_text(encoding="utf-8")


@pytest.fixture
def connection() -> Iterator[dict[str, Any]]:
    site = SandboxApp()
    with serve(site) as url, sandbox.open_workspace() as workspace:
        site.add(workspace)
        yield {"fields": {"apiKey": workspace.token, "baseUrl": url}}


def test_every_snippet_runs(connection: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    names: dict[str, Any] = {"connection": connection}
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) == 9
    for snippet in snippets:
        exec(compile(snippet, "docs/flows.md", "exec"), names)
    assert names["run"].status == "done"


def test_page_about_steps_is_generated_and_up_to_date() -> None:
    assert steps_page() == STEPS


def test_every_supported_step_is_listed() -> None:
    by_component = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## )", STEPS, re.DOTALL | re.MULTILINE))

    for kind in BUILT_IN:
        component, _, action = kind.partition(".")
        scoped = re.sub("|".join(SCOPES), "SCOPE", action) if component == "persist-data" else action
        assert f"| `{scoped}`" in by_component[component]
    assert "**`url`**" in by_component["http"]


@pytest.mark.parametrize("name", [*UNSUPPORTED, *OPERATORS])
def test_every_operator_and_unsupported_component_is_listed(name: str) -> None:
    assert f"`{name}`" in (STEPS if name in UNSUPPORTED else PAGE)
