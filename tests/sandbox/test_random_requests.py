"""Requests right and wrong, of every operation: no 5xx, and no answer that the description does not allow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sandbox
from connector.sandbox_kit import SandboxApp
from tests.sandbox import support
from tests.sandbox.support import Api, check_answer, operations, quoted
from tests.sandbox.test_conformance import IDS
from tests.support.amount import amount, sample_of
from tests.support.reference import API

KNOWN = [value for name, value in vars(support).items() if name.isupper() and isinstance(value, str)]
TEXT = st.one_of(st.sampled_from(KNOWN), st.text(max_size=12))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    *("pagination", "pagination[count]", "pagination.count", "pagination[cursor]", "pagination.cursor"),
    *("pagination[]", "userIds", "userIds.0", "userIds[]", "userIds[1]", "resourceType", "granularity"),
    *("startTime", "endTime", "groupBy", "groupBy.1", "sourceId", "sourceId[0]", "eventName", "appVersion"),
    *("type", "period", "rules", "rules.0[type]", "rules[0][version]", "rules.0.key", "resourceId"),
]
WORDS = [
    "1",
    "2",
    "0",
    "MA==",
    "MQ==",
    "SOURCE",
    "DAY",
    "MINUTE",
    "TRACK",
    "LIVE",
    "1e5",
    '[{"type":"TRACK","key":"Order Completed","version":1}]',
    "source",
    "eventName",
    '{"count":1}',
    '["a"]',
]
TIMES = ["2026-01-01", "2026-01-02T00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
VALUES = st.one_of(st.sampled_from(WORDS + TIMES), TEXT)


ASSUME = {"deployed-id": "function", "destination-instances": "allow", "trailing-slash": "strict"}
"""With the defaults, these have responses that the description of the operation does not have."""


def described(schema: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "$ref" in schema:
        return described(API.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], depth)
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return st.one_of([described(each, depth) for each in schema[choice]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.none() | described(schema | {"type": kind[0]}, depth)
    if kind == "object" and "properties" in schema:
        return _object(schema, depth)
    if kind == "array":
        return st.lists(described(schema["items"], depth + 1), max_size=min(2, schema.get("maxItems", 2)))
    simple = {"string": TEXT, "boolean": st.booleans(), "number": st.integers(0, 50)}
    return simple.get(str(kind), st.dictionaries(TEXT, ANYTHING, max_size=2))


def _object(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    fields = {name: described(each, depth + 1) for name, each in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in required},
        optional={name: each for name, each in fields.items() if name not in required},
    )


def bodies(operation: str) -> st.SearchStrategy[bytes]:
    """Bodies right, nearly right and wrong."""
    content = operations()[operation][2].get("requestBody", {}).get("content", {})
    if not content:
        return st.just(b"")
    right = described(next(iter(content.values()))["schema"])
    spoiled = st.builds(_spoil, right, st.randoms(use_true_random=False), ANYTHING)
    return st.one_of(right.map(_json), spoiled.map(_json), ANYTHING.map(_json), st.binary(max_size=20))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _spoil(value: Any, chance: Any, other: Any) -> Any:
    if isinstance(value, dict) and value:
        name = chance.choice(sorted(value))
        return value | {name: _spoil(value[name], chance, other)}
    return other


@st.composite
def requests_of(draw: st.DrawFn, operation: str) -> tuple[str, bytes]:
    _, path, _ = operations()[operation]
    for segment in path.split("/"):
        if segment.startswith("{"):
            known = IDS.get(segment[1:-1], "nothing")
            path = path.replace(segment, quoted(draw(st.sampled_from([known] * 3) | TEXT)), 1)
    pairs = draw(st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=4))
    query = "&".join(f"{quoted(key)}={quoted(value)}" for key, value in pairs)
    return f"{path}?{query}", draw(bodies(operation))


@pytest.fixture(scope="module")
def shared(url: str, site: SandboxApp) -> Any:
    # Whatever a request finds, left by those before it, its answer must be allowed.
    with sandbox.open_workspace(
        assume={"deployed-id": "function", "destination-instances": "allow", "trailing-slash": "strict"}
    ) as workspace:
        site.add(workspace)
        api = Api(url, workspace.token)
        yield api
        api.close()
        site.remove(workspace)


OPERATIONS = [each.id for each in sandbox.api.operations if each.id != "getWorkspace"]


@pytest.mark.parametrize("operation", sample_of(OPERATIONS, 3))
def test_every_request_gets_a_described_response(shared: Api, operation: str) -> None:
    @settings(max_examples=amount(8, 2))
    @given(requests_of(operation))
    def check(request: tuple[str, bytes]) -> None:
        path, body = request
        headers = {"Content-Type": "application/json"} if body else {}
        response = shared(operations()[operation][0], path, data=body, headers=headers)
        assert response.status_code < 500, (path, body, response.text)
        check_answer(operation, response)

    check()


@settings(max_examples=20)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    st.lists(TEXT, max_size=4),
    st.binary(max_size=30),
)
def test_no_path_at_all_gets_another_5xx_than_501(shared: Api, method: str, parts: list[str], body: bytes) -> None:
    response = shared(method, "/" + "/".join(quoted(part) for part in parts), data=body)
    assert response.status_code < 500 or response.status_code == 501
