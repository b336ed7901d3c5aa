"""Secrets in what a service sends back: every form of them, in every place where an error or a log shows it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

import connector
from connector import errors
from tests.conftest import TOKEN
from tests.support.server import RawServer, raw_response

PASSWORD = "hunter2"

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL-encoded": lambda text: quote(text, safe=""),
    "JSON-escaped": lambda text: json.dumps(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a pair": lambda text: base64.b64encode(f"u:{text}".encode()).decode(),
}

SINKS: dict[str, Callable[[str], bytes]] = {
    "reason of a rejection": lambda text: raw_response({}, f"418 {text}"),
    "reason of a failure": lambda text: raw_response({}, f"503 {text}"),
    "long reason": lambda text: raw_response({}, f"418 {'x' * 195}{text}"),
    "status line": lambda text: f"HTTP/1.1 {text}\r\n\r\n".encode() + RawServer.CLOSE,
    "other protocol": lambda text: f"{text} 200 OK\r\n\r\n".encode() + RawServer.CLOSE,
    "text body": lambda text: raw_response(text.encode(), "404 Not Found"),
    "text body at the cut": lambda text: raw_response((("x" * 190) + text).encode(), "404 Not Found"),
    "text body far behind": lambda text: raw_response((" " * 4090 + text).encode(), "404 Not Found"),
    "HTML title": lambda text: raw_response(f"<title>{text}</title>".encode(), "404 Not Found"),
    "invalid success": lambda text: raw_response(f"no JSON {text}".encode()),
    "message": lambda text: raw_response({"errors": [{"message": text}]}, "422 Invalid"),
    "field": lambda text: raw_response({"errors": [{"field": text, "type": text}]}, "422 Invalid"),
    "data": lambda text: raw_response({"errors": [{"data": {text: [text]}}]}, "422 Invalid"),
}

HARMLESS = [
    "no",
    "token is wrong",
    "password is required",
    '"id" is required',
    "tok/en",
    "4711",
    "hunter",
    "Service Unavailable",
    "I'm a teapot",
    "name must not be empty",
    "a1b2c3",
    "source_id",
    "••••••••••8839",
    "Too many requests",
    "dG9rZW4=",
    "%2F",
    "é",
    "***",
    "user@example.com",
    "https://example.com/?a=b",
]


def shown(error: errors.ConnectorError, caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join([str(error), repr(error), json.dumps(error.to_dict(), ensure_ascii=False), caplog.text])


INPUTS: dict[str, dict[str, Any]] = {
    "getSource": {"sourceId": "s"},
    "updateWarehouse": {"warehouseId": "w", "settings": {"password": PASSWORD}},
}


def failed(runner: connector.Runner, key: str = "getSource") -> errors.ConnectorError:
    with pytest.raises(errors.ConnectorError) as caught:
        runner.invoke(key, INPUTS[key], max_wait=0)
    return caught.value


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("form", FORMS)
def test_token_in_a_response_is_redacted(
    sink: str, form: str, segment: connector.Component, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "tok-en_4711.xyz"
    text = FORMS[form](secret)
    with RawServer(SINKS[sink](text)) as server, caplog.at_level(logging.DEBUG):
        runner = connector.Runner(segment, {"fields": {"apiKey": secret, "baseUrl": server.url}})
        output = shown(failed(runner), caplog)

    # No part of it that is long enough to be of use, wherever the text was cut.
    assert not [text[i : i + 8] for i in range(2, len(text) - 10) if text[i : i + 8] in output]


@pytest.mark.parametrize("sink", [sink for sink in SINKS if "reason" not in sink and "line" not in sink])
@pytest.mark.parametrize("form", ["plain", "URL-encoded", "base64"])
def test_secret_input_in_a_response_is_redacted(
    sink: str, form: str, segment: connector.Component, caplog: pytest.LogCaptureFixture
) -> None:
    text = FORMS[form](PASSWORD)
    with RawServer(SINKS[sink](text)) as server, caplog.at_level(logging.DEBUG):
        runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": server.url}})
        output = shown(failed(runner, "updateWarehouse"), caplog)

    assert text[2:7] not in output


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_of_the_api_is_shown_unchanged(text: str, segment: connector.Component) -> None:
    with RawServer(raw_response({"errors": [{"message": text, "data": {"x": text}}]}, "422 Invalid")) as server:
        runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": server.url}})
        error = failed(runner, "updateWarehouse")

    assert error.to_dict()["error"]["errors"] == [{"message": text, "data": {"x": text}}]


def test_successful_payload_passes_through_unchanged(segment: connector.Component) -> None:
    body = {"data": {"echo": TOKEN, "writeKeys": [PASSWORD]}}
    with RawServer(raw_response(body)) as server:
        runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": server.url}})
        assert runner.invoke("getSource", {"sourceId": "s"}) == {"data": body}


def test_token_in_the_path_of_a_request_is_redacted(
    segment: connector.Component, caplog: pytest.LogCaptureFixture
) -> None:
    with RawServer(raw_response({}, "404 Not Found")) as server, caplog.at_level(logging.DEBUG):
        runner = connector.Runner(segment, {"fields": {"apiKey": TOKEN, "baseUrl": server.url}})
        with pytest.raises(errors.NotFoundError) as caught:
            runner.invoke("getSource", {"sourceId": TOKEN})

    assert TOKEN not in shown(caught.value, caplog)
