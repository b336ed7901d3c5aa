"""Files from templates, and the entries of a resource in a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from connector.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".txt"  # of each template, so that no tool takes one for a module of this package

ENTRIES = {
    "dataSources": {"__camelItems__": ("Fetch __Items label__", "Fetch the choices of the __item words__ inputs.")},
    "actions": {
        "list__Items__": ("List __Items label__", "Returns a list of __item words__ records."),
        "get__Item__": ("Get __Item label__", "Returns the __item words__ with an ID."),
        "create__Item__": ("Create __Item label__", "Creates one __item words__."),
    },
}
"""Label and description of each definition of a resource, by key, by section of the manifest."""


def files_of(template: str, names: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of a template, by their paths."""
    folder = TEMPLATES / template
    files = sorted(folder.rglob(f"*{SUFFIX}"))
    texts = {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}
    return {fill(path.removesuffix(SUFFIX), names): fill(text, names).encode() for path, text in texts.items()}


def fill(text: str, names: Mapping[str, str]) -> str:
    """Return a text with names in place of the placeholders."""
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text


def add_entries(manifest: str, names: Mapping[str, str]) -> str:
    """Return a manifest with the entries of a resource; all other lines stay unchanged.

    Raises:
        UsageError: If a section is not written as indented lines.
    """
    for section, entries in ENTRIES.items():
        filled = {fill(key, names): [fill(text, names) for text in texts] for key, texts in entries.items()}
        manifest = _add(manifest, section, filled)
    return manifest


def _add(manifest: str, section: str, entries: Mapping[str, list[str]]) -> str:
    if not re.search(rf"^{section}\s*:", manifest, re.MULTILINE):
        manifest = f"{manifest.rstrip()}\n\n{section}:\n"
    # The section ends before the next line that is not indented; the blank lines between them stay behind it.
    match = re.search(rf"^{section}\s*:[ \t]*(?:#.*)?\n(?:(?:[ \t]+\S.*|[ \t]*)(?:\n|\Z))*", manifest, re.MULTILINE)
    if match is None:
        raise UsageError(f'cannot add to "{section}" of the manifest', hint="Write its entries as indented lines.")
    body = match[0].rstrip()
    first = re.search(r"^([ \t]+)\w", body, re.MULTILINE)
    indent = first[1] if first else "  "
    lines = [
        line
        for key, (label, description) in entries.items()
        for line in (f"{key}:", f"{indent}label: {label}", f"{indent}description: {description}")
    ]
    added = "".join(f"\n{indent}{line}" for line in lines)
    rest = manifest[match.end() :]
    return f"{manifest[: match.start()]}{body}{added}\n" + (f"\n{rest}" if rest else "")
