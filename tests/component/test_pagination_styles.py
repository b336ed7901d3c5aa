"""The four styles of pages: every record once, and an end only where the service says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import Pagination
from connector.describe.check import component_problems
from connector.errors import InputError, InvalidResponseError, PaginationError
from connector.testing import Harness
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

MANIFEST = """\
key: shelf
version: 1.0.0
display: {label: Shelf, description: Books.}
connections:
  login: {label: Login, description: A URL.}
actions:
  listBooks: {label: List Books, description: List the books.}
"""
CODE = """\
from typing import Annotated
from pydantic import MISSING
from connector import Context, Input, Inputs, Pagination, Payload, action

class Page(Inputs):
    count: Annotated[int, Input(label="Count", comments="How many.", example=2)] | MISSING = MISSING
    cursor: Annotated[str, Input(label="Cursor", comments="Where to begin.")] | MISSING = MISSING
    fetch_all: Annotated[bool, Input(label="All", comments="Everything.", type="boolean")] | MISSING = MISSING

@action("listBooks", pagination=Pagination(size=2, PAGINATION))
def list_books(context: Context, inputs: Page) -> Payload:
    return context.api.CALL
"""
LOGIN = """\
from typing import Annotated
from connector import Input, Inputs, connection
from connector.rest import Endpoint

class Login(Inputs):
    url: Annotated[str, Input(label="URL", comments="Where it is.", example="http://127.0.0.1:9")]

@connection("login")
def login(fields: Login, _requested: object) -> Endpoint:
    return Endpoint(base_url=fields.url)
