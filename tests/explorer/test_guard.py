"""The guard of the explorer: links, cookies, hosts, origins, bodies, and headers."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

import connector
from tests.explorer.conftest import JSON, PORT, URL, Explored, exploring

PAGE = "/actions/listSources"
CALL = b'{"inputs": {"count": 1}}'
SOURCE = "rh5BDZp6QDHvXFCkibm1pR"


@pytest.fixture(scope="module")
def shared(component: connector.Component) -> Iterator[Explored]:
    with exploring(component) as client:
        yield client


@pytest.fixture
def explored(shared: Explored) -> Explored:
    shared.sandbox.reset()
    return shared


def test_page_without_a_cookie_is_locked(explored: Explored) -> None:
    for path in (PAGE, "/", "/static/x/explorer.js", "/history/1", "/sandbox", "/sandbox/dump"):
        locked = explored.send("GET", path)
        assert locked.status == 403
        assert "Open the link that the terminal prints" in locked.text


def test_link_opens_the_page_once_and_leaves_a_clean_address(explored: Explored) -> None:
    link = explored.links[-1].removeprefix(URL)

    first, second = explored.send("GET", link + "&x=1"), explored.send("GET", link)

    assert (first.status, first.header("Location")) == (303, "/?x=1")
    assert "HttpOnly; SameSite=Lax; Path=/" in str(first.header("Set-Cookie"))
    assert f"connector-explorer-{PORT}=" in str(first.header("Set-Cookie"))
    assert second.status == 403


def test_used_link_is_replaced_by_a_new_one(explored: Explored) -> None:
    before = len(explored.links)
    explored.open()

    assert len(explored.links) == before + 1
    assert len(set(explored.links)) == before + 1
    assert len(explored.links[-1].partition("token=")[2]) == 32  # 192 bits


def test_prefetch_does_not_use_the_link_up(explored: Explored) -> None:
    link = explored.links[-1].removeprefix(URL)

    assert explored.send("GET", link, {"Sec-Purpose": "prefetch;prerender"}).status == 403
    assert explored.send("GET", link).status == 303


def test_used_link_with_a_cookie_leads_to_the_page(explored: Explored) -> None:
    assert explored.get(explored.links[0].removeprefix(URL)).header("Location") == "/"


@pytest.mark.parametrize("token", ["", "wrong", "%00", "x" * 5000])
def test_wrong_token_is_rejected(explored: Explored, token: str) -> None:
    assert explored.send("GET", f"/?token={token}").status == 403


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "/%0d%0aSet-Cookie:x"])
def test_link_redirects_to_this_server_only(explored: Explored, path: str) -> None:
    token = explored.links[-1].partition("?")[2]

    location = explored.send("GET", f"{path}?{token}").header("Location")

    assert location is not None
    assert location.startswith("/")
    assert location[1:2] not in {"/", "\\"}
    assert "\r" not in location


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        f"127.0.0.1.nip.io:{PORT}",
        "",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        f"127.0.0.1:{PORT}@evil",
        f"localhost.evil:{PORT}",
    ],
)
def test_other_host_is_rejected_even_with_the_cookie(explored: Explored, host: str) -> None:
    assert explored.send("GET", PAGE, {"Cookie": explored.cookie}, host=host).status == 421


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_every_name_of_loopback_is_accepted(explored: Explored, host: str) -> None:
    assert explored.send("GET", PAGE, {"Cookie": explored.cookie}, host=host).status == 200


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://127.0.0.1:9999", f"https://127.0.0.1:{PORT}", URL + ".evil"],
)
def test_post_of_another_origin_is_rejected(explored: Explored, origin: str | None) -> None:
    headers = {"Cookie": explored.cookie, "Content-Type": "application/json"} | ({"Origin": origin} if origin else {})

    assert explored.send("POST", "/call/listSources", headers, CALL).status == 403
    assert explored.sandbox.requests == []


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_post_of_a_form_is_rejected(explored: Explored, media_type: str) -> None:
    headers = {"Cookie": explored.cookie, "Origin": URL, "Content-Type": media_type}

    assert explored.send("POST", "/call/listSources", headers, CALL).status == 415


def test_post_without_a_cookie_is_rejected(explored: Explored) -> None:
    assert explored.send("POST", "/call/listSources", JSON, CALL).status == 403
    assert explored.send("POST", "/call/listSources", {**JSON, "Cookie": explored.cookie + "x"}, CALL).status == 403


@pytest.mark.parametrize("cookie", ["connector-explorer-1={}", "connector-explorer-8731x={}", "x={}"])
def test_cookie_of_another_name_is_rejected(explored: Explored, cookie: str) -> None:
    value = explored.cookie.partition("=")[2]

    assert explored.send("GET", PAGE, {"Cookie": cookie.format(value)}).status == 403


@pytest.mark.parametrize(
    ("site", "mode", "status"),
    [
        ("cross-site", "no-cors", 403),
        ("same-site", "cors", 403),
        ("cross-site", "cors", 403),
        ("cross-site", "navigate", 200),
        ("same-origin", "cors", 200),
        ("none", "navigate", 200),
    ],
)
def test_other_sites_may_only_lead_here(explored: Explored, site: str, mode: str, status: int) -> None:
    assert explored.get(PAGE, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/../app.py",
        "/static/x/..%2fapp.py",
        "/static/x/app.py",
        "/actions/nope",
        "/actions/<script>",
        "/choices/nope",
        "/history/999",
        "/nope",
        "/workspace/nope",
    ],
)
def test_unknown_path_is_not_found(explored: Explored, path: str) -> None:
    assert explored.get(path).status == 404


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b'{"inputs": []}', b'{"inputs": 5}', b"{" * 100_000, b'{"inputs":{"a":' + b"[" * 5000, b"\xff\xfe"],
    ids=["list", "open", "list of inputs", "number", "deep", "deep inputs", "bytes"],
)
def test_body_that_is_not_an_object_is_rejected(explored: Explored, body: bytes) -> None:
    rejected = explored.post("/call/listSources", body)

    assert rejected.status == 400
    assert "Traceback" not in rejected.text


def test_body_that_is_too_large_is_rejected(explored: Explored) -> None:
    assert explored.post("/call/listSources", b" " * 4_000_001).status == 413


def test_destructive_action_needs_a_confirmation(explored: Explored) -> None:
    for confirmed in (None, False, "true", 1):
        call = explored.call("deleteSource", {"sourceId": SOURCE}, confirmed=confirmed)
        assert call["state"] == "ask"
        assert call["request"]["method"] == "DELETE"
    raw = explored.call("rawRequest", {"method": "DELETE", "url": f"/sources/{SOURCE}"})
    assert raw["state"] == "ask"
    assert SOURCE in [source["id"] for source in explored.sandbox.sources]
    assert explored.sandbox.requests == []

    assert explored.call("deleteSource", {"sourceId": SOURCE}, confirmed=True)["state"] == "done"
    assert SOURCE not in [source["id"] for source in explored.sandbox.sources]


def test_raw_read_needs_no_confirmation(explored: Explored) -> None:
    assert explored.call("rawRequest", {"method": "GET", "url": "/sources?pagination[count]=1"})["state"] == "done"


class _Inline(HTMLParser):
    """Collects what the policy of the page would block."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if (tag == "script" and not named.get("src")) or tag == "style":
            self.blocked.append(tag)
        self.blocked += [name for name in named if name == "style" or name.startswith("on")]
        self.blocked += [value or "" for value in named.values() if (value or "").lower().startswith("javascript:")]


