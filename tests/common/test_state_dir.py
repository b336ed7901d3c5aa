"""The folder of a user's state."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connector.common.state_dir import state_folder
from connector.journal.journals import runs_folder
from connector.journal.value_stores import default_folder

linux = pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="the convention of Linux")


def test_one_variable_chooses_the_folder_of_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTOR_STATE_HOME", str(tmp_path))

    assert [runs_folder(), default_folder()] == [tmp_path / "runs", tmp_path / "state"]


@linux
def test_folder_of_the_system_is_used_and_a_relative_one_ignored() -> None:
    home = Path.home() / ".local" / "state" / "connector"

    assert state_folder({"XDG_STATE_HOME": "/var/mine"}) == Path("/var/mine/connector")
    assert state_folder({"XDG_STATE_HOME": "mine"}) == state_folder({}) == home


def test_tilde_is_the_home_of_the_user() -> None:
    assert state_folder({"CONNECTOR_STATE_HOME": "~/mine"}) == Path.home() / "mine"
