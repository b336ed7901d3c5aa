"""The way to a host: proxies, loopback, certificates."""

from __future__ import annotations

import importlib.metadata
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from connector import errors
from connector.rest import CallLimits, Endpoint, Request
from connector.rest.hosts import is_loopback, needs_requests
from connector.rest.transport import Transport
from tests.rest.conftest import RunnerOf, error_of, read, write
from tests.support.server import RawServer, raw_response

GOOD = raw_response({"n": 1})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
        "ip6-localhost",
        "127.0.0.1",
        "127.9.8.7",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "::1",
        "[::1]",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
    ],
)
def test_every_notation_of_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "notlocalhost", "10.0.0.1", "128.0.0.1", "::2", "fe80::1%eth0"]
)
def test_other_host_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_loopback_bypasses_proxies(name: str, way: str, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(GOOD) as server, RawServer(GOOD) as proxy:
        for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
        read(runner_of(f"http://{name}:{server.port}"))

    assert (len(server.requests), proxy.requests) == (1, [])


ORDINARY = ["https://api.segmentapis.com", "http://my_service:8080/v1.0/a-b", "https://[2001:db8::1]:8443"]


@pytest.mark.parametrize("url", ORDINARY)
def test_ordinary_url_needs_no_requests(url: str) -> None:
    assert not needs_requests(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://bücher.example",
        "https://API.example",
        "https://user:pass@api.example",
        "https://api.example/",
        "https://api.example/a/../b",
        "https://api.example/a b",
        "https://api.example/%7Ea",
        "https://.example",
    ],
)
def test_url_that_requests_rewrites_needs_requests(url: str) -> None:
    assert needs_requests(url)


@pytest.mark.parametrize(("variable", "is_needed"), [("HTTPS_PROXY", True), ("all_proxy", True), ("NO_PROXY", False)])
def test_proxy_needs_requests(variable: str, is_needed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:3128")

    assert [needs_requests(url) for url in (*ORDINARY, "http://localhost:80")] == [is_needed] * 3 + [False]


def test_call_without_proxy_imports_no_requests() -> None:
    program = """
import sys
from connector.rest import CallLimits, Endpoint, Request
from connector.rest.transport import Transport
response = Transport().send(Endpoint(base_url=sys.argv[1]), Request("GET", "/a"), CallLimits(max_wait=0))
print(response.status, "requests" in sys.modules)
"""
    with RawServer(GOOD) as server:
        command = [sys.executable, "-c", program, server.url]
        printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    assert printed.split() == ["200", "False"]


@pytest.mark.parametrize("headers", [{}, {"user-agent": "test/1", "Accept": "ignored", "X": "1"}])
def test_request_is_the_same_whether_requests_looks_up_the_way_or_not(headers: dict[str, str]) -> None:
    request = Request("POST", "/a?b=%5B1%5D", {"Content-Type": "application/json"}, b'{"a": 1}')
    with RawServer(GOOD) as server:
        for host in ("localhost", "LOCALHOST"):
            endpoint = Endpoint(base_url=f"http://{host}:{server.port}/v1", headers=headers)
            Transport().send(endpoint, request, CallLimits(max_wait=0))

    assert server.requests[0] == server.requests[1]


def test_program_without_facts_about_its_packages_sends_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("connector.rest.hosts._version", version)
    with RawServer(GOOD) as server:
        Transport().send(Endpoint(base_url=server.url), Request("GET", "/a"), CallLimits(max_wait=0))

    assert b"\r\nUser-Agent: python-requests\r\n" in server.requests[0]


def test_proxy_gets_its_credentials_and_the_whole_url(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(GOOD) as proxy:
        monkeypatch.setenv("http_proxy", f"http://user:pass@127.0.0.1:{proxy.port}")
        Transport().send(Endpoint(base_url="http://service.example"), Request("GET", "/a"), CallLimits(max_wait=0))

    head = proxy.requests[0].lower()
    assert head.startswith(b"get http://service.example/a http/1.1\r\n")
    assert b"proxy-authorization: basic dxnlcjpwyxnz\r\n" in head


def test_proxy_that_rejects_the_tunnel_is_named(way: str, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n" + RawServer.CLOSE) as proxy:
        monkeypatch.setenv("https_proxy", f"http://user:pa55word@127.0.0.1:{proxy.port}")
        error = error_of(lambda: write(runner_of("https://service.example", max_wait=0)))

    assert (type(error), error.exit_code) == (errors.UnreachableError, 5)
    assert f"through the proxy 127.0.0.1:{proxy.port}" in error.message
    assert "407" in error.message
    assert "pa55word" not in str(error)


def test_unreachable_proxy_is_named(runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://no-such-proxy.invalid:3128")

    error = error_of(lambda: write(runner_of("https://service.example", max_wait=0)))

    assert error.message == 'cannot resolve proxy "no-such-proxy.invalid:3128"'


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://someone:se#cret@127.0.0.1:3128", "invalid proxy URL in HTTPS_PROXY"),
        ("http://:3128", "invalid proxy URL in HTTPS_PROXY"),
        ("socks5://127.0.0.1:1080", "the proxy of HTTPS_PROXY needs SOCKS support"),
    ],
)
def test_unusable_proxy_setting_is_an_error_of_the_setup(
    proxy: str, message: str, way: str, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    error = error_of(lambda: write(runner_of("https://segment.example")))

    assert (type(error), error.exit_code, error.message) == (errors.ProxyError, 3, message)
    assert "cret" not in str(error)
    assert error.__context__ is None


def test_missing_ca_bundle_is_an_error_of_the_setup(
    way: str, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")

    error = error_of(lambda: write(runner_of("https://segment.example")))

    assert (type(error), error.exit_code) == (errors.TLSError, 3)
    assert error.message == 'CA bundle "/no/such/file.pem" does not exist'


def test_unreadable_ca_bundle_is_an_error_of_the_setup(
    runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("not a certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with RawServer(GOOD) as server:
        error = error_of(lambda: write(runner_of(f"https://127.0.0.1:{server.port}", max_wait=0)))

    assert (type(error), error.exit_code) == (errors.TLSError, 3)
    assert server.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key and the certificate of localhost."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        "-keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def test_ca_bundle_of_the_environment_is_trusted_and_the_connection_reused(
    way: str, certificate: Path, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "cert.pem"))
    tls = tls_context(certificate)
    with RawServer(GOOD, tls=tls) as server, runner_of(f"https://localhost:{server.port}") as runner:
        assert [read(runner) for _ in range(3)] == [{"n": 1}] * 3

    assert server.connections == 1


def test_folder_of_certificates_is_trusted(
    way: str, certificate: Path, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cert.pem").write_bytes((certificate / "cert.pem").read_bytes())
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    tls = tls_context(certificate)
    with RawServer(GOOD, tls=tls) as server, runner_of(f"https://localhost:{server.port}") as runner:
        assert read(runner) == {"n": 1}


def test_certificate_that_nobody_vouches_for_is_rejected(
    way: str, certificate: Path, runner_of: RunnerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    with RawServer(GOOD, tls=tls_context(certificate)) as server:
        error = error_of(lambda: write(runner_of(f"https://localhost:{server.port}", max_wait=0)))

    assert (type(error), error.exit_code) == (errors.TLSError, 3)
    assert server.requests == []
