"""The calls that compare a Prismatic package with the component in Python, in groups."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import connector
from tests.conftest import TOKEN
from tests.engines.prismatic import fields_for
from tests.support.server import ReceivedRequest, ServerResponse
from tests.support.wire import all_rows

SEGMENT = connector.load_component(installed_plugins=False)
ROWS = {row.key: row for row in all_rows()}

SOURCE = {"sourceId": "s"}
READ = ("getSource", SOURCE)
WRITES = [
    ("updateSource", {**SOURCE, "name": "n"}),  # idempotent
    ("createSource", {"slug": "s", "enabled": True, "metadataId": "m"}),
]

CALLS = json.loads((Path(__file__).parent / "prismatic_calls.json").read_text(encoding="utf-8"))
"""Odd values for every input, and calls with odd inputs that need no special response."""

Answers = ServerResponse | Any | list[Any] | Callable[[ReceivedRequest], ServerResponse]


@dataclass(frozen=True)
class Case:
    """One call, and how the server answers."""

    key: str
    inputs: Any
    answers: Answers = field(default_factory=lambda: {"data": {"x": [1, None, "ü"], "y": 1.5}})
    kind: str = "action"
    fields: dict[str, str] | None = None


def required_inputs(key: str) -> dict[str, Any]:
    return {name: ROWS[key].inputs[name] for name in SEGMENT.actions[key].inputs.required_keys()}


def rows() -> Iterator[Case]:
    for key, row in ROWS.items():
        yield Case(key, row.inputs)
        optional = SEGMENT.actions[key].inputs.definitions().keys() - required_inputs(key).keys()
        yield Case(key, {**required_inputs(key), **dict.fromkeys(optional, "")})
        yield Case(key, {})


def recorded() -> Iterator[Case]:
    """Yield the inputs for which the requests of Segment's official SDKs were recorded."""
    entries = json.loads((Path(__file__).parents[1] / "recorded_requests.json").read_text(encoding="utf-8"))
    yield from (Case(entry["operation"], entry["inputs"]) for entry in entries if entry["operation"] in ROWS)


def odd() -> Iterator[Case]:
    for key in ROWS:
        for name in SEGMENT.actions[key].inputs.definitions():
            if name not in {"fetchAll", "timeout", "maxRetries"}:
                yield from (Case(key, {**required_inputs(key), name: value}) for value in CALLS["oddValues"])


def shapes() -> Iterator[Case]:
    yield from (Case(key, inputs) for key, inputs in CALLS["shapes"])


def _page(request: ReceivedRequest) -> ServerResponse:
    number = int(dict(request.query).get("pagination[cursor]", "0"))
    after = {"next": str(number + 1)} if number < 3 else {}
    names = ["b", "", None, "ß"]
    records = [
        {"id": f"{number}{n}", "slug": f"s{9 - number}", "name": names[number], "metadata": {"name": "K" if n else "k"}}
        for n in range(2)
    ]
    pagination = {"current": str(number), **after, "totalEntries": 8}
    return ServerResponse({"data": {request.path.rpartition("/")[2]: records, "pagination": pagination}})


def _endless(cursor: Any) -> Callable[[ReceivedRequest], ServerResponse]:
    body = {"data": {"sources": [], "pagination": {"current": "x", "next": cursor}}}
    return lambda _request: ServerResponse(body)


def _empty_pages(request: ReceivedRequest) -> ServerResponse:
    number = int(dict(request.query).get("pagination[cursor]", "0"))
    return ServerResponse({"data": {"sources": None, "pagination": {"next": str(number + 1)}}})


LISTLESS_BODIES: list[Any] = [None, {}, {"sources": {}}, {"sources": None}, [], "x"]

PICKLISTS: list[list[tuple[Any, Any]]] = [
    [
        ("2", "a"),
        ("1", "a"),
        ("3", "B"),
        ("4", "b"),
        ("5", None),
        ("", "x"),
        (None, "y"),
        (6, 7),
        ("1", "z"),
        ("9", "ä"),
    ],
    [({}, [])],
    [],
]


