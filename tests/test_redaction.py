"""Putting stars in the place of secrets."""

from __future__ import annotations

from pydantic import SecretStr

from connector.common.redaction import Redactor, hide
from connector.rest import Endpoint

SECRETS = ["abcd", "abcdefgh", "cdefghij", ""]


def test_of_a_secret_inside_another_nothing_is_left() -> None:
    assert hide("x abcdefgh y abcd", SECRETS) == "x *** y ***"


def test_requests_and_flows_hide_alike() -> None:
    endpoint = Endpoint(base_url="http://localhost", secrets=[SecretStr(secret) for secret in SECRETS])

    assert endpoint.redact({"a": ["abcdefgh"]}) == {"a": ["***"]}
    assert Redactor(SECRETS).text("abcdefgh") == "***"
