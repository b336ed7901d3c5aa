"""`connector new component --openapi`: the files of a component for the operations of an OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from connector.cli.new.connection_code import connection_files, sandbox_names
from connector.cli.new.python_code import call
from connector.cli.new.templates import files_of
from connector.cli.output import counted

if TYPE_CHECKING:
    from connector.describe.openapi.pages import GuessedPages
    from connector.describe.openapi.translation import Translation

SHARED = (
    "pyproject.toml", "__PACKAGE__/__init__.py", "__PACKAGE__/connections/__init__.py",
    "__PACKAGE__/sandbox/initial_state.json", "tests/conftest.py", "tests/test_contract.py",
)  # fmt: skip
"""Files that this component has in the form of every other one."""

_READING = ("search", "query", "list", "find", "get", "fetch", "preview", "lookup", "validate", "estimate", "count")
MAX_NAMED = 8
"""Longest list of operations that the README writes out."""


def openapi_files(names: Mapping[str, str], translation: Translation) -> dict[str, bytes]:
    """Return the files of the component, by their paths.

    Args:
        names: The forms of the component's key, by placeholder.
        translation: What the document says.
    """
    package = names["__PACKAGE__"]
    connections, summaries = connection_files(names, translation)
    filled = {
        **names,
        **sandbox_names(translation),
        "__TODO__": _todo(names, translation),
        "__LEFT_OUT__": _left_out(translation),
    }
    shared = {path.replace("__PACKAGE__", package) for path in SHARED}
    files = {path: content for path, content in files_of("component", names).items() if path in shared}
    files |= files_of("openapi", filled)
    files |= {f"{package}/connections/{name}.py": code.encode() for name, code in connections.items()}
    files[f"{package}/manifest.yaml"] = _manifest(names, summaries).encode()
    files[f"{package}/operations.py"] = _operations(translation).encode()
    files[f"{package}/api.json"] = (json.dumps(translation.description, indent=1) + "\n").encode()
    return files


def report(translation: Translation) -> list[str]:
    """Return the lines that report how much of a document became actions."""
    count = sum(len(methods) for methods in translation.description["paths"].values())
    lines = [f"{counted(count, 'operation')} of the document became actions."]
    if translation.left_out:
        number = counted(len(translation.left_out), "operation")
        lines.append(f"Left out {number}. The README names each with the reason.")
    return lines


def _manifest(names: Mapping[str, str], connections: Mapping[str, tuple[str, str]]) -> str:
    entries = "".join(
        f"  {key}:\n    label: {json.dumps(label)}\n    description: {json.dumps(description)}\n"
        for key, (label, description) in connections.items()
    )
    return (
        f"key: {names['__KEY__']}\nversion: 0.1.0\n\n"
        f"display:\n  label: {names['__LABEL__']}\n  description: Work with {names['__LABEL__']}.\n\n"
        f"connections:\n{entries}\n"
        "operations: operations\noperationsByDefault: true\nsandbox: sandbox\n"
    )


def _operations(translation: Translation) -> str:
    pages, unsure = _pagination(translation.pages), _unsure_effects(translation)
    return (
        '"""What the OpenAPI document does not say of the operations of the service."""\n\n'
        "from connector import Effect, OperationNotes, Pagination\n\n"
        "# How to iterate over the pages of a list, by operation; see Pagination. The entries here are guesses from\n"
        "# the names of parameters and fields: try each list, then remove this comment.\n"
        f"PAGINATION: dict[str, Pagination] = {pages}\n\n"
        "# Effect and repeatability, where the method does not show them. By the method, GET reads, PUT and DELETE\n"
        "# are destructive, and everything else writes; GET, PUT, PATCH, and DELETE may be repeated.\n"
        f"EFFECTS: dict[str, tuple[Effect, bool]] = {unsure}\n\n"
        "# Names of more inputs whose values must never be shown.\n"
        "SECRETS: set[str] = set()\n\n"
        "NOTES = OperationNotes(pagination=PAGINATION, effects=EFFECTS, secrets=SECRETS)\n"
    )


def _pagination(pages: Mapping[str, GuessedPages]) -> str:
    if not pages:
        return "{}"
    groups: dict[str, list[str]] = {}
    for key, guess in pages.items():
        groups.setdefault(_pages_call(guess), []).append(key)
    lines = []
    for code, keys in groups.items():
        if len(keys) == 1:
            lines.append(f'    "{keys[0]}": {code},\n')
        else:
            listed = "".join(f'            "{key}",\n' for key in keys)
            inner = code.replace("\n", "\n    ")
            lines.append(f"    **dict.fromkeys(\n        [\n{listed}        ],\n        {inner},\n    ),\n")
    return "{\n" + "".join(lines) + "}"


def _pages_call(guess: GuessedPages) -> str:
    values = {"style": guess.style, "records": guess.records, "cursor": guess.cursor, "total": guess.total}
    values |= {"cursor_input": guess.cursor_input, "size_input": guess.size_input}
    arguments = {name: json.dumps(value) for name, value in values.items() if value}
    arguments["size"] = str(guess.size)
    if guess.style == "page" and guess.first_page != 1:
        arguments["first_page"] = str(guess.first_page)
    return call("Pagination", arguments, indent=4)


def _unsure_effects(translation: Translation) -> str:
    keys = [
        facts["operationId"]
        for methods in translation.description["paths"].values()
        for method, facts in methods.items()
        if method == "post" and facts["operationId"].lower().startswith(_READING)
    ]
    if not keys:
        return "{}"
    lines = "".join(f'    # "{key}": ("read", True),\n' for key in keys)
    return f"{{\n    # These are POST, but their names sound like reads: keep what only reads.\n{lines}}}"


def _todo(names: Mapping[str, str], translation: Translation) -> str:
    package = names["__PACKAGE__"]
    lists, unknown = len(translation.pages), translation.unknown_pages
    points = [
        f"**Connection test** (`{package}/connections/`): "
        + (
            f"`{translation.test}` is a guess. Choose a read that every user of the service may send."
            if translation.test
            else "no read without inputs was found. Name one as `test` of the connection."
        ),
        f"**Pagination** (`{package}/operations.py`): {counted(lists, 'list')} guessed from names"
        + (f"; not known of {_some(unknown)}." if unknown else "."),
        f"**Effects** (`{package}/operations.py`): decided by the method.",
        f"**Secrets** (`{package}/operations.py`): "
        + (
            f"guessed from names: {_some(translation.secrets)}."
            if translation.secrets
            else "none was found by its name."
        ),
        f"**Error messages** (`{package}/connections/service.py`): the usual forms of an error response are read.",
    ]
    if not translation.logins:
        points.append(
            f"**Authorization** (`{package}/connections/`): the document names none; a bearer token is a guess."
        )
    if not translation.server.url:
        points.append("**URL**: the document names no server; the connection asks for it.")
    return "\n".join(f"- [ ] {point}" for point in points)


def _some(names: list[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{listed}, and {more} more" if more > 0 else listed


def _left_out(translation: Translation) -> str:
    if not translation.left_out and not translation.remarks:
        return "Nothing: every operation of the document is an action."
    ordered = sorted(translation.left_out, key=lambda pair: pair[1])
    lines = []
    for reason, group in groupby(ordered, key=lambda pair: pair[1]):
        entries = [f"`{name}`" for name, _ in group]
        lines.append(
            f"- {counted(len(entries), 'operation')}: {reason}.\n" + "".join(f"  - {each}\n" for each in entries)
        )
    lines += [f"- {remark}\n" for remark in translation.remarks]
    return "".join(lines).rstrip()
