"""A hook of the site: links from a page to a file of the repository become the name of the file.

The pages are also read in the repository, where such links work; the site has only the pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, *, page: Any, **_others: Any) -> str:
    """Replace the links of a page that lead out of the folder of the pages."""
    folder = (DOCS / page.file.src_uri).parent

    def replaced(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(DOCS):
            return link[0]
        return f"{link[1]} (`{target.relative_to(DOCS.parent)}` in the repository)"

    return _LINK.sub(replaced, markdown)
