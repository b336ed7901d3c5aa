"""From an OpenAPI document to the API description of a component, and to what the document does not say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connector.describe.openapi.document import OpenApiDocument, UnsupportedError
from connector.describe.openapi.operations import SourceOperation, name_operations, operations_of, uncalled_operations
from connector.describe.openapi.pages import GuessedPages, guess_pages
from connector.describe.openapi.schemas import Schemas
from connector.describe.openapi.security import Login, Security
from connector.describe.openapi.servers import Server, common_servers, server_of, servers_of
from connector.describe.openapi.translated_operations import Translated, Translator

MAX_NAMED = 5
_PUBLIC = re.compile(r"log-?(in|out)|ping|health|status|version|openapi|oauth", re.IGNORECASE)
_OWN_ACCOUNT = ("me", "whoami", "self", "user", "account", "profile", "viewer", "users.me", "current")


@dataclass(slots=True)
class Translation:
    """What a document says, and what it does not.

    Attributes:
        description: The content of `api.json`.
        server: Where the service is.
        logins: The ways to authorize requests, the most frequent first; empty if the document says nothing.
        pages: Pagination by operation, as guesses.
        unknown_pages: Operations that return a list whose pagination is not known.
        test: Operation that tests a connection, as a guess; empty if none can.
        left_out: Name and reason of each operation that has no action.
        remarks: What else was left out or changed, as sentences.
        secrets: Names of fields that were marked as secrets because of their names.
    """

    description: dict[str, Any]
    server: Server
    logins: list[Login]
    pages: dict[str, GuessedPages]
    unknown_pages: list[str]
    test: str
    left_out: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)


def translate(document: OpenApiDocument) -> Translation:
    """Translate a document."""
    left_out: list[tuple[str, str]] = []
    sources: list[SourceOperation] = []
    for entry in operations_of(document):
        if isinstance(entry, SourceOperation):
            sources.append(entry)
        else:
            left_out.append(entry)
    remarks = name_operations(sources)
    schemas, security = Schemas(document), Security(document)
    translator = Translator(document, schemas)
    urls = common_servers(servers_of(source, document.content) for source in sources)
    translated: list[Translated] = []
    logins: Counter[Login] = Counter()
    for source in sources:
        try:
            _check_server(servers_of(source, document.content), urls)
            accepted = security.logins(source.content)
            translated.append(translator.translated(source))
        except UnsupportedError as error:
            left_out.append((_named(source), str(error)))
        else:
            logins.update(login for login in accepted if login)
    pages = {each.source.key: guess for each in translated if (guess := guess_pages(each, schemas))}
    remarks += _grouped(translated)
    holders = [document.content, *(source.shared for source in sources), *(source.content for source in sources)]
    return Translation(
        description=_description(document, translated, schemas),
        server=server_of(urls, holders),
        logins=[login for login, _ in logins.most_common()] or security.declared(),
        pages=pages,
        unknown_pages=[
            each.source.key for each in translated if each.source.key not in pages and _lists(each, schemas)
        ],
        test=_test(translated),
        left_out=left_out + list(uncalled_operations(document)),
        remarks=remarks + list(schemas.problems),
        secrets=sorted(schemas.secrets),
    )


def _check_server(urls: tuple[str, ...], common: tuple[str, ...]) -> None:
    if urls != common:
        raise UnsupportedError(f"it is at another server, {urls[0] if urls else 'of no name'}")


def _grouped(translated: Iterable[Translated]) -> list[str]:
    """Return each remark on operations once, with the operations that it is about."""
    keys: dict[str, list[str]] = {}
    for each in translated:
        for remark in each.remarks:
            keys.setdefault(remark, []).append(each.source.key)
    return [
        f"{remark} ({', '.join(each) if len(each) <= MAX_NAMED else f'{len(each)} operations'})"
        for remark, each in keys.items()
    ]


def _named(source: SourceOperation) -> str:
    return source.route if source.name == source.route else f"{source.name} ({source.route})"


def _description(document: OpenApiDocument, translated: Iterable[Translated], schemas: Schemas) -> dict[str, Any]:
    info = document.content.get("info")
    info = info if isinstance(info, dict) else {}
    paths: dict[str, Any] = {}
    for each in translated:
        paths.setdefault(each.source.path, {})[each.source.method] = each.facts
    return {
        "openapi": "3.1.0",
        "info": {"title": str(info.get("title", "API")), "version": str(info.get("version", "1"))},
        "paths": paths,
        "components": {"schemas": _reachable(paths, schemas)},
    }


def _reachable(paths: dict[str, Any], schemas: Schemas) -> dict[str, Any]:
    """Return the schemas that the operations use; those of operations that are left out are not needed."""
    used: dict[str, Any] = {}
    pending: list[Any] = [paths]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            name = reference.rsplit("/", 1)[1] if isinstance(reference, str) else ""
            if name and name not in used:
                used[name] = schemas.components[name]
                pending.append(used[name])
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return dict(sorted(used.items()))


def _lists(operation: Translated, schemas: Schemas) -> bool:
    """Return whether a read returns a list, or an object whose only list is what it is about."""
    if operation.source.method != "get":
        return False
    response = next(iter(operation.facts["responses"].values()))
    body = schemas.shape(next(iter(response.get("content", {}).values()), {"schema": {}})["schema"])
    if body.get("type") == "array":
        return True
    lists = [part for part in body.get("properties", {}).values() if schemas.shape(part).get("type") == "array"]
    return len(lists) == 1 and not operation.source.path.rstrip("/").endswith("}")


def _test(translated: Iterable[Translated]) -> str:
    """Return the read without required inputs that is the most likely to need authorization: one about its owner."""
    reads = [
        each
        for each in translated
        if each.source.method == "get"
        and not _PUBLIC.search(each.source.path)
        and not any(parameter["required"] for parameter in each.facts["parameters"])
    ]
    own = [each for each in reads if each.source.path.rstrip("/").rpartition("/")[2].lower() in _OWN_ACCOUNT]
    best = min(own or reads, key=lambda each: len(each.source.path), default=None)
    return best.source.key if best else ""
