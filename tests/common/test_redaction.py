"""Redaction of secrets in strings and values."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from connector.common.redaction import Redactor, masked
from connector.rest import Endpoint

SECRETS = ["abcd", "abcdefgh", "cdefghij", ""]
AWKWARD = 'p/w+"rd <&> é?'

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: quote(text, safe="").lower(),
    "URL path": quote,
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "HTML": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(b":" + text.encode()).decode(),
    "base64 behind two bytes": lambda text: base64.b64encode(b"u:" + text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"??" + text.encode() + b">").decode(),
}

HARMLESS = [
    "",
    "no secret here",
    "abc",
    "bcd",
    "ABCD",
    "a b c d",
    "ab-cd",
    "%61%62",
    "dG9rZW4=",
    "the token is wrong or was revoked",
    "password is required",
    "authorization failed",
    "secret",
    "***",
    "••••••••••8839",
    "é",
    "\ud800",
    "12345",
    '{"errors": []}',
    "<html><title>Login</title></html>",
]


def test_secret_inside_another_leaves_nothing() -> None:
    assert Redactor(SECRETS).text("x abcdefgh y abcd") == "x *** y ***"
    assert Redactor(["zz", "azzb"]).text("azzb zz") == "*** ***"


def test_overlapping_secrets_leave_nothing() -> None:
    assert Redactor(SECRETS).text("<abcdefghij>") == "<***>"
    assert Redactor(["aaaa"]).text("<aaaaa>") == "<***>"


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("secret", ["a7183e1b7e9ab09b8a5c", AWKWARD], ids=["token", "awkward"])
def test_secret_is_redacted_in_every_form(secret: str, form: str) -> None:
    text = FORMS[form](secret)

    redacted = Redactor([secret]).text(f"bad value {text}, sorry")

    assert redacted.startswith("bad value ")
    assert redacted.endswith(", sorry")
    # At most the characters of base64 that depend on the neighbors of the secret remain.
    assert len(redacted.replace("***", "")) <= len("bad value , sorry") + 14
    assert not any(text[i : i + 6] in redacted for i in range(2, len(text) - 8))


@pytest.mark.parametrize(
    ("before", "expected"), [(b"", "***Pj4+"), (b":", "On***D4+Pg=="), (b"::", "Ojp***Q+Pj4=")], ids=[0, 1, 2]
)
def test_only_characters_of_base64_that_depend_on_neighbors_remain(before: bytes, expected: str) -> None:
    encoded = base64.b64encode(before + b"s3cr3t" + b">>>").decode()

    assert Redactor(["s3cr3t"]).text(encoded) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_unchanged(text: str) -> None:
    redactor = Redactor(SECRETS)

    assert redactor.text(text) == text
    assert redactor.value({text: [text, 1, None, True]}) == {text: [text, 1, None, True]}


def test_endpoint_redacts_keys_and_values() -> None:
    endpoint = Endpoint(base_url="http://localhost", secrets=[SecretStr(secret) for secret in SECRETS])

    assert endpoint.redact({"a abcd": ["abcdefgh", 5]}) == {"a ***": ["***", 5]}


def test_record_redacts_values_by_their_names() -> None:
    headers = [{"key": "Authorization", "value": "Basic x"}, {"key": "Accept", "value": "*/*"}]
    value = {"headers": headers, "db": {"password": "p", "port": 5, "host": "h"}, "named": {"a": 1}}

    assert Redactor(names=["named"]).record(value) == {
        "headers": [{"key": "Authorization", "value": "***"}, headers[1]],
        "db": {"password": "***", "port": 5, "host": "h"},
        "named": {"a": "***"},
    }


def test_record_is_cut_when_very_deep() -> None:
    value: object = "end"
    for _ in range(200):
        value = [value]

    assert "..." in json.dumps(Redactor().record(value))


def test_learned_value_is_redacted_wherever_it_occurs() -> None:
    redactor = Redactor()
    redactor.learn({"password": "abcd", "mode": "cloud", "nested": [{"key": "host", "value": "db.example"}], "n": 12})

    assert redactor.text("abcd in cloud mode at db.example, 12 times") == "*** in cloud mode at ***, 12 times"


def test_shortest_strings_are_learned() -> None:
    redactor = Redactor()
    redactor.learn({"host": "db.local", "user": "db.user"})
    redactor.learn_leaves(["wxyz", "stu"])

    assert redactor.text("db.user at db.local: wxyz, stu") == "db.user at ***: ***, stu"


def test_learned_leaf_is_redacted_where_it_is_equal() -> None:
    redactor = Redactor()
    redactor.learn_leaves({"port": 5439, "ssl": True, "mode": "on", "note": "", "password": SecretStr("hunter2")})

    value = {"port": 5439, "ssl": True, "mode": "on", "note": "", "count": 1, "text": "mode on, hunter2"}
    redacted = {"port": "***", "mode": "***", "text": "mode on, ***"}
    assert redactor.value(value) == {**value, **redacted}


def test_extended_redactor_does_not_change_the_original() -> None:
    redactor = Redactor(["abcd"])
    copy = redactor.extended()
    copy.learn_leaves("hunter2")

    assert (redactor.text("abcd hunter2"), copy.text("abcd hunter2")) == ("*** hunter2", "*** ***")


def test_masked_value_keeps_its_shape() -> None:
    value = {"a": [1, "x", None, True, ""], "pair": {"key": "k", "value": "v"}}

    assert masked(value) == {"a": ["***", "***", None, True, ""], "pair": {"key": "k", "value": "***"}}


@pytest.mark.parametrize(
    "around",
    [lambda value: [value], lambda value: {"a": value}, lambda value: {"key": "k", "value": value}],
    ids=["list", "object", "pair"],
)
def test_record_is_cut_at_100_levels(around: Callable[[object], object]) -> None:
    def nested(levels: int) -> str:
        value: object = "end"
        for _ in range(levels):
            value = around(value)
        return json.dumps(Redactor().record(value))

    assert '"end"' in nested(100)
    assert '"end"' not in nested(101)
