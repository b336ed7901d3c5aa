"""The package: the template, the table, the component's own code, its icon, and a README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

from connector.component.component import Component
from connector.engines.prismatic.module import HEAD, module_of
from connector.engines.prismatic.table import FOLDER, Table, table
from connector.engines.prismatic.typescript import constant
from connector.errors import ComponentError, UsageError

TEMPLATE = Path(__file__).parent / "template"

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

Files = dict[str, bytes]
"""Content by path in the package."""


def package(component: Component, key: str | None = None, label: str | None = None) -> Files:
    """Return the files of a TypeScript package of a component.

    Args:
        component: The component.
        key: Key of the exported component. Default: the component's, with `-connector`.
        label: Its label in Prismatic. Default: the component's, with `Connector`.

    Raises:
        UsageError: If the key is invalid.
        ComponentError: If the component has no icon, or a definition that no table can express and no code for it.
    """
    key = key or f"{component.key}-connector"
    label = label or f"{component.manifest.display.label} Connector"
    if not _KEY.fullmatch(key):
        raise UsageError(f'invalid key "{key}"', hint="Use letters, digits, and hyphens, and begin with a letter.")
    rows = table(component)
    resources = {name: action.resource for name, action in component.actions.items()}
    files = {path: (TEMPLATE / path).read_bytes() for path in _paths(TEMPLATE)}
    files |= {
        f"src/{path}": (component.folder / FOLDER / path).read_bytes() for path in _paths(component.folder / FOLDER)
    }
    files["src/operations.ts"] = module_of(rows, key, label, resources).encode()
    files["src/examples.ts"] = (
        HEAD + constant("\nexport const examples: Record<string, unknown>", _examples(component, rows))
    ).encode()
    files["assets/icon.png"] = _icon(component)
    files[".gitignore"] = b"dist/\nnode_modules/\n"
    for name in ("package.json", "package-lock.json"):
        files[name] = _json(_named(json.loads(files[name]), key, component.manifest.version))
    files["README.md"] = _readme(component, rows, key, label)
    return files


def _paths(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def _named(manifest: dict[str, Any], key: str, version: str) -> dict[str, Any]:
    own = {"name": key, "version": version}
    if "packages" not in manifest:
        return manifest | own
    return manifest | own | {"packages": {**manifest["packages"], "": manifest["packages"][""] | own}}


def _examples(component: Component, rows: Table) -> dict[str, Any]:
    definitions = [component.actions[row["key"]] for row in rows.actions]
    sources = [component.data_sources[row["key"]] for row in rows.data_sources]
    return {each.key: each.example for each in [*definitions, *sources] if each.example is not None}


def _icon(component: Component) -> bytes:
    path = component.folder / component.manifest.display.icon_path
    if component.manifest.display.icon_path and path.is_file():
        return path.read_bytes()
    raise ComponentError("the component has no icon", hint="Name a PNG file as display.iconPath in the manifest.")


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def _readme(component: Component, rows: Table, key: str, label: str) -> bytes:
    dependencies = json.loads((TEMPLATE / "package.json").read_bytes())["dependencies"]
    values = {
        "label": label,
        "key": key,
        "version": component.manifest.version,
        "actions": len(rows.actions),
        "sources": len(rows.data_sources),
        "spectral": dependencies["@prismatic-io/spectral"],
    }
    return Template((TEMPLATE / "README.md").read_text(encoding="utf-8")).substitute(values).encode()
