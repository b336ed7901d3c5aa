"""Writes the pictures of the documentation: `python -m tests.explorer.pictures`. It needs Chromium."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import connector
from connector.explorer.app import Explorer
from connector.explorer.guard import Guard
from connector.explorer.site import Target
from connector.sandbox_kit import asgi_server
from connector.testing import sandbox

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SOURCES = ("rYxTjyaPtAELCjnFE5EYfM", "qQEHquLrjRDN9j1ByrChyn", "gone", "rh5BDZp6QDHvXFCkibm1pR")


def take(page: Any, url: str) -> dict[str, bytes]:
    """Return the pictures by name."""
    pictures = {}
    page.goto(f"{url}/actions/updateSource")
    page.focus("#i-sourceId")
    page.keyboard.type("web")
    page.wait_for_selector(".picker li[data-value]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.click('.tri label:has-text("false")')
    page.fill("#i-settings", '{"websiteUrl": ')
    page.wait_for_selector("#e-settings:has-text('JSON')")
    page.fill("#i-name", "Shop")
    page.click("#show")
    page.wait_for_selector(".fail")
    pictures["actions"] = page.screenshot()
    page.goto(f"{url}/workspace")
    page.wait_for_selector("#volumes svg")
    page.mouse.move(0, 0)
    pictures["workspace"] = page.screenshot()
    page.goto(f"{url}/flows/change_sources.yaml")
    rows = ", ".join(f'{{"sourceId": "{source}", "enabled": false}}' for source in SOURCES)
    page.fill("#payload", f"[{rows}]")
    page.click("#start button.main")
    page.wait_for_selector("body[data-ended]", state="attached")
    page.click('.box[data-step="Update Source"]')
    page.wait_for_selector("#step .tree")
    pictures["flow"] = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": 1180, "height": 1150})
    return pictures


def main() -> None:
    from playwright.sync_api import sync_playwright

    component = connector.load_component()
    links: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sandbox(component) as workspace, sync_playwright() as playwright:
        for source in workspace.sources[3:]:
            workspace.runner().invoke("updateSource", {"sourceId": source["id"], "enabled": False})
        shutil.copy(ROOT / "examples" / "flows" / "change_sources.yaml", folder)
        name = "Sandbox: nothing is real"
        explorer = Explorer(Target(runner=workspace.runner(), name=name, sandbox=workspace, flows=Path(folder)))
        guard = Guard(explorer.asgi(), links.append)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        with asgi_server.serve(guard) as url:
            guard.bind(url)
            page = chromium.new_page(viewport={"width": 1180, "height": 740})
            page.goto(links[-1])
            pictures = take(page, url)
        explorer.close()
        chromium.close()
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        (PICTURES / f"{name}.png").write_bytes(picture)
        sys.stdout.write(f"{name}.png: {len(picture):,} bytes\n")


if __name__ == "__main__":
    main()
