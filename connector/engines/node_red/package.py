"""A component as a package for Node-RED: all of it is the file `catalog.json` and the templates beside this module.

The nodes send their calls to `connector serve`, which the configuration node starts itself unless it has a URL.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources
from typing import Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.describe.summaries import metadata, title_of

TYPES = {"boolean": "bool", "integer": "num", "number": "num", "string": "str"}
"""Types of Node-RED's typed input by type of a schema; all others are JSON."""

OLDEST_NODE = ">=18"
OLDEST_NODE_RED = ">=4.0.0"


def package_name(component: Component) -> str:
    """Return the name of the package for npm."""
    return f"node-red-contrib-{component.key}-connector"


def package_files(component: Component) -> dict[str, bytes]:
    """Return the content of the package's files by name."""
    catalog = catalog_of(component)
    names = {"__KEY__": component.key, "__LABEL__": catalog["label"], "__PACKAGE__": package_name(component)}
    names["__VERSION__"] = component.manifest.version
    files = {name: _filled(name, names).encode() for name in ("nodes.js", "README.md")}
    files["catalog.json"] = json.dumps(catalog, indent=1, ensure_ascii=False).encode() + b"\n"
    files["package.json"] = json.dumps(_package(component), indent=2).encode() + b"\n"
    files["nodes.html"] = "".join(_forms(catalog, names)).encode()
    icon = component.folder / "icon.png"
    if icon.is_file():
        files[f"icons/{component.key}.png"] = icon.read_bytes()
    return files


def catalog_of(component: Component) -> dict[str, Any]:
    """Return what the nodes know of a component: its connection, and its actions by resource."""
    connection = component.connection()
    fixed = set(connection.input_schema["properties"])
    actions: dict[str, list[dict[str, Any]]] = {}
    for action in component.documented_actions.values():
        actions.setdefault(action.resource, []).append(_action(action, fixed))
    return {
        "key": component.key,
        "label": component.manifest.display.label,
        "version": component.manifest.version,
        "connection": {"key": connection.key, "fields": list(_fields(connection.input_schema, hidden=True))},
        "resources": actions,
    }


def _action(action: Action[Any], fixed: set[str]) -> dict[str, Any]:
    leave_out = set(fixed)  # the connection decides these, such as the region
    if action.pagination:  # the output of the node decides this one
        leave_out.add(action.inputs.model_fields[action.pagination.all_input].alias or action.pagination.all_input)
    facts = metadata(action)
    return {
        **title_of(action),
        **{name: facts[name] for name in ("effect", "paginated", "stability") if name in facts},
        "fields": [field for field in _fields(action.input_schema) if field["key"] not in leave_out],
    }


def _fields(schema: Mapping[str, Any], *, hidden: bool = False) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for key, field in sorted(schema["properties"].items(), key=lambda each: each[0] not in required):
        if field.get("x-hidden") and not hidden:
            continue
        choices = [choice for choice in field.get("oneOf", ()) if "const" in choice]
        facts = {
            "key": key,
            "label": field.get("title", key),
            "types": _types(field),
            "required": key in required,
            "description": field.get("description"),
            "example": next(iter(field.get("examples", ())), None),
            "choices": [{"value": choice["const"], "label": choice["title"]} for choice in choices],
            "source": field.get("x-data-source"),
            "secret": field.get("writeOnly", False),
        }
        yield {name: value for name, value in facts.items() if value not in (None, [], False)}


def _types(field: Mapping[str, Any]) -> list[str]:
    named = field.get("type", [])
    kinds = [named] if isinstance(named, str) else named
    return list(dict.fromkeys(TYPES.get(kind, "json") for kind in kinds)) or ["json"]


def _package(component: Component) -> dict[str, Any]:
    return {
        "name": package_name(component),
        "version": component.manifest.version,
        "description": component.manifest.display.description,
        "license": "MIT",
        "keywords": ["node-red", component.key],
        "engines": {"node": OLDEST_NODE},
        "node-red": {"version": OLDEST_NODE_RED, "nodes": {component.key: "nodes.js"}},
        "files": ["*.js", "*.html", "*.json", "icons"],
    }


def _forms(catalog: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    yield _filled("connection.html", names)
    for resource, actions in catalog["resources"].items():
        rows = (f"<dt>{html.escape(each['label'])}</dt><dd>{html.escape(each['description'])}</dd>" for each in actions)
        yield _filled("form.html", {**names, "__RESOURCE__": resource, "__HELP__": "\n    ".join(rows)})
    # The editor gets the catalog and its code inside one element, which no text of the catalog may end.
    content = json.dumps(catalog, ensure_ascii=False).replace("</", "<\\/")
    code = f"(function () {{\nconst catalog = {content};\n{_filled('editor.js', names)}}})();\n"
    yield f'<script type="text/javascript">\n{code}</script>\n'


def _filled(name: str, names: Mapping[str, str]) -> str:
    text = (resources("connector.engines.node_red") / "templates" / name).read_text(encoding="utf-8")
    for placeholder, value in names.items():
        text = text.replace(placeholder, value)
    return text
