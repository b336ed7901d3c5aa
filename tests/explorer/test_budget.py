"""The explorer stays small: one script, and a first visit that a slow line carries."""

from __future__ import annotations

import re
from pathlib import Path

import connector
from tests.explorer.conftest import Explored

STATIC = Path(connector.__file__).parent / "explorer" / "static"


def test_script_is_short() -> None:
    (script,) = STATIC.glob("*.js")
    lines = script.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 500
    assert [line for line in lines if len(line) > 120] == []


def test_first_visit_is_small(explored: Explored) -> None:
    page = explored.get("/actions/updateSource")
    assets = re.findall(r'"(/static/[^"]+)"', page.text)

    assert len(assets) == 2
    assert sum(len(reply.content) for reply in (page, *map(explored.get, assets))) <= 30 * 1024
