"""The explorer in Chromium: what only a browser can show. No test depends on time: each waits for what it expects."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import connector
from connector.common.value_paths import get_path, parse_path
from connector.explorer.app import Explorer
from connector.explorer.guard import Guard
from connector.explorer.site import Target
from connector.sandbox_kit import asgi_server
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.explorer.conftest import FLOWS
from tests.explorer.test_flows import CREATE, HEAD, step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = os.environ.get("TESTS_CHROMIUM")
AXE = Path(os.environ.get("TESTS_AXE", "nowhere")) / "axe.min.js"
TIMEOUT = 60_000
SOURCE = "rh5BDZp6QDHvXFCkibm1pR"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="TESTS_CHROMIUM names no browser, or Playwright is not installed",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


class ServedExplorer:
    """An explorer that is served, and the browser that shows it.

    Attributes:
        sandbox: The sandbox behind it.
        url: Where it is served.
        errors: What the console of the browser reported.
    """

    def __init__(self, browser: Browser, workspace: Sandbox, guard: Guard, url: str, links: list[str]) -> None:
        self.sandbox = workspace
        self.url = url
        self.errors: list[str] = []
        self._browser = browser
        self._links = links
        guard.bind(url)

    @contextmanager
    def page(self, path: str = "", **settings: Any) -> Iterator[Page]:
        """Open the explorer in a browser of its own, with the last link."""
        context = self._browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self._links[-1])
        if path:
            page.goto(self.url + path)
        yield page
        context.close()


@pytest.fixture
def served(component: connector.Component, browser: Browser, tmp_path: Path) -> Iterator[ServedExplorer]:
    shutil.copy(FLOWS / "change_sources.yaml", tmp_path)
    second = step("Second", "createSource", slug="second", enabled="true", metadataId="IqDTy1TpoU")
    (tmp_path / "two.yaml").write_text(HEAD.format(name="Create Two Sources") + CREATE + second)
    with sandbox(component) as workspace:
        target = Target(runner=workspace.runner(), name="Sandbox: nothing is real", sandbox=workspace, flows=tmp_path)
        explorer = Explorer(target)
        links: list[str] = []
        guard = Guard(explorer.asgi(), links.append)
        with asgi_server.serve(guard) as url:
            explored = ServedExplorer(browser, workspace, guard, url, links)
            yield explored
        explorer.close()
        assert explored.errors == []


def test_action_is_found_filled_in_and_run_by_keyboard(served: ServedExplorer) -> None:
    with served.page() as page:
        assert "token" not in page.url
        page.keyboard.press("/")
        page.keyboard.type("update source")
        page.keyboard.press("Enter")
        page.wait_for_url("**/actions/updateSource")
        page.focus("#i-sourceId")
        page.keyboard.type("web")
        page.wait_for_selector(".picker li[data-value]:nth-child(2)")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        assert page.get_attribute("#i-sourceId", "aria-activedescendant") == "o-sourceId-1"
        page.keyboard.press("Enter")
        assert page.input_value("#i-sourceId") == SOURCE
        assert page.text_content(".picked") == "web"
        page.focus("input[name=enabled]:checked")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#result .tree")

    assert served.sandbox.requests[-1].body == {"enabled": False}


def test_not_set_false_and_empty_are_sent_as_they_are(served: ServedExplorer) -> None:
    with served.page("/actions/updateSource") as page:
        page.fill("#i-sourceId", SOURCE)
        page.check('[data-key="name"] [data-empty]')
        page.click('[data-key="enabled"] label:has-text("false")')
        page.wait_for_selector("#count:has-text('3 of 5 set')")
        page.click("#show")
        page.wait_for_selector(".would pre")
        request = page.text_content(".would pre") or ""

    assert '"name": ""' in request
    assert '"enabled": false' in request
    assert "slug" not in request
    assert "PATCH" in request
    assert "PATCH" not in {each.method for each in served.sandbox.requests}


def test_problems_appear_at_their_field_while_typing(served: ServedExplorer) -> None:
    with served.page("/actions/updateSource") as page:
        page.fill("#i-settings", '{"websiteUrl": ')
        page.wait_for_selector("#e-settings:has-text('must be a JSON object')")
        assert page.is_hidden("#e-sourceId")  # it was not touched yet
        page.click("button.main")
        page.wait_for_selector("#e-sourceId:has-text('is required')")
        assert page.get_attribute("#i-sourceId", "aria-invalid") is not None
        page.fill("#i-settings", "{}")
        page.wait_for_selector("#e-settings", state="hidden")

    assert served.sandbox.requests == [] or {each.method for each in served.sandbox.requests} == {"GET"}


def test_destructive_action_asks_and_sends_nothing_when_cancelled(served: ServedExplorer) -> None:
    with served.page("/actions/deleteSource") as page:
        page.fill("#i-sourceId", SOURCE)
        page.click("button.main")
        page.wait_for_selector(f"dialog[open] pre:has-text('/sources/{SOURCE}')")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")
        assert SOURCE in [source["id"] for source in served.sandbox.sources]
        page.click("button.main")
        page.click("dialog[open] #ask-yes")
        page.wait_for_selector("#result .badge.good")

    assert SOURCE not in [source["id"] for source in served.sandbox.sources]


def test_next_page_is_fetched_and_a_copied_path_resolves(served: ServedExplorer) -> None:
    payload = {"data": {"sources": [served.sandbox.sources[1]]}}
    with served.page("/actions/listSources") as page:
        page.fill("#i-count", "1")
        page.click("button.main")
        page.click("#next")
        page.wait_for_selector(f"#result .leaf:has-text('{served.sandbox.sources[1]['id']}')")
        assert page.input_value("#i-cursor") != ""
        page.click("#result .leaf:has-text('id:') [data-copy] >> nth=0")
        page.wait_for_selector("#toast:has-text('Copied')")
        path = str(page.evaluate("navigator.clipboard.readText()"))
        page.click("#t-python")
        words = page.text_content("#snippet") or ""

    # A copied path begins with the variable of the step, and its results are the payload.
    variable, *rest = parse_path(path)
    assert variable == "listSources"
    assert get_path({"results": {"data": payload}}, tuple(rest)) == served.sandbox.sources[1]["id"]
    assert "runner.invoke('listSources'" in words


def test_run_is_watched_through_a_rate_limit_and_a_reload(served: ServedExplorer) -> None:
    served.sandbox.add_fault("rate-limit:1/s")
    sources = [source["id"] for source in served.sandbox.sources]
    rows = ", ".join(f'{{"sourceId": "{source}", "enabled": false}}' for source in sources[:3])
    with served.page("/flows/change_sources.yaml") as page:
        page.fill("#payload", f"[{rows}]")
        page.click("#start button.main")
        page.wait_for_url("**/runs/*")
        page.wait_for_selector('.box[data-step="Each Source"][data-state]:not([data-state=""])')
        page.reload()
        page.wait_for_selector("body[data-ended]", state="attached")
        assert "done" in (page.text_content("#status") or "")
        assert "3 done" in (page.text_content('.box[data-step="Update Source"]') or "")
        assert page.locator("#timeline .wait").count() > 0
        page.locator('#timeline .line[data-path="eachSource.1/updateSource"]').focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#step p:has-text('eachSource.1/updateSource')")
        page.wait_for_selector("#step .tree")

    assert [source["enabled"] for source in served.sandbox.sources][:3] == [False] * 3


def test_failed_run_is_resumed_and_undone(served: ServedExplorer) -> None:
    before = len(served.sandbox.sources)
    served.sandbox.add_fault("error:403:createSource#2")
    with served.page("/flows/two.yaml") as page:
        page.click("#start button.main")
        page.wait_for_url("**/runs/*")
        page.wait_for_selector("#resume")
        page.wait_for_selector('.box[data-state="failed"]')
        assert len(served.sandbox.sources) == before + 1
        page.click("#resume")
        page.wait_for_selector("#status:has-text('done')")
        assert len(served.sandbox.sources) == before + 2
        page.click("#undo")
        page.click("dialog[open] #ask-yes")
        page.wait_for_selector("#outcome:has-text('Deleted')")

    assert len(served.sandbox.sources) == before


def test_run_page_says_that_the_connection_is_lost_until_it_is_back(served: ServedExplorer) -> None:
    streams = iter(["retry: 1\n\n"])

    def answer(route: Route) -> None:
        stream = next(streams, None)
        if stream is None:
            route.abort("connectionrefused")
        else:
            route.fulfill(content_type="text/event-stream", body=stream)

    with served.page("/flows/two.yaml") as page:
        page.route("**/events", answer)
        page.click("#start button.main")
        page.wait_for_selector("#outcome:has-text('The connection is lost. Open the link')")
        assert page.text_content("#status") == "connection lost"
        page.unroute("**/events")
        page.wait_for_selector("body[data-ended]", state="attached")
        assert "done" in (page.text_content("#status") or "")
        assert page.text_content("#outcome") == ""

    assert all("ERR_CONNECTION_REFUSED" in error for error in served.errors)
    served.errors.clear()


def test_load_of_a_state_asks_before_it_replaces_the_records(served: ServedExplorer, tmp_path: Path) -> None:
    before = len(served.sandbox.sources)
    state = tmp_path / "state.json"
    state.write_text('{"sources": []}')
    with served.page("/sandbox") as page:
        page.set_input_files("#load", state)
        page.click("dialog[open] button[value=no]")
        page.wait_for_selector("dialog[open]", state="detached")
        assert len(served.sandbox.sources) == before
        page.set_input_files("#load", state)
        page.wait_for_selector("dialog[open]:has-text('All records are replaced')")
        with page.expect_navigation():
            page.click("dialog[open] #ask-yes")

    assert served.sandbox.sources == []


HOSTILE = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "{{7*7}}",
    "\u202egnp.exe",
    "x" * 10_000,
)


def test_hostile_names_do_nothing_on_every_screen(served: ServedExplorer, tmp_path: Path) -> None:
    runner = served.sandbox.runner()
    for source, name in zip(served.sandbox.sources, HOSTILE, strict=True):
        runner.invoke("updateSource", {"sourceId": source["id"], "name": name})
    with served.page("/actions/listSources") as page:
        page.click("button.main")
        page.wait_for_selector("#result .tree")
        for summary in page.locator("#result details:not([open]) > summary").all():
            summary.click()
        page.goto(f"{served.url}/workspace")
        page.wait_for_selector("#volumes svg")
        for path in (
            "/workspace?search=%3Cscript%3Ewindow.hit=1%3C/script%3E",
            "/sandbox",
            "/flows",
            "/actions/getSource",
        ):
            page.goto(served.url + path)
        page.focus("#i-sourceId")
        page.wait_for_selector(".picker li[data-value]")
        page.fill("#i-sourceId", HOSTILE[1])
        page.click("button.main")
        page.wait_for_selector("#result .fail")

        assert page.evaluate("window.hit") is None
        assert page.locator("main script, main img").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


MODES: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 400, "height": 800}},
}


@pytest.mark.skipif(not AXE.is_file(), reason="TESTS_AXE names no folder with axe-core")
@pytest.mark.parametrize("mode", MODES)
def test_screens_have_no_violations_of_accessibility(served: ServedExplorer, mode: str) -> None:
    with served.page(**MODES[mode]) as page:
        page.click("button.main")
        page.wait_for_selector("#result .tree")
        assert violations(page) == []
        page.goto(f"{served.url}/actions/updateSource")
        page.focus("#i-sourceId")
        page.wait_for_selector(".picker li[data-value]")
        assert violations(page) == []
        page.click("#show")
        page.wait_for_selector(".fail")
        assert violations(page) == []
        page.goto(f"{served.url}/workspace")
        page.wait_for_selector("#volumes svg")
        assert violations(page) == []
        page.goto(f"{served.url}/sandbox")
        page.click("summary:has-text('Assumptions')")
        assert violations(page) == []
        page.goto(f"{served.url}/flows/change_sources.yaml")
        assert violations(page) == []
        page.fill("#payload", f'[{{"sourceId": "{SOURCE}", "enabled": false}}]')
        page.click("#start button.main")
        page.wait_for_selector("body[data-ended]", state="attached")
        page.click('.box[data-step="Update Source"]')
        page.wait_for_selector("#step .tree")
        assert violations(page) == []
        page.goto(f"{served.url}/flows")
        assert violations(page) == []


def violations(page: Page) -> list[Any]:
    """Return what axe-core finds on a page, and whether the page is wider than the window."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    entries: list[Any] = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
        ".map(one => [one.id, one.nodes[0].html, one.nodes[0].any[0]?.message])"
    )
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*entries, *(["wider than the window"] if is_wide else [])]
