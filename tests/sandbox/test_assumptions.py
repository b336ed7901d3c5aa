"""Every assumption decides an answer by each of its values, and is then named in the answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

import sandbox
from connector.sandbox_kit import SandboxApp, SandboxError, Workspace
from connector.sandbox_kit.asgi_server import serve
from tests.sandbox import support
from tests.sandbox.support import Api, quoted
from tests.support.amount import sample_of

Case = tuple[Callable[[Api], requests.Response], dict[str, Any]]
"""What to ask, and what each value makes of the answer: a status, or a test of the answer."""

SOURCE = {"slug": "x", "enabled": True, "metadataId": support.JAVASCRIPT}
BLUESHIFT = {"sourceId": support.IOS_SOURCE, "metadataId": support.BLUESHIFT, "settings": {"apiKey": "k"}}
CONNECTION = f"/warehouses/{support.WAREHOUSE}/connected-sources/{support.IOS_SOURCE}"
WEBHOOK = "614a3c7d791c91c41bae7599"
TRANSFORMATION = {"name": "T", "sourceId": support.IOS_SOURCE, "enabled": True}
VOLUME = "/events/volume?granularity=MINUTE&startTime=2026-01-01&endTime="


def post(path: str, body: Any) -> Callable[[Api], requests.Response]:
    return lambda api: api("POST", path, body)


def get(path: str, **options: Any) -> Callable[[Api], requests.Response]:
    return lambda api: api("GET", path, **options)


def delete(path: str) -> Callable[[Api], requests.Response]:
    return lambda api: api("DELETE", path)


def twice(method: str, path: str) -> Callable[[Api], requests.Response]:
    return lambda api: [api(method, path) for _ in range(2)][1]


def form(content_type: str) -> Callable[[Api], requests.Response]:
    return lambda api: api("POST", "/sources", SOURCE, headers={"Content-Type": content_type})


def invite(**permission: Any) -> dict[str, Any]:
    return {"invites": [{"email": "sloth@segment.com", "permissions": [permission] if permission else []}]}


def second_page(api: Api) -> requests.Response:
    cursor = api.data("GET", "/sources?pagination.count=2")["pagination"]["next"]
    api("DELETE", f"/sources/{support.IOS_SOURCE}")
    return api("GET", f"/sources?pagination.count=2&pagination.cursor={quoted(cursor)}")


def patched_settings(api: Api) -> requests.Response:
    id_ = api.source(settings={"websiteUrl": "w"})["id"]
    return api("PATCH", f"/sources/{id_}", {"settings": {"apiHost": "h"}})


def with_a_setting_of_another_name(api: Api) -> requests.Response:
    api("PUT", "/_sandbox/assumptions/unknown-settings", {"value": "keep"})
    return api("POST", "/destinations", BLUESHIFT | {"settings": {"apiKey": "k", "secretKey": "k"}})


def many_rules(number: int) -> list[dict[str, Any]]:
    return [{"type": "TRACK", "key": str(each), "version": 1, "jsonSchema": {}} for each in range(number)]


def second_plan(api: Api) -> requests.Response:
    plan = api.data("POST", "/tracking-plans", {"name": "Second", "type": "LIVE"})["trackingPlan"]
    return api("POST", f"/tracking-plans/{plan['id']}/sources", {"sourceId": support.PLANNED_SOURCE})


def renamed_function(api: Api) -> requests.Response:
    body = {"code": "c", "displayName": "Old", "resourceType": "DESTINATION"}
    id_ = api.data("POST", "/functions", body)["function"]["id"]
    return api("PATCH", f"/functions/{id_}", {"displayName": "New"})


def at(*path: str | int, equals: Any) -> Callable[[requests.Response], bool]:
    def check(response: requests.Response) -> bool:
        value = response.json()["data"]
        for part in path:
            value = value[part]
        return bool(value == equals)

    return check


def error(kind: str) -> Callable[[requests.Response], bool]:
    return lambda response: {entry["type"] for entry in response.json()["errors"]} == {kind}


def remaining(number: str) -> Callable[[requests.Response], bool]:
    return lambda response: response.headers["X-RateLimit-Remaining"] == number


def deployed(api: Api) -> requests.Response:
    return api("POST", f"/functions/{support.FUNCTION}/deploy")


CASES: dict[str, Case] = {
    "bracketed-lists": (
        get(VOLUME.replace("MINUTE", "DAY") + "2026-01-02&groupBy[]=eventType"),
        {
            "read": at("query", "groupBy", equals=["eventType"]),
            "ignore": lambda response: "groupBy" not in response.json()["data"]["query"],
            "422": 422,
        },
    ),
    "filters-path": (get(f"/destinations/{support.FILTERED}/filters"), {"documented": 404, "both": 200}),
    "deployed-id": (deployed, {"instance": 400, "function": 200}),
    "accept-version": (
        get("/sources", headers={"Accept": "application/vnd.segment.v1beta+json"}),
        {"respond": 200, "404": 404},
    ),
    "body-limit": (
        lambda api: api("POST", "/sources", SOURCE | {"padding": "x" * 2**20}),
        {"10MiB": 201, "1MiB": 413, "none": 201},
    ),
    "created-by": (
        post("/functions", {"code": "x", "displayName": "F", "resourceType": "SOURCE"}),
        {
            "first-user": lambda response: response.json()["data"]["function"]["createdBy"] != "",
            "absent": lambda response: "createdBy" not in response.json()["data"]["function"],
        },
    ),
    "error-types": (
        post("/sources", {}),
        {"input-validation": error("input-validation"), "ValidationFailure": error("ValidationFailure")},
    ),
    "last-page": (
        get("/sources"),
        {
            "absent": lambda response: "next" not in response.json()["data"]["pagination"],
            "null": at("pagination", "next", equals=None),
        },
    ),
    "warehouse-password": (
        post("/warehouses", {"metadataId": support.SNOWFLAKE, "settings": {"password": "p"}}),
        {
            "encrypted": at("warehouse", "settings", "encrypted", equals=True),
            "absent": at("warehouse", "settings", equals={}),
        },
    ),
    "patched-function-name": (
        renamed_function,
        {
            "as-sent": at("function", "displayName", equals="New"),
            "with-workspace": at("function", "displayName", equals="New (Sandbox)"),
        },
    ),
    "settings-defaults": (
        post("/destinations", {"sourceId": support.IOS_SOURCE, "metadataId": WEBHOOK, "settings": {}}),
        {
            "absent": at("destination", "settings", equals={}),
            "catalog": at("destination", "settings", equals={"sharedSecret": ""}),
        },
    ),
    "invalid-email": (post("/invites", {"invites": [{"email": "not-an-email"}]}), {"accept": 201, "422": 422}),
    "no-invites": (post("/invites", {"invites": []}), {"accept": 201, "422": 422}),
    "invalid-slug": (post("/sources", SOURCE | {"slug": "a b"}), {"accept": 201, "422": 422}),
    "invalid-fql": (post("/transformations", TRANSFORMATION | {"if": "event = 'x"}), {"accept": 200, "422": 422}),
    "null-cursor": (
        get("/sources?pagination.count=2&pagination.cursor=null"),
        {"422": 422, "first-page": 200},
    ),
    "missing-pagination": (get("/sources"), {"first-page": 200, "422": 422}),
    "granularity-case": (get(VOLUME.replace("MINUTE", "minute") + "2026-01-01T00:01Z"), {"422": 422, "accept": 200}),
    "label-exists": (
        post("/labels", {"label": {"key": "environment", "value": "dev"}}),
        {"422": 422, "409": 409, "same-response": 201},
    ),
    "rules-per-request": (
        lambda api: api("PUT", f"/tracking-plans/{support.TRACKING_PLAN}/rules", {"rules": many_rules(201)}),
        {"2000": 200, "200": 422},
    ),
    "second-tracking-plan": (second_plan, {"422": 422, "replace": 200}),
    "trailing-slash": (get("/sources/"), {"ignore": 200, "strict": 422}),
    "list-order": (
        get("/sources"),
        {
            "oldest-first": at("sources", 0, "slug", equals="ios"),
            "newest-first": at("sources", -1, "slug", equals="ios"),
        },
    ),
    "secret-names": (
        with_a_setting_of_another_name,
        {
            "by-type": at("destination", "settings", "secretKey", equals="•" * 10),
            "usual": at("destination", "settings", "secretKey", equals="•" * 10),
            "apiKey": at("destination", "settings", "secretKey", equals="k"),
        },
    ),
    "unbuilt-operation": (get("/filters"), {"501": 501, "404": 404, "sample": 200}),
    "already-connected": (twice("POST", CONNECTION), {"same-response": 201, "409": 409}),
    "content-type": (form("text/plain"), {"422": 422, "read-as-json": 201}),
    "cursors": (
        second_page,
        {
            "offset": at("sources", 0, "slug", equals="old-website"),
            "stable": at("sources", 0, "slug", equals="my-test-source"),
        },
    ),
    "delete-cascade": (delete(f"/sources/{support.WEB_SOURCE}"), {"cascade": 200, "409": 409}),
    "destination-instances": (
        post("/destinations", {"sourceId": support.WEB_SOURCE, "metadataId": support.KINESIS, "settings": {}}),
        {"400": 400, "allow": 200},
    ),
    "enabled-by-default": (
        post("/destinations", BLUESHIFT),
        {
            "true": at("destination", "enabled", equals=True),
            "false": at("destination", "enabled", equals=False),
        },
    ),
    "function-name": (
        post("/functions", {"code": "x", "displayName": "F", "resourceType": "DESTINATION"}),
        {
            "parentheses": at("function", "displayName", equals="F (Sandbox)"),
            "plain": at("function", "displayName", equals="F Sandbox"),
        },
    ),
    "malformed-json": (
        lambda api: api("POST", "/sources", data=b"{", headers={"Content-Type": "application/json"}),
        {"422": 422, "400": 400},
    ),
    "missing-function": (get("/functions/nothing"), {"404": 404, "null": at("function", equals=None)}),
    "missing-in-body": (post("/sources", SOURCE | {"metadataId": "nothing"}), {"422": 422, "404": 404}),
    "missing-in-path": (get("/sources/nothing"), {"404": 404, "422": 422}),
    "not-connected": (twice("DELETE", CONNECTION), {"404": 404, "SUCCESS": 200}),
    "patch-settings": (
        patched_settings,
        {
            "merge": at("source", "settings", equals={"websiteUrl": "w", "apiHost": "h"}),
            "replace": at("source", "settings", equals={"apiHost": "h"}),
        },
    ),
    "rate-limit-budget": (
        get("/"),
        {"600": remaining("599"), "1000": remaining("999"), "200": remaining("199")},
    ),
    "repeat-invite": (post("/invites", invite()), {"allow": 201, "422": 422}),
    "required-settings": (post("/destinations", BLUESHIFT), {"log": 200, "422": 422}),
    "secret-settings": (
        post("/destinations", BLUESHIFT | {"settings": {"apiKey": "long-secret-8839"}}),
        {
            "last-four": at("destination", "settings", "apiKey", equals="•" * 10 + "8839"),
            "bullets": at("destination", "settings", "apiKey", equals="•" * 10),
            "plain": at("destination", "settings", "apiKey", equals="long-secret-8839"),
        },
    ),
    "slug-taken": (post("/sources", SOURCE | {"slug": "ios"}), {"422": 422, "409": 409, "allow": 201}),
    "source-name": (
        post("/sources", SOURCE),
        {"slug": at("source", "name", equals="x"), "empty": at("source", "name", equals="")},
    ),
    "warehouse-name": (
        get(f"/warehouses/{support.WAREHOUSE}"),
        {
            "in-settings": at("warehouse", "settings", "name", equals="Redshift Dev"),
            "hidden": lambda response: "name" not in response.json()["data"]["warehouse"]["settings"],
        },
    ),
    "unknown-body-keys": (post("/sources", SOURCE | {"sourceId": "x"}), {"ignore": 201, "422": 422}),
    "unknown-role": (post("/invites", invite(roleId="nothing")), {"accept": 201, "422": 422}),
    "unknown-settings": (
        post("/sources", SOURCE | {"settings": {"other": 1}}),
        {
            "ignore": at("source", "settings", equals={}),
            "keep": at("source", "settings", equals={"other": 1}),
        },
    ),
    "unknown-user": (delete("/users?userIds=nobody"), {"404": 404, "ignore": 200}),
    "volume-counts": (
        get(VOLUME + "2026-01-01T00:01Z"),
        {"synthetic": lambda response: response.json()["data"]["result"][0]["total"] > 0}
        | {"zero": at("result", 0, "total", equals=0)},
    ),
    "volume-range": (get(VOLUME + "2026-01-03"), {"422": 422, "allow": 200}),
}
UNNAMED = {"rate-limit-budget"}
"""What decides headers alone, of every answer, would only make noise there."""


@pytest.mark.parametrize(
    ("name", "value"),
    sample_of(
        [
            (name, value)
            for name, each in sandbox.api.assumptions.items()
            for value in each.choices
            if name != "other-region"
        ],
        3,
    ),
)
def test_each_value_of_an_assumption_decides_the_response(
    api: Api, restricted: Api, workspace: Workspace, name: str, value: str
) -> None:
    if name == "restricted-token":
        asking, expected = restricted, {"read-only": 401, "write": 201}[value]
        ask: Callable[[Api], requests.Response] = post("/sources", SOURCE)
    else:
        asking, (ask, answers) = api, CASES[name]
        expected = answers[value]
    workspace.set_assumption(name, value)

    response = ask(asking)

    if callable(expected):
        assert response.status_code in (200, 201, 422), response.text
        assert expected(response), response.text
    else:
        assert response.status_code == expected, response.text
    named = response.headers.get("X-Sandbox-Assumption", "").split(", ")
    assert (name in named) == (name not in UNNAMED)


@pytest.mark.parametrize(("value", "status"), [("401", 401), ("301", 301), ("400", 400)])
def test_token_of_the_other_region_is_rejected_or_redirected(value: str, status: int) -> None:
    # The token of no workspace says which one is meant only if a server has just one.
    with sandbox.open_workspace(assume={"other-region": value}) as workspace, serve(SandboxApp([workspace])) as url:
        api = Api(url, "other-region-token")
        response = api("GET", "/sources?pagination.count=1")
        api.close()
        assert Api(url, "wrong")("GET", "/sources").status_code == 401
    assert response.status_code == status
    assert "other-region" in response.headers["X-Sandbox-Assumption"].split(", ")
    location = "https://other-region.invalid/sources?pagination.count=1"
    assert response.headers.get("Location") == (location if status == 301 else None)
    named = "EU-hosted API: https://other-region.invalid" in response.json()["errors"][0]["message"]
    assert named == (status != 401)


def test_response_without_an_assumption_has_no_assumption_header(api: Api) -> None:
    assert "X-Sandbox-Assumption" not in api("GET", f"/sources/{support.IOS_SOURCE}").headers


def test_each_assumption_says_what_it_decides_and_by_what_right() -> None:
    for name, each in sandbox.api.assumptions.items():
        assert each.name == name
        assert each.description
        assert each.source
        assert each.default == each.choices[0]
        assert len(each.choices) > 1


def test_unknown_assumption_is_rejected(workspace: Workspace) -> None:
    with pytest.raises(SandboxError, match='unknown assumption "slug"'):
        workspace.set_assumption("slug", "409")


def test_unknown_value_is_rejected(workspace: Workspace) -> None:
    with pytest.raises(
        SandboxError, match=r'value "500" for assumption "slug-taken"\nhint: Valid values: 422, 409, allow'
    ):
        workspace.set_assumption("slug-taken", "500")


def test_assumptions_can_be_switched_from_the_start() -> None:
    with sandbox.open_workspace(assume={"slug-taken": "allow"}) as workspace:
        assert workspace.handler.assumptions["slug-taken"] == "allow"
    with pytest.raises(SandboxError):
        sandbox.open_workspace(assume={"slug-taken": "maybe"})


def test_stable_cursors_page_backwards(api: Api, workspace: Workspace) -> None:
    workspace.set_assumption("cursors", "stable")
    first = api.data("GET", "/sources?pagination.count=2")
    second = api.data("GET", f"/sources?pagination.count=2&pagination.cursor={quoted(first['pagination']['next'])}")
    again = api.data("GET", f"/sources?pagination.count=2&pagination.cursor={quoted(second['pagination']['previous'])}")
    assert again["sources"] == first["sources"]
    assert base64.b64decode(again["pagination"]["current"]) == b"0"


def test_newest_first_pages_can_be_iterated_both_ways_with_both_cursors(api: Api, workspace: Workspace) -> None:
    oldest = [source["id"] for source in workspace.sources]
    workspace.set_assumption("list-order", "newest-first")
    for cursors in ("offset", "stable"):
        workspace.set_assumption("cursors", cursors)
        pages, cursor = [], "MA=="
        while cursor:
            pages.append(api.data("GET", f"/sources?pagination.count=2&pagination.cursor={quoted(cursor)}"))
            cursor = pages[-1]["pagination"].get("next")
        previous = quoted(pages[1]["pagination"]["previous"])
        assert [source["id"] for page in pages for source in page["sources"]] == oldest[::-1]
        again = api.data("GET", f"/sources?pagination.count=2&pagination.cursor={previous}")
        assert again["sources"] == pages[0]["sources"]


def test_every_error_has_a_type_in_either_style(api: Api, workspace: Workspace) -> None:
    def types() -> list[str]:
        workspace.add_fault("rate-limit:0/min")
        limited = api("GET", "/")
        workspace.clear_faults()
        responses = [
            limited,
            api("GET", "/sources/nothing"),
            api("GET", "/filters"),
            api("POST", "/sources", {}),
        ]
        return [response.json()["errors"][0]["type"] for response in responses]

    assert types() == ["RequestError", "NotFound", "not-implemented", "input-validation"]
    workspace.set_assumption("error-types", "ValidationFailure")
    assert types() == ["RateLimited", "NotFound", "NotImplemented", "ValidationFailure"]
