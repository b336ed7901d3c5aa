"""The URL of a PostgreSQL database: whether it can be used, and how it is shown."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

from connector.common.state_dir import DATABASE
from connector.errors import JournalError, UsageError
from connector.journal.waiting import report_wait

SCHEMES = ("postgresql://", "postgres://")
LOOPBACK = ("", "localhost", "127.0.0.1", "::1")

NAME_SECONDS = 5.0
"""Seconds in which the name of the host of a database must be resolved when a process first uses it."""

NAME_RETRY_SECONDS = 0.5

_RESOLVED: set[str] = set()
"""The URLs whose host was resolved once in this process: if it cannot be resolved later, that may pass."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_encoding(name: str) -> None:
    """Check that a URL, maybe with `#` and the ID of a run, is read as its author meant it.

    A part of a password could pass for a host, a port, or a run, which messages show.

    Raises:
        UsageError: If it could be read in another way. Nothing of it is shown.
    """
    user_and_host = re.split("[/?#]", name.partition("://")[2], maxsplit=1)[0]
    try:
        urlsplit(name)
    except ValueError:
        raise _invalid("it cannot be read") from None
    if _BAD_ESCAPE.search(name) or name.count("@") > 1 or name.count("@") != user_and_host.count("@"):
        raise _invalid("a character is not percent-encoded")


def check_connection(url: str) -> None:
    """Check what the library makes of a URL and of its own environment variables, such as `PGHOST`.

    Raises:
        UsageError: If the URL is invalid, or the database is on another machine, and its certificate would not be
            verified.
    """
    from_url = _options_in(url)
    options = _default_options() | from_url
    if not all(map(_is_port, options.get("port", "").split(","))):
        raise _invalid("its port is not a number from 1 to 65535")
    remote = list(_other_machines(options))
    if "service" in from_url:
        # The file of the service may name any machine and any mode.
        remote.append(from_url["service"])
        options["sslmode"] = from_url.get("sslmode", "")
    if remote and options.get("sslmode") != "verify-full":
        hint = "Add ?sslmode=verify-full to the URL: payloads and secret inputs pass over this connection."
        raise UsageError(f'database on "{remote[0]}" is used without a verified certificate', hint=hint)


def resolve_host(url: str, wait: Callable[[float], object] = time.sleep) -> None:
    """Wait a moment until the name of the host of a database is resolved, unless it was before: a wrong one never is.

    Args:
        url: URL of the database; SQLite has no host.
        wait: Called with the seconds until the next attempt; it returns True to end the wait.

    Raises:
        JournalError: If the name is not resolved in time.
    """
    until = time.monotonic() + NAME_SECONDS
    is_reported = False
    while hosts := ", ".join(_hosts_to_resolve(url)):
        if time.monotonic() >= until:
            hint = f"Check the host in the URL of the database, which may come from {DATABASE}."
            raise JournalError(f'cannot resolve host "{hosts}" of the database', hint=hint)
        if not is_reported:
            is_reported = True
            report_wait(NAME_SECONDS, f'database "{location_of(url)}": cannot resolve host "{hosts}"')
        if wait(NAME_RETRY_SECONDS):
            return
    _RESOLVED.add(url)


def _hosts_to_resolve(url: str) -> list[str]:
    return [] if url in _RESOLVED or not url.startswith(SCHEMES) else unresolved_hosts(url)


def unresolved_hosts(url: str) -> list[str]:
    """Return the hosts of a URL if the name of none of them can be resolved now, else an empty list.

    Raises:
        UsageError: If the URL is invalid.
    """
    options = _default_options() | _options_in(url)
    # The address is known already, or the file of a service names the host.
    is_elsewhere = options.get("hostaddr") or options.get("service")
    hosts = [] if is_elsewhere else options.get("host", "").split(",")
    return [] if any(map(_is_resolved, hosts)) else hosts


def _is_resolved(host: str) -> bool:
    if not host or _is_socket(host):
        return True
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True


def _options_in(url: str) -> dict[str, str]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (ProgrammingError, ValueError):
        raise _invalid("it cannot be read") from None


def _default_options() -> dict[str, str]:
    from psycopg.pq import Conninfo

    return {os.fsdecode(option.keyword): os.fsdecode(option.val or b"") for option in Conninfo.get_defaults()}


def _is_socket(host: str) -> bool:
    """Return True for a socket on this machine: it has a path, or a name that begins with "@"."""
    return host.startswith(("/", "@"))


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16)


def _other_machines(options: dict[str, str]) -> Iterator[str]:
    for name in ("host", "hostaddr"):
        for host in options.get(name, "").split(","):
            if host.lower() not in LOOPBACK and not _is_socket(host):
                yield host


def _invalid(reason: str) -> UsageError:
    hint = "Percent-encode the user and the password: write %40 for @, %2F for /, %23 for #, %3F for ?, and %25 for %."
    return UsageError(f"invalid URL of a PostgreSQL database: {reason}", hint=hint)


def location_of(url: str) -> str:
    """Return a URL without its password, to be shown and stored."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    pairs = [(name, value) for name, value in parse_qsl(parts.query) if "password" not in name]
    query = f"?{urlencode(pairs)}" if pairs else ""
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}{query}"
