"""The folder of a user's state: sandboxes, journals of runs, persisted values."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

STATE_HOME = "CONNECTOR_STATE_HOME"

DATABASE = "CONNECTOR_DATABASE"
"""Environment variable with the URL of the database of submitted runs."""


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for state.

    It is `CONNECTOR_STATE_HOME`, else `connector` in the folder where the operating system keeps the state of programs
    (`XDG_STATE_HOME`, else `~/.local/state`; `~/Library/Application Support`; `%LOCALAPPDATA%`).
    """
    path = environment.get(STATE_HOME)
    return (Path(path).expanduser() if path else _home(environment) / "connector").absolute()


def _home(environment: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    if os.name == "nt":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    # A relative path must be ignored: https://specifications.freedesktop.org/basedir-spec
    path = Path(environment.get("XDG_STATE_HOME") or "")
    return path if path.is_absolute() else Path.home() / ".local" / "state"
