"""The documentation page of a component, made from the component alone.

Beside the code it takes two kinds of Markdown files: `connections/KEY.md`, how to get the credentials, and
`actions/differences.md`, what a user of an earlier implementation of the component has to know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.component.connections import environment_names
from connector.component.definitions import Action, DataSource
from connector.describe.summaries import InputSummary, effect, facts, titled

if TYPE_CHECKING:
    from connector.component.api_description import Operation
    from connector.component.component import Component

DIFFERENCES = Path("actions") / "differences.md"
NOTE = "<!-- Made by `connector docs` from the component; change the component instead. -->"


def page(component: Component) -> str:
    """The whole page, in Markdown."""
    return "\n".join(_lines(component))


def page_file(component: Component) -> Path:
    """Where the component keeps its page."""
    return component.folder / "docs" / "component.md"


def is_fresh(component: Component, file: Path) -> bool:
    """True when the file is what would be written now."""
    return file.is_file() and file.read_text(encoding="utf-8") == page(component)


def _lines(component: Component) -> Iterator[str]:
    manifest = component.manifest
    yield from (NOTE, "", f"# {manifest.display.label} Component", "", manifest.display.description, "")
    yield from (f"Component key: `{manifest.key}` | version: {manifest.version}", "")
    yield from ("## Connections", "")
    for connection in component.connections.values():
        yield from _heading(connection)
        yield from _fragment(component.folder / "connections" / f"{connection.key}.md")
        yield from _inputs(facts(connection.fields), environment_names(connection))
    yield from ("## Data Sources", "")
    for source in component.data_sources.values():
        yield from _heading(source, f" | type: {manifest.data_sources[source.key].type}")
        yield from _inputs(facts(source.inputs))
        yield from _example("Data Source Payload", source)
    yield from ("## Actions", "")
    for action in component.actions.values():
        yield from _heading(action)
        yield from (_metadata(action), "")
        yield from _inputs(facts(action.inputs))
        yield from _example("Output Example Payload", action)
    yield from _fragment(component.folder / DIFFERENCES)


def _heading(definition: Any, more: str = "") -> Iterator[str]:
    title = titled(definition)
    yield from (f"### {title['label']}", "", f"{title['description']} | key: `{title['key']}`{more}", "")


def _fragment(file: Path) -> Iterator[str]:
    if file.is_file():
        yield from (file.read_text(encoding="utf-8").strip(), "")


def _metadata(action: Action[Any]) -> str:
    words = {
        "read": "Reads.",
        "write": "Writes.",
        "destructive": "Takes something away.",
        "any": "What it does depends on its inputs.",
    }
    found = [words[effect(action)]]
    if action.idempotent and effect(action) != "read":
        found.append("Doing it twice leaves the same state as once.")
    if action.pagination:
        found.append(f"Answers pages; the records are at `{action.pagination.records}`.")
    if action.operation:
        found += _operation_sentences(action.operation)
    return " ".join(found)


def _operation_sentences(operation: Operation) -> Iterator[str]:
    yield f"Request: `{operation.method} {operation.path}`."
    if operation.stability != "v1":
        yield f"Stability: {operation.stability}."
    if operation.feature:
        yield f"Requires the {operation.feature} feature."
    for limit in operation.rate_limits:
        yield f"Limit: {limit}."


def _inputs(found: Iterable[InputSummary], variables: dict[str, str] | None = None) -> Iterator[str]:
    rows = [_row(fact, variables) for fact in found]
    if not rows:
        return
    headers = ["Input", "Key", "Type", "Required", "Notes", "Example", *(["Variable"] if variables else [])]
    yield "| " + " | ".join(headers) + " |"
    yield "|" + " --- |" * len(headers)
    yield from rows
    yield ""


def _row(fact: InputSummary, variables: dict[str, str] | None) -> str:
    notes = [fact.comments]
    if fact.secret:
        notes.append("Secret.")
    if fact.choices:
        choices = [f"`{value}` ({title})" if title != value else f"`{value}`" for value, title in fact.choices.items()]
        notes.append(f"One of {', '.join(choices)}.")
    if fact.default:
        notes.append(f"A designer fills in `{fact.default}`.")
    if fact.data_source:
        notes.append(f"Choices come from the data source `{fact.data_source}`.")
    example = "" if fact.example is None else f"`{_example_text(fact.example)}`"
    cells = [
        fact.label,
        f"`{fact.key}`",
        fact.kind,
        "yes" if fact.required else "no",
        " ".join(notes),
        example,
    ]
    if variables:
        cells.append(f"`{variables[fact.key]}`")
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _example_text(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)


def _example(title: str, definition: Action[Any] | DataSource[Any]) -> Iterator[str]:
    if definition.example is not None:
        payload = json.dumps(definition.example, indent=2, ensure_ascii=False)
        yield from (f"{title}:", "", "```json", payload, "```", "")
