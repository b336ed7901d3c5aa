"""What a user has set or stored reaches no test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector.common.state_dir import state_folder
from tests.support.environment import clear_settings

SETTINGS = (
    *(
        "CONNECTOR_STATE_HOME",
        "CONNECTOR_SANDBOX",
        "CONNECTOR_ANYTHING",
        "SEGMENT_API_KEY",
        "PRISMATIC_CONNECTION_VALUE",
    ),
    *("XDG_STATE_HOME", "HTTPS_PROXY", "https_proxy", "no_proxy", "NO_COLOR", "COLUMNS"),
)


@pytest.fixture(scope="session")
def session_environment() -> dict[str, str]:
    return dict(os.environ)


def test_settings_of_the_user_are_cleared_and_others_kept() -> None:
    environment = {**dict.fromkeys(SETTINGS, "nonsense"), "PATH": "/bin"}

    clear_settings(environment)

    assert environment == {"PATH": "/bin"}


def test_no_setting_reaches_a_test() -> None:
    assert not set(SETTINGS) & set(os.environ)


def test_state_folder_is_temporary_and_empty() -> None:
    folder = state_folder(os.environ)

    assert folder.is_relative_to(Path.home())
    assert "connector-tests-" in str(folder)
    assert not folder.exists()


def test_fixtures_of_wider_scope_and_workers_see_no_setting(session_environment: dict[str, str]) -> None:
    assert not set(SETTINGS) & session_environment.keys()
    assert "connector-tests-" in session_environment["HOME"]


def test_children_can_be_interrupted() -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) == signal.default_int_handler)"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)

    assert run.stdout == "True\n"
    assert signal.getsignal(signal.SIGINT) != signal.SIG_IGN
