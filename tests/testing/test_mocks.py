"""The table of docs/testing.md: which mocks see the requests of a runner."""

from __future__ import annotations

import socket
import unittest.mock
from typing import Any

import pytest
import requests
import responses

import connector
from tests.support.server import LoopbackServer


def test_responses_sees_the_requests(segment: connector.Component) -> None:
    with responses.RequestsMock() as mock, connector.Runner(segment, {"fields": {"apiKey": "token"}}) as runner:
        mock.get("https://api.segmentapis.com/sources/a", json={"data": 1})

        assert runner.invoke("getSource", {"sourceId": "a"}) == {"data": {"data": 1}}


def test_patched_socket_sees_the_requests(segment: connector.Component) -> None:
    with (
        unittest.mock.patch.object(socket, "getaddrinfo", side_effect=OSError("blocked")) as blocked,
        connector.Runner(segment, {"fields": {"apiKey": "token"}}, max_wait=0) as runner,
        pytest.raises(connector.errors.UnreachableError),
    ):
        runner.invoke("getSource", {"sourceId": "a"})

    assert blocked.called


def test_replaced_session_does_not_see_the_requests(
    segment: connector.Component, fields: dict[str, Any], server: LoopbackServer
) -> None:
    server.answer({"data": 1})
    with (
        unittest.mock.patch.object(requests.Session, "get_adapter", side_effect=AssertionError("mocked")),
        connector.Runner(segment, {"fields": fields}) as runner,
    ):
        runner.invoke("getSource", {"sourceId": "a"})

    assert len(server.requests) == 1
