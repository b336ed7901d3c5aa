"""Where the state of a user lies: sandboxes, journals of runs, kept values."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

STATE_HOME = "CONNECTOR_STATE_HOME"


def state_folder(environment: Mapping[str, str]) -> Path:
    """The user's folder for what is kept between runs.

    It is `CONNECTOR_STATE_HOME`, else `connector` where the platform keeps the state of programs (`XDG_STATE_HOME`,
    else `~/.local/state`; `~/Library/Application Support`; `%LOCALAPPDATA%`).
    """
    chosen = environment.get(STATE_HOME)
    return (Path(chosen).expanduser() if chosen else _home(environment) / "connector").absolute()


def _home(environment: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if os.name == "nt":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    # https://specifications.freedesktop.org/basedir-spec: a relative path is to be ignored
    chosen = Path(environment.get("XDG_STATE_HOME") or "")
    return chosen if chosen.is_absolute() else Path.home() / ".local" / "state"