"""
PLAIN = 'get("books", query=inputs.body("count", "cursor"))'
LINKED = 'get_page("books", query=inputs.body("count"), link=inputs.cursor)'
BOOKS = [{"id": number} for number in range(6)]


@pytest.fixture
def shelf(tmp_path: Path, server: LoopbackServer) -> Callable[..., connector.Runner]:
    """Open a runner of a component whose list has some pagination."""

    def opened(pagination: str, call: str = PLAIN, example: str = '{"data": {"books": []}}') -> connector.Runner:
        folder = tmp_path / "shelf"
        (folder / "actions" / "examples").mkdir(parents=True)
        (folder / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
        (folder / "actions" / "examples" / "listBooks.json").write_text(example, encoding="utf-8")
        (folder / "connections").mkdir()
        (folder / "connections" / "login.py").write_text(LOGIN, encoding="utf-8")
        code = CODE.replace("PAGINATION", pagination).replace("CALL", call)
        (folder / "actions" / "books.py").write_text(code, encoding="utf-8")
        component = connector.load_component(folder / "manifest.yaml")
        return connector.Runner(component, {"key": "login", "fields": {"url": server.url}}, max_wait=0)

    return opened


def paged(
    books: list[Any], size: int, name: Callable[[int], dict[str, Any]]
) -> Callable[[ReceivedRequest], ServerResponse]:
    """A script that returns the books from the offset in `cursor`; `name` adds what the response says of the next."""

    def script(request: ReceivedRequest) -> ServerResponse:
        start = int(dict(request.query).get("cursor", 0))
        return ServerResponse({"books": books[start : start + size], **name(start + size)})

    return script


def by_page(books: list[Any], first: int = 1) -> Callable[[ReceivedRequest], ServerResponse]:
    def script(request: ReceivedRequest) -> ServerResponse:
        start = 2 * (int(dict(request.query).get("cursor", first)) - first)
        return ServerResponse({"books": books[start : start + 2]})

    return script


def by_link(books: list[Any], url: str) -> Callable[[ReceivedRequest], ServerResponse]:
    def script(request: ReceivedRequest) -> ServerResponse:
        start = int(dict(request.query).get("after", 0))
        links = [f'<{url}/books?after={start + 2}&count=2>; rel="next"', f'<{url}/books>; rel="first"']
        headers = {"Link": ", ".join(links if start + 2 < len(books) else links[1:])}
        return ServerResponse(books[start : start + 2], headers=headers)

    return script


DECLARED = {
    "cursor": ('records="$.data.books", cursor="$.data.page.next"', PLAIN),
    "offset": ('style="offset", records="$.data.books"', PLAIN),
    "page": ('style="page", records="$.data.books"', PLAIN),
    "link": ('style="link"', LINKED),
}
ENDS = {"short": [2, 2, 1], "full": [2, 2, 2], "empty": [2, 2, 0]}
"""How many records each of three pages has."""


def in_pages(style: str, sizes: list[int], url: str) -> Callable[[ReceivedRequest], ServerResponse]:
    """A script with these pages; what names a next page, in the body or as a header, is absent from the last one."""
    pages = [BOOKS[sum(sizes[:number]) : sum(sizes[: number + 1])] for number in range(len(sizes))]

    def script(request: ReceivedRequest) -> ServerResponse:
        query = dict(request.query)
        named = int(query.get("after", query.get("cursor", 1 if style == "page" else 0)))
        number = -(-named // 2) if style == "offset" else named - 1 if style == "page" else named
        books = pages[number] if number < len(pages) else []
        is_last = number >= len(pages) - 1
        if style == "link":
            link = {} if is_last else {"Link": f'<{url}/books?after={number + 1}>; rel="next"'}
            return ServerResponse(books, headers=link)
        page = {"page": {} if is_last else {"next": str(number + 1)}} if style == "cursor" else {}
        return ServerResponse({"books": books, **page})

    return script


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("style", DECLARED)
def test_every_record_of_three_pages_is_returned_once(shelf: Any, server: LoopbackServer, style: str, end: str) -> None:
    server.script = in_pages(style, ENDS[end], server.url)
    runner = shelf(*DECLARED[style])
    expected = BOOKS[: sum(ENDS[end])]

    assert list(runner.records("listBooks")) == expected
    first = len(server.requests)
    assert first == 3 + (style in {"offset", "page"} and end != "empty")  # these end at a page without records
    assert list(runner.records("listBooks", ahead=1)) == expected
    payload = runner.invoke("listBooks", {"fetchAll": True})["data"]
    assert payload["records" if style == "link" else "books"] == expected
    assert len(server.requests) == 3 * first


@pytest.mark.parametrize("count", [5, 6], ids=["last page is short", "last page is full"])
@pytest.mark.parametrize(
    ("pagination", "requests"),
    [
        ('style="offset", records="$.data.books"', {5: 4, 6: 4}),
        ('style="offset", records="$.data.books", total="$.data.total"', {5: 3, 6: 3}),
        ('style="offset", records="$.data.books", ends_at_short_page=True', {5: 3, 6: 4}),
    ],
)
def test_pages_by_offset_have_every_record_once(
    shelf: Any, server: LoopbackServer, pagination: str, requests: dict[int, int], count: int
) -> None:
    server.script = paged(BOOKS[:count], 2, lambda _next: {"total": count})

    assert list(shelf(pagination).records("listBooks")) == BOOKS[:count]
    assert len(server.requests) == requests[count]


@pytest.mark.parametrize("count", [5, 6], ids=["last page is short", "last page is full"])
@pytest.mark.parametrize("first", [0, 1])
def test_pages_by_number_have_every_record_once(shelf: Any, server: LoopbackServer, first: int, count: int) -> None:
    server.script = by_page(BOOKS[:count], first)

    runner = shelf(f'style="page", records="$.data.books", first_page={first}')

    assert list(runner.records("listBooks")) == BOOKS[:count]
    assert [dict(request.query).get("cursor") for request in server.requests] == [
        None,
        *map(str, range(first + 1, first + 4)),
    ]


@pytest.mark.parametrize("count", [0, 5, 6], ids=["no record", "last page is short", "last page is full"])
def test_pages_by_link_have_every_record_once(shelf: Any, server: LoopbackServer, count: int) -> None:
    server.script = by_link(BOOKS[:count], server.url)

    assert list(shelf('style="link"', LINKED).records("listBooks")) == BOOKS[:count]
    assert len(server.requests) == max(1, -(-count // 2))
    assert "count=2" in server.requests[-1].target


@pytest.mark.parametrize(("count", "empty"), [(5, False), (6, False), (6, True)])
def test_pages_by_cursor_have_every_record_once(shelf: Any, server: LoopbackServer, count: int, empty: bool) -> None:
    last = count + (1 if empty else 0)
    server.script = paged(BOOKS[:count], 2, lambda start: {"page": {"next": str(start)} if start < last else {}})

    assert list(shelf('records="$.data.books", cursor="$.data.page.next"').records("listBooks")) == BOOKS[:count]


def test_iteration_begins_at_the_page_that_the_inputs_name(shelf: Any, server: LoopbackServer) -> None:
    server.script = paged(BOOKS, 2, lambda _next: {"total": 6})

    runner = shelf('style="offset", records="$.data.books", total="$.data.total"')

    assert list(runner.records("listBooks", {"cursor": "4"})) == BOOKS[4:]
    assert len(server.requests) == 1


def test_short_page_is_not_the_end_of_a_service_that_returns_fewer(shelf: Any, server: LoopbackServer) -> None:
    server.script = paged(BOOKS, 1, lambda _next: {})

    assert list(shelf('style="offset", records="$.data.books"').records("listBooks")) == BOOKS


def test_fetch_all_takes_every_style(shelf: Any, server: LoopbackServer) -> None:
    server.script = by_link(BOOKS, server.url)

    payload = shelf('style="link"', LINKED).invoke("listBooks", {"fetchAll": True})

    assert payload == {"data": {"records": BOOKS}}


def test_last_page_by_link_names_no_next_one(shelf: Any, server: LoopbackServer) -> None:
    server.script = by_link(BOOKS[:2], server.url)

    assert shelf('style="link"', LINKED).invoke("listBooks") == {"data": {"records": BOOKS[:2]}}
    assert server.requests[0].headers["Accept"] == "application/json"


def test_cursor_without_its_place_is_an_error_and_not_the_end(shelf: Any, server: LoopbackServer) -> None:
    server.answer({"books": BOOKS[:2]})
    records = shelf('records="$.data.books", cursor="$.data.page.next"').records("listBooks")

    assert [next(records), next(records)] == BOOKS[:2]
    with pytest.raises(InvalidResponseError, match=r"response has nothing at \$\.data\.page"):
        next(records)


def test_service_that_ignores_the_page_is_an_error(shelf: Any, server: LoopbackServer) -> None:
    server.answer({"books": BOOKS[:2]})

    with pytest.raises(PaginationError, match="the API returned the same page twice"):
        list(shelf('style="page", records="$.data.books"').records("listBooks"))


def test_link_to_another_service_is_never_followed(shelf: Any, server: LoopbackServer) -> None:
    server.answer(ServerResponse(BOOKS[:2], headers={"Link": '<https://evil.example/books>; rel="next"'}))
    runner = shelf('style="link"', LINKED)

    with pytest.raises(InvalidResponseError, match=r"a link to another service, evil\.example"):
        list(runner.records("listBooks"))
    with pytest.raises(InputError, match="without a host"):
        runner.invoke("listBooks", {"cursor": "https://evil.example/books"})
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, 'style "cursor" needs records'),
        ({"records": "$.data"}, 'style "cursor" needs cursor'),
        ({"records": "$.data", "style": "page", "cursor": "$.next"}, 'style "page" has no cursor'),
        ({"style": "link", "records": "$.data"}, "leave out records and cursor"),
    ],
)
def test_declaration_that_fits_no_style_is_rejected(arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pagination(**arguments)


@pytest.mark.parametrize("name", ["cursor", "total"])
def test_check_reports_a_path_that_the_example_does_not_have(shelf: Any, name: str) -> None:
    paths = {"cursor": "$.data.page.next", "total": "$.data.page.total"} | {name: "$.data.pages.nothing"}
    declaration = ", ".join(f'{key}="{path}"' for key, path in paths.items())
    runner = shelf(f'records="$.data.books", {declaration}', example='{"data": {"books": [], "page": {}}}')

    problems = [problem for problem in component_problems(lambda: runner.component) if "nothing at" in problem.message]

    assert [problem.message for problem in problems] == ["the example payload has nothing at $.data.pages"]


HARNESSED = [
    ('records="$.data.books", cursor="$.data.page.next"', PLAIN, {"books": [{"id": 9}], "page": {}}, 2),
    ('style="offset", records="$.data.books", total="$.data.total"', PLAIN, {"books": [{"id": 9}], "total": 1}, 2),
    ('style="offset", records="$.data.books"', PLAIN, {"books": [{"id": 9}]}, 3),
    ('style="page", records="$.data.books"', PLAIN, {"books": [{"id": 9}]}, 3),
    ('style="link"', LINKED, {"records": [{"id": 9}], "next": "/books?after=2"}, 2),
]


@pytest.mark.parametrize(("pagination", "call", "data", "requests"), HARNESSED)
def test_harness_knows_every_style(shelf: Any, pagination: str, call: str, data: Any, requests: int) -> None:
    with Harness(shelf(pagination, call, json.dumps({"data": data})).component) as harness:
        expected = harness.respond_with_example("listBooks")
        assert harness.invoke("listBooks") == expected == {"data": data}
        harness.respond_with_pages("listBooks", BOOKS[:2], BOOKS[2:5])
        assert list(harness.runner.records("listBooks")) == BOOKS[:5]
        assert len(harness.requests) == 1 + requests
