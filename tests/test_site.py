"""The site has every page, and no link that leads out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from scripts.site_pages import FROM_ABOVE, on_page_markdown

ROOT = Path(__file__).parents[1]


def on_site(markdown: str, path: str = "index.md") -> str:
    """Return what the site shows of a page."""
    page = SimpleNamespace(file=SimpleNamespace(src_uri=path))
    return on_page_markdown(markdown, page=page, config=None, files=None)


def pages(entry: Any) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for value in entry.values() if isinstance(entry, dict) else entry:
            yield from pages(value)


def test_navigation_has_every_page_once() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    files = [file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md")]

    assert sorted(pages(navigation)) == sorted([*files, *FROM_ABOVE.values()])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[Install](install.md#pip)", "[Install](install.md#pip)"),
        ("[site](https://example.com/../x)", "[site](https://example.com/../x)"),
        ("[above](#title)", "[above](#title)"),
        ("[`examples/component`](../examples/component)", "`examples/component` (in the repository)"),
        ("[changes](../CHANGELOG.md)", "[changes](background/changelog.md)"),
        ("[Contributing](../CONTRIBUTING.md)", "Contributing (`CONTRIBUTING.md` in the repository)"),
    ],
)
def test_link_to_a_file_of_the_repository_becomes_its_name(source: str, expected: str) -> None:
    assert on_site(source) == expected


def test_link_from_a_folder_to_a_page_from_above_leads_there() -> None:
    assert on_site("[changes](../../CHANGELOG.md)", "background/x.md") == "[changes](../background/changelog.md)"


def test_diagram_becomes_a_list() -> None:
    diagram = '```mermaid\nflowchart TB\n  subgraph sdk["SDK"]\n    a["cli"] --> b["rest"]\n  end\n```\n'

    assert on_site(f"Before\n\n{diagram}\nAfter") == "Before\n\n- SDK\n    - cli\n    - rest\n\n\nAfter"


def test_code_in_a_table_has_no_backslash_before_a_bar() -> None:
    assert on_site("| `[a\\|b]` | c \\| d |\ntext `a\\|b`") == "| `[a|b]` | c \\| d |\ntext `a\\|b`"


def test_site_loads_nothing_from_the_network() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))

    assert settings["theme"]["font"] is False
    assert {"search", "offline"} <= set(settings["plugins"])
    scripts = settings["extra"]["polyfills"]
    assert [name for name in scripts if "iframe-worker" in name], "without it, the plugin adds one from the network"
    assert all((ROOT / "docs" / name).is_file() for name in scripts)
