"""Multipart forms, and inputs that take a file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from connector import File, Input, Inputs, errors
from connector.component.schema import input_schema
from connector.rest import ClientCredentials, Endpoint, HttpClient
from connector.rest.transport import Transport
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

PIXEL = b"\x89PNG\x00\xff"


class Upload(Inputs):
    """Inputs of an action that sends a file."""

    photo: Annotated[File, Input(label="Photo", comments="A photo.", type="data")]


@pytest.fixture
def client(server: LoopbackServer, way: str) -> Iterator[HttpClient]:
    transport = Transport()
    yield HttpClient(Endpoint(base_url=server.url), transport)
    transport.close()


def parts(request: ReceivedRequest) -> dict[str, Message]:
    """Return the parts of a form by name, as another parser reads them."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + request.body)
    return {str(part.get_param("name", header="Content-Disposition")): part for part in message.get_payload()}  # type: ignore[union-attr,misc]


def test_form_has_fields_and_files(client: HttpClient, server: LoopbackServer) -> None:
    server.answer({"id": 1})
    form = {
        "title": "Grün\r\n--x",
        "count": 2,
        "tags": ["a"],
        "photo": File(PIXEL, "image/png", "p.png"),
        "b": File(b""),
    }

    assert client.post("photos", query={"q": "1"}, form=form) == {"data": {"id": 1}}

    request = server.requests[0]
    sent = {name: part.get_payload(decode=True) for name, part in parts(request).items()}
    assert (request.method, request.target) == ("POST", "/photos?q=1")
    assert sent == {"title": "Grün\r\n--x".encode(), "count": b"2", "tags": b'["a"]', "photo": PIXEL, "b": b""}
    photo, other = parts(request)["photo"], parts(request)["b"]
    assert (photo.get_content_type(), photo.get_filename()) == ("image/png", "p.png")
    assert (other.get_content_type(), other.get_filename()) == ("application/octet-stream", "b")


@pytest.mark.parametrize("verb", ["post", "put", "patch"])
def test_verb_that_writes_sends_a_form(client: HttpClient, server: LoopbackServer, verb: str) -> None:
    server.answer({})

    getattr(client, verb)("photos", form={"a": "1"})

    assert server.requests[0].method == verb.upper()
    assert parts(server.requests[0])["a"].get_payload(decode=True) == b"1"


@pytest.mark.parametrize("name", ['x"; filename="evil', "x\r\nX-Evil: 1"])
def test_name_in_a_form_cannot_break_it(client: HttpClient, server: LoopbackServer, name: str) -> None:
    server.answer({})

    client.post("photos", form={name: "1", "photo": File(b"2", name=name)})

    assert b"\r\nX-Evil" not in server.requests[0].body
    assert b'filename="evil' not in server.requests[0].body


@pytest.mark.parametrize("form", [{"a": float("nan")}, {"a": object()}, {"a": "\ud800"}])
def test_form_that_cannot_be_written_is_rejected(client: HttpClient, server: LoopbackServer, form: Any) -> None:
    with pytest.raises(errors.UsageError, match="not JSON-serializable"):
        client.post("photos", form=form)

    assert server.requests == []


def test_json_and_form_exclude_each_other(client: HttpClient, server: LoopbackServer) -> None:
    with pytest.raises(errors.UsageError, match="both json and form"):
        client.post("photos", json={}, form={})


@pytest.mark.parametrize("status", [429, 401])
def test_form_that_was_not_accepted_is_sent_again_unchanged(server: LoopbackServer, way: str, status: int) -> None:
    server.answer(
        ServerResponse({"access_token": "token-1-abcdef"}),
        ServerResponse({}, status, {"Retry-After": "0"}),
        *([ServerResponse({"access_token": "token-2-abcdef"})] if status == 401 else []),
        ServerResponse({"id": 1}),
    )
    credentials = ClientCredentials(
        token_url=f"{server.url}/token", client_id="c", client_secret=SecretStr("secret-4711")
    )
    transport = Transport()
    client = HttpClient(Endpoint(base_url=server.url, authorization=credentials), transport)

    assert client.post("photos", form={"photo": File(PIXEL)}) == {"data": {"id": 1}}

    transport.close()
    first, second = (request for request in server.requests if request.path == "/photos")
    assert (first.body, first.headers["Content-Type"]) == (second.body, second.headers["Content-Type"])
    assert parts(second)["photo"].get_payload(decode=True) == PIXEL


@pytest.mark.parametrize("response", [ServerResponse({}, 503), ServerResponse(cut=True)], ids=["503", "no response"])
def test_form_whose_outcome_is_unknown_is_not_sent_again(
    client: HttpClient, server: LoopbackServer, response: ServerResponse
) -> None:
    server.answer(response, ServerResponse({"id": 1}))

    with pytest.raises(errors.OutcomeUnknownError):
        client.post("photos", form={"photo": File(PIXEL)})

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PIXEL, File(PIXEL)),
        ("a,b", File(b"a,b", "text/plain; charset=utf-8")),
        ({"data": base64.b64encode(PIXEL).decode(), "contentType": "image/png"}, File(PIXEL, "image/png")),
        ({"data": "", "name": "empty.txt"}, File(b"", name="empty.txt")),
        (File(PIXEL, "image/png", "p.png"), File(PIXEL, "image/png", "p.png")),
    ],
    ids=["bytes", "string", "object", "empty", "file"],
)
def test_file_input_takes_every_form_and_can_be_passed_on(value: Any, expected: File) -> None:
    inputs = Upload.from_values({"photo": value})

    assert inputs.photo == expected
    assert inputs.body("photo") == {"photo": expected}
    assert Upload.from_values(inputs.model_dump()).photo == expected
    assert Upload.from_values({"photo": inputs.model_dump(mode="json")["photo"]}).photo == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "must be a string, bytes, or an object"),
        ({"data": 5}, "must be a string, bytes, or an object"),
        ({"data": "#"}, "contains invalid base64"),
        ("\ud800", "invalid Unicode"),
        ({"data": "", "contentType": "text/plain\r\nX-Evil: 1"}, "invalid media type"),
    ],
)
def test_value_that_is_not_a_file_is_rejected(value: Any, message: str) -> None:
    with pytest.raises(errors.InputError, match=message):
        Upload.from_values({"photo": value})


def test_schema_of_a_file_input_has_its_forms_in_json() -> None:
    photo = input_schema(Upload)["properties"]["photo"]

    assert [form["type"] for form in photo["anyOf"]] == ["string", "object"]
    assert photo["title"] == "Photo"


def test_content_of_a_file_is_not_in_its_repr() -> None:
    assert repr(File(b"secret", "text/plain", "n")) == "File(6 bytes, 'text/plain', 'n')"
