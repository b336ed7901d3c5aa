"""Authorization: secret headers, and grants that are renewed."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from connector.errors import AuthenticationError, InvalidResponseError, UnreachableError
from connector.rest import ClientCredentials, Endpoint, HttpClient, authorization
from connector.rest.transport import Transport
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

SECRET = "client-secret-4711"


class Service:
    """A service that accepts the newest token it granted."""

    def __init__(self, server: LoopbackServer) -> None:
        self.granted: list[str] = []
        self.body: dict[str, Any] = {}
        self.revoked = threading.Event()
        self.server = server
        server.script = self.respond

    def respond(self, request: ReceivedRequest) -> ServerResponse:
        if request.path == "/token":
            self.granted.append(f"token-{len(self.granted) + 1}-abcdef")
            return ServerResponse({"access_token": self.granted[-1], "token_type": "bearer", **self.body})
        if request.headers["Authorization"] != f"Bearer {self.granted[-1]}" or self.revoked.is_set():
            return ServerResponse({"error": f"bad {request.headers['Authorization']}"}, status=401)
        return ServerResponse({"path": request.path})

    def revoke(self) -> None:
        """Accept no token that was granted so far."""
        self.granted.append("unknown to the client")

    def calls(self) -> list[str]:
        return [request.path for request in self.server.requests if request.path != "/token"]


@pytest.fixture
def service(server: LoopbackServer) -> Service:
    return Service(server)


@pytest.fixture
def client(service: Service, way: str) -> Iterator[HttpClient]:
    transport = Transport()
    credentials = ClientCredentials(
        token_url=f"{service.server.url}/token", client_id="client id", client_secret=SecretStr(SECRET), scope="a b"
    )
    yield HttpClient(Endpoint(base_url=service.server.url, authorization=credentials), transport)
    transport.close()


def test_token_is_requested_once_and_sent_with_every_call(client: HttpClient, service: Service) -> None:
    assert client.get("things") == {"data": {"path": "/things"}}
    assert client.post("things", json={"n": 1}) == {"data": {"path": "/things"}}

    assert service.granted == ["token-1-abcdef"]
    request = service.server.requests[0]
    assert (request.method, request.body) == ("POST", b"grant_type=client_credentials&scope=a+b")
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == f"client+id:{SECRET}".encode()


def test_rejected_token_is_renewed_and_the_call_repeated(client: HttpClient, service: Service) -> None:
    client.get("things")
    service.revoke()

    assert client.post("things", json={"n": 1}) == {"data": {"path": "/things"}}

    assert service.granted[2:] == ["token-3-abcdef"]
    assert service.calls() == ["/things"] * 3


def test_threads_renew_once(client: HttpClient, service: Service) -> None:
    client.get("things")
    service.revoke()

    with ThreadPoolExecutor(16) as pool:
        assert len(list(pool.map(lambda n: client.get("things", str(n)), range(64)))) == 64

    assert len(service.granted) == 3


def test_token_that_is_rejected_again_is_an_error(
    client: HttpClient, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("things")
    service.revoked.set()

    with pytest.raises(AuthenticationError) as raised:
        client.get("things")

    assert service.calls() == ["/things"] * 3
    visible = repr(raised.value) + str(raised.value) + caplog.text + repr(client.endpoint)
    assert not any(secret in visible for secret in (SECRET, *service.granted))


def test_token_is_renewed_before_it_ends(client: HttpClient, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.body = {"expires_in": 3600}
    now = [1000.0]
    monkeypatch.setattr(authorization, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for seconds, granted in [(0, 1), (3500, 1), (3571, 2)]:
        now[0] = 1000.0 + seconds
        client.get("things")
        assert len(service.granted) == granted


def test_closed_transport_requests_no_token(service: Service) -> None:
    source = ClientCredentials(token_url=f"{service.server.url}/token", client_id="c", client_secret=SecretStr(SECRET))
    transport = Transport()
    client = HttpClient(Endpoint(base_url=service.server.url, authorization=source), transport)
    client.get("things")
    transport.close()

    assert transport._grants is not None
    assert transport._grants.is_closed


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        (
            ServerResponse({"error": "invalid_client"}, status=401),
            AuthenticationError,
            r"the client credentials were rejected \(invalid_client\)",
        ),
        (ServerResponse({"error": f"bad {SECRET}"}, status=400), AuthenticationError, r"rejected \(bad \*\*\*\)"),
        (ServerResponse(b"<html>", status=403), AuthenticationError, r"rejected \(403\)"),
        (ServerResponse(b"<html>"), InvalidResponseError, r"returned no token \(200\)"),
        (ServerResponse({"access": "x"}), InvalidResponseError, r"returned no token \(200\)"),
        (ServerResponse([1]), InvalidResponseError, r"returned no token \(200\)"),
    ],
)
def test_response_without_a_token_is_an_error(
    client: HttpClient, server: LoopbackServer, response: ServerResponse, error: type[Exception], message: str
) -> None:
    server.script = None
    server.answer(response)

    with pytest.raises(error, match=message):
        client.post("things", json={"n": 1})
    assert [request.path for request in server.requests] == ["/token"]


def test_token_endpoint_that_cannot_be_reached_is_an_error(server: LoopbackServer) -> None:
    source = ClientCredentials(token_url="http://127.0.0.1:1/token", client_id="c", client_secret=SecretStr(SECRET))
    client = HttpClient(Endpoint(base_url=server.url, authorization=source), Transport())

    with pytest.raises(UnreachableError):
        client.get("things")
    assert server.requests == []


def test_secret_header_is_sent_and_never_shown(server: LoopbackServer) -> None:
    key = "header-key-4711"
    endpoint = Endpoint(base_url=server.url, headers={"X-API-Key": SecretStr(key), "X-Version": "2"})
    server.answer(ServerResponse({"message": f"no access with {key}"}, status=403))

    with pytest.raises(Exception, match="403") as raised:
        HttpClient(endpoint, Transport()).get("things")

    assert server.requests[0].headers["X-API-Key"] == key
    assert server.requests[0].headers["X-Version"] == "2"
    assert key not in repr(endpoint) + str(raised.value) + repr(raised.value)