def pages() -> Iterator[Case]:
    yield Case("listSources", {"fetchAll": "true"}, _page)
    yield Case("listSources", {"fetchAll": True, "count": "3", "cursor": "1"}, _page)
    yield Case("listUsers", {"fetchAll": "yes"}, _page)
    yield Case("listDestinationSubscriptions", {"fetchAll": "1", "destinationId": "d"}, _page)
    yield Case("listConnectedSourcesFromWarehouse", {"fetchAll": True, "warehouseId": "w"}, _page)
    yield Case("listSources", {"fetchAll": True}, _empty_pages)
    for cursor in ("MQ==", 5, 0, "", None, {"a": 1}, ["a"]):
        yield Case("listSources", {"fetchAll": True}, _endless(cursor))
    for data in LISTLESS_BODIES:
        yield Case("listSources", {"fetchAll": True}, {"data": data})
    for key, region in (("sources", ""), ("destination", ""), ("warehouses", "api"), ("sources", "x")):
        yield Case(key, {"region": region}, _page, "dataSource")
    for pairs in PICKLISTS:
        records = [{"id": key, "slug": slug} for key, slug in pairs]
        yield Case("sources", {}, {"data": {"sources": records, "pagination": {}}}, "dataSource")
    unnamed = [{"id": "1", "name": "", "metadata": {"name": "n"}}, {"id": "2", "metadata": 3}]
    yield Case("destination", {}, {"data": {"destinations": unnamed}}, "dataSource")
    yield Case("sources", {}, {"data": {}}, "dataSource")
    yield Case("sources", {}, ServerResponse(b"", 403), "dataSource")


ERRORS = {
    "errors": [
        {"type": "bad", "message": "first", "field": "name"},
        {"message": f"has {TOKEN} in it"},
        *[{"type": "t"}, {}, 3, {"message": "in name", "field": "name"}, {"message": "half \ud800 a pair"}],
    ]
}


SECRET = 'hunter2 & "more"/ü+'


