"""The environment that tests run in: the settings, credentials, proxies and folders of no user."""

from __future__ import annotations

import signal
import threading
from collections.abc import MutableMapping
from pathlib import Path

PREFIXES = ("CONNECTOR_", "_CONNECTOR_", "SEGMENT_", "PRISMATIC_", "XDG_", "CLICOLOR")
NAMES = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES", "PY_COLORS"),
    "PYTEST_ADDOPTS",
}
HOMES = ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")


def clear_settings(environment: MutableMapping[str, str]) -> None:
    """Remove every variable that the connector, its libraries or a nested pytest would read."""
    for name in list(environment):
        upper = name.upper()
        if upper in NAMES or upper.startswith(PREFIXES):
            del environment[name]


def set_home(environment: MutableMapping[str, str], folder: Path) -> None:
    """Make a folder the home, in which the state and the configuration of a user are."""
    environment.update(dict.fromkeys(HOMES, str(folder)))


def let_children_be_interrupted() -> None:
    """Give SIGINT its default effect in children; a background job of a shell would pass on that it is ignored."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
