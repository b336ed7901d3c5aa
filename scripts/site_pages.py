"""A hook of the site, for what differs from the pages in the repository.

The changelog and the page about security are in the folder above the pages. Links to other files of the repository work
only there; on the site, they become the names of the files. A table in the repository needs a backslash before a `|` in
code, which the site would show. A diagram in Mermaid would need a script from the network, so its boxes become a list.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
FROM_ABOVE = {"CHANGELOG.md": "background/changelog.md", "SECURITY.md": "background/security.md"}
"""Pages of the site by the files in the folder above."""

_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BOX = re.compile(r'(subgraph )?\w+\["([^"]+)"\]')


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages from the folder above."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - only `make site` installs it

    for name, page in FROM_ABOVE.items():
        text = (DOCS.parent / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_others: Any) -> str:
    """Return the page as the site shows it."""
    folder = (DOCS / page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        name = target.relative_to(DOCS.parent).as_posix()
        if name in FROM_ABOVE:
            return f"[{link[1]}]({'../' * page.file.src_uri.count('/')}{FROM_ABOVE[name]})"
        place = "in the repository" if link[1].strip("`") == name else f"`{name}` in the repository"
        return f"{link[1]} ({place})"

    lines = _DIAGRAM.sub(_listed, _LINK.sub(replaced, markdown)).split("\n")
    return "\n".join(_CODE.sub(_unescaped, line) if line.startswith("|") else line for line in lines)


def _unescaped(code: re.Match[str]) -> str:
    return code[0].replace("\\|", "|")


def _listed(diagram: re.Match[str]) -> str:
    """Return the boxes of a diagram from top to bottom, below the names of their groups."""
    boxes = [("- " if group else "    - ") + text for group, text in _BOX.findall(diagram[1])]
    return "\n".join(boxes) + "\n"