def _echoes(secret: str) -> Iterator[str]:
    """Yield the forms in which a service may repeat a secret."""
    yield from (secret, json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (base64.b64encode(before + secret.encode() + b"tail").decode() for before in (b"", b"a", b"ab"))
    yield from (quote(secret).lower(), secret[:9], f"{secret}{secret}")


def errors() -> Iterator[Case]:
    for status in (400, 401, 403, 404, 409, 413, 418, 422, 451, 501, 505, 302, 304, 201, 299):
        yield from (Case(*call, ServerResponse(ERRORS, status)) for call in (READ, *WRITES))
    html = b"<html><title> Sign\nin </title></html>"
    for body in (b"", b"plain text", html, b"<html>", b'{"errors": "no"}', b"[]", b"x" * 5000, b"\xff\xfe"):
        yield Case(*READ, ServerResponse(body, 404))
    for body in (b"", b" ", b"<html>", b"{"):
        yield from (Case(*call, ServerResponse(body, 200)) for call in (READ, *WRITES))
    yield Case("deleteSource", SOURCE, ServerResponse(b"", 204))
    yield Case("deleteSource", SOURCE, ServerResponse(b"", 205))
    for echo in _echoes(SECRET):
        settings = {**SOURCE, "settings": {"password": SECRET, "port": "443"}}
        yield Case("updateSource", settings, ServerResponse({"errors": [{"message": f"<{echo}> is weak"}]}, 400))
        yield Case("updateSource", settings, ServerResponse(f"weak: {echo}".encode(), 400))
    for masked in ({"a": "\u2022" * 10}, {"a": [{"b": "\u2022\u2022\u2022\u2022abcd"}]}):
        yield Case("updateSource", {**SOURCE, "settings": masked})
    yield Case("rawRequest", {"method": "POST", "url": "/sources", "data": {"settings": {"a": "\u2022" * 10}}})


def _limited(headers: dict[str, str] | None = None, body: Any = ERRORS, then: int = 200) -> list[ServerResponse]:
    return [ServerResponse(body, 429, headers or {}), ServerResponse({"data": {}}, then)]


def retries() -> Iterator[Case]:
    milliseconds = {"errors": [{"type": "rate", "message": "slow", "data": {"msBeforeNext": 900}}]}
    for headers in ({"Retry-After": "1"}, {"Retry-After": "0"}, {"Retry-After": "0.5 s"}, {"Retry-After": "500"}, None):
        yield Case(*READ, _limited(headers))
    yield Case(*READ, _limited({"X-RateLimit-Reset": "nonsense"}))
    yield Case(*READ, _limited(None, milliseconds))
    yield Case(*WRITES[0], _limited({"Retry-After": "1"}))
    yield Case(*WRITES[1], _limited(None, milliseconds, 422))
    for call in (READ, *WRITES, ("deleteSource", SOURCE)):
        for count in (1, 4):
            yield Case(*call, [ServerResponse(ERRORS, 503)] * count + [ServerResponse({"data": {}})])
            yield Case(*call, [ServerResponse(ERRORS, 408)] * count + [ServerResponse({"data": {}})])
            yield Case(*call, [ServerResponse(cut=True)] * count + [ServerResponse({"data": {}})])
            yield Case(*call, [ServerResponse({"data": {}}, promise=9)] * count + [ServerResponse({"data": {}})])
            yield Case(*call, [ServerResponse({"data": {}}, 404, promise=9)] * count + [ServerResponse({"data": {}})])


GET = {"method": "GET", "url": "/labels"}
POST = {"method": "POST", "url": "/labels"}


def raw() -> Iterator[Case]:
    yield from (Case(key, inputs) for key, inputs in CALLS["raw"])
    json_body, umlaut, bytes_ = b'{"a": 1}', "ü".encode(), b"\x00\xff"
    contents = [(json_body, "application/json"), (b"", "text/plain"), (umlaut, "text/html"), (bytes_, "image/png")]
    for response_type in ("json", "text", "document", "arraybuffer", "", "xml"):
        for body, content_type in contents:
            answer = ServerResponse(body, 200, {"Content-Type": content_type})
            yield Case("rawRequest", {**GET, "responseType": response_type}, answer)


def raw_retries() -> Iterator[Case]:
    failing = [ServerResponse({}, 500), ServerResponse({}, 404), ServerResponse({"a": 1})]
    settings: list[dict[str, Any]] = [{"maxRetries": "1"}, {"maxRetries": 5}, {"maxRetries": "0"}]
    for base in (GET, POST, {**POST, "method": "PUT"}):
        for more in (*settings, {"maxRetries": 2, "retryAllErrors": "true"}):
            yield Case("rawRequest", {**base, "retryDelayMS": "10", **more}, failing)
    hanging = ServerResponse({}, hang=0.7)
    yield Case("rawRequest", {**GET, "timeout": "300", "maxRetries": 1, "retryDelayMS": "10"}, hanging)
    yield Case("rawRequest", {**POST, "timeout": 300}, hanging)


INVALID_FIELDS = [
    {"region": "x"},
    {"baseUrl": "http://x.y"},
    {"baseUrl": "https://u:p@x"},
    {"baseUrl": "nope"},
    {"baseUrl": "https://x/?q"},
    {"baseUrl": "https://x y"},
    {"apiKey": ""},
    {"apiKey": " "},
    {"apiKey": "a b"},
    {"apiKey": "Bearer abc"},
    {"apiKey": '"abc"'},
    {"apiKey": "ü", "region": "x", "baseUrl": "x"},
]


def connections() -> Iterator[Case]:
    for url in ("http://127.0.0.1:9", "https://nowhere.invalid"):
        yield from (Case(*call, fields=fields_for(url)) for call in (READ, *WRITES))
    yield from (Case(*READ, fields={"apiKey": "a", **fields}) for fields in INVALID_FIELDS)


GROUPS = {
    group.__name__: group
    for group in (rows, recorded, odd, shapes, pages, errors, retries, raw, raw_retries, connections)
}
