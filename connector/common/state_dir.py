"""The folder of a user's state, and where the operating system keeps such folders."""

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
    if path:
        return Path(path).expanduser().absolute()
    return user_folder(environment, "XDG_STATE_HOME", ".local/state", "LOCALAPPDATA", "AppData/Local").absolute()


def user_folder(environment: Mapping[str, str], xdg: str, linux: str, variable: str, windows: str) -> Path:
    """Return the folder `connector` where the operating system keeps the files of programs.

    Args:
        environment: The environment variables.
        xdg: Variable with the folder on Linux.
        linux: The folder without it, in the home folder.
        variable: Variable with the folder on Windows.
        windows: The folder without it, in the home folder.
    """
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "connector"
    if os.name == "nt":
        return Path(environment.get(variable) or Path.home() / windows) / "connector"
    # A relative path must be ignored: https://specifications.freedesktop.org/basedir-spec
    path = Path(environment.get(xdg) or "")
    return (path if path.is_absolute() else Path.home() / linux) / "connector"
