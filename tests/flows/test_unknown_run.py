"""A run that does not exist, wherever it is looked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.flows import follow_run, resume, settle, timeline, undo
from connector.journal import sqlite
from connector.journal.journals import reopen_journal
from connector.journal.past_runs import past_run
from connector.journal.protocol import UnknownRunError
from connector.journal.reader import read_all, read_history
from tests.support.postgres import PostgresServer

USES: dict[str, Callable[[str, Component], Any]] = {
    "resume": resume,
    "undo": undo,
    "settle": lambda run, component: settle(run, "Create", component, happened=False),
    "timeline": lambda run, _: timeline(run),
    "follow_run": lambda run, _: list(follow_run(run)),
    "past_run": lambda run, _: past_run(run),
    "reopen_journal": lambda run, _: reopen_journal(run),
    "read_history": lambda run, _: read_history(run),
    "read_all": lambda run, _: list(read_all(run)),
}


@pytest.fixture(params=["ID", "file", "sqlite", "no database", "postgresql"])
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return f"{server.url}#ghost"
    if request.param == "sqlite":
        sqlite.connect(tmp_path / "runs.sqlite").close()
    return {"ID": "ghost", "file": f"{tmp_path}/ghost.jsonl"}.get(
        request.param, f"sqlite:///{tmp_path}/runs.sqlite#ghost"
    )


@pytest.mark.parametrize("use", USES)
def test_unknown_run_is_an_error_of_its_own_in_every_journal(
    use: str, name: str, workshop: Component, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*.sqlite"))
    with pytest.raises(UnknownRunError, match=r'unknown run "\S*ghost') as caught:
        USES[use](name, workshop)
    assert caught.value.hint == "Run `connector flow runs` to list runs."
    assert sorted(tmp_path.rglob("*.sqlite")) == before
