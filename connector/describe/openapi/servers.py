"""The URL of a service: which server, and the variables in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.describe.openapi.operations import SourceOperation
from connector.describe.openapi.schemas import short_text


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable in the URL of a server.

    Attributes:
        name: Its name.
        default: The value that applies unless another one is set.
        choices: The values that it can have; empty if any.
        comments: What it means.
    """

    name: str
    default: str
    choices: tuple[str, ...] = ()
    comments: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """The server of a service.

    Attributes:
        url: Its URL with variables in braces; empty if the document names none with a host.
        variables: The variables.
        others: The URLs of other servers that the document names.
    """

    url: str = ""
    variables: tuple[Variable, ...] = ()
    others: tuple[str, ...] = ()


def servers_of(operation: SourceOperation, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the URLs at which an operation is, as the operation, its path, or the document says."""
    for holder in (operation.content, operation.shared, content):
        urls = tuple(str(server["url"]) for server in _servers(holder))
        if urls:
            return urls
    return ()


def common_servers(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the servers that most operations have."""
    counted = Counter(groups)
    return max(counted, key=lambda group: counted[group], default=())


def server_of(urls: tuple[str, ...], holders: Iterable[Mapping[str, Any]]) -> Server:
    """Return the first server of several, with its variables."""
    if not urls or not re.match(r"https?://", urls[0]):
        return Server(others=urls)
    entry = next((each for holder in holders for each in _servers(holder) if str(each["url"]) == urls[0]), {})
    raw = entry.get("variables")
    variables = raw if isinstance(raw, Mapping) else {}
    names = dict.fromkeys(re.findall(r"\{([^{}]*)\}", urls[0]))
    values = tuple(_variable(name, variables.get(name)) for name in names)
    return Server(urls[0].rstrip("/"), values, urls[1:])


def _variable(name: str, raw: Any) -> Variable:
    entry = raw if isinstance(raw, Mapping) else {}
    listed = entry.get("enum")
    choices = tuple(dict.fromkeys(map(str, listed))) if isinstance(listed, list) else ()
    default = str(entry.get("default", choices[0] if choices else ""))
    return Variable(name, default, choices, short_text(entry.get("description")))


def _servers(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    servers = holder.get("servers")
    listed = servers if isinstance(servers, list) else []
    return [server for server in listed if isinstance(server, Mapping) and "url" in server]