@pytest.mark.parametrize("path", [PAGE, "/actions/updateSource", "/sandbox", "/nope"])
def test_pages_have_a_strict_policy_and_nothing_inline(explored: Explored, path: str) -> None:
    page = explored.get(path)
    parser = _Inline()
    parser.feed(page.text)

    assert parser.blocked == []
    policy = str(page.header("Content-Security-Policy"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert page.header("Cache-Control") == "no-store"
    assert page.header("X-Content-Type-Options") == "nosniff"


def test_static_file_is_kept_by_its_digest(explored: Explored) -> None:
    page = explored.get(PAGE).text
    path = next(part for part in page.split('"') if part.endswith("/explorer.js"))

    assert "immutable" in str(explored.get(path).header("Cache-Control"))


def test_no_page_holds_the_token(explored: Explored) -> None:
    explored.call("listSources", {})
    explored.call("updateSource", {"sourceId": SOURCE, "name": "x"}, how="show")
    snippets = explored.post("/snippets/listSources", {"inputs": {}}).text
    paths = (PAGE, "/sandbox", "/sandbox/requests", "/sandbox/dump", "/history", "/history/1", "/history/1?reveal=1")
    everything = snippets + "".join(explored.get(path).text for path in paths)

    assert explored.sandbox.token not in everything
    assert explored.sandbox.restricted_token not in everything
