"""The URL of a PostgreSQL database: whether it can be used, and how it is shown."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

from connector.errors import UsageError

SCHEMES = ("postgresql://", "postgres://")
LOOPBACK = ("", "localhost", "127.0.0.1", "::1")

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
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import Conninfo

    try:
        from_url = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except (ProgrammingError, ValueError):
        raise _invalid("it cannot be read") from None
    defaults = {os.fsdecode(option.keyword): os.fsdecode(option.val or b"") for option in Conninfo.get_defaults()}
    options = defaults | from_url
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


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16)


def _other_machines(options: dict[str, str]) -> Iterator[str]:
    for name in ("host", "hostaddr"):
        for host in options.get(name, "").split(","):
            # A socket on this machine has a path, or a name that begins with "@".
            if host.lower() not in LOOPBACK and not host.startswith(("/", "@")):
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
