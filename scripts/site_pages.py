"""A hook of the site, for what differs from the pages in the repository.

Links to files of the repository work only there; on the site, they become the names of the files. A table in the
repository needs a backslash before a `|` in code, which the site would show.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, *, page: Any, **_others: Any) -> str:
    """Return the page as the site shows it."""
    folder = (DOCS / page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        return f"{link[1]} (`{target.relative_to(DOCS.parent)}` in the repository)"

    lines = _LINK.sub(replaced, markdown).split("\n")
    return "\n".join(_CODE.sub(_unescaped, line) if line.startswith("|") else line for line in lines)


def _unescaped(code: re.Match[str]) -> str:
    return code[0].replace("\\|", "|")
