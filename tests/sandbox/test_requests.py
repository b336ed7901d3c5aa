"""How requests may be written: tokens, media types, pages, lists and wrong bodies."""

from __future__ import annotations

import base64
import json
import socket
from typing import Any

import pytest
import requests

import sandbox
from connector.sandbox_kit import LoggedRequest, SandboxApp, Workspace
from connector.sandbox_kit.asgi_server import serve
from tests.sandbox import support
from tests.sandbox.support import Api, quoted


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer", ""])
def test_no_token_and_a_wrong_one_are_401_alike(url: str, workspace: Workspace, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = requests.get(f"{url}/sources", headers=headers, timeout=5)
    assert response.status_code == 401
    assert response.json() == {"errors": [{"type": "unauthorized", "message": "Unauthorized"}]}


def test_missing_permission_is_401_and_changes_nothing(restricted: Api, workspace: Workspace) -> None:
    before = workspace.dump()
    body = {"slug": "x", "enabled": True, "metadataId": support.JAVASCRIPT}
    assert restricted("POST", "/sources", body).status_code == 401
    assert restricted("DELETE", f"/sources/{support.IOS_SOURCE}").status_code == 401
    assert workspace.dump() == before


def test_token_opens_its_own_workspace_only(site: SandboxApp, url: str, api: Api) -> None:
    with sandbox.open_workspace() as other:
        site.add(other)
        api.source("mine")
        assert "mine" in [each["slug"] for each in api.data("GET", "/sources")["sources"]]
        assert "mine" not in Api(url, other.token)("GET", "/sources").text
        site.remove(other)
        assert Api(url, other.token)("GET", "/").status_code == 401


def test_unknown_token_belongs_to_no_workspace_when_there_are_two() -> None:
    with sandbox.open_workspace() as one, sandbox.open_workspace() as other:
        with serve(SandboxApp([one, other])) as url:
            assert Api(url, "wrong")("GET", "/").json()["errors"][0]["type"] == "unauthorized"
        assert one.requests == other.requests == []


def test_operation_that_is_not_simulated_is_501_with_its_name(api: Api) -> None:
    response = api("GET", "/filters")
    assert response.status_code == 501
    [error] = response.json()["errors"]
    assert error["message"].startswith(
        "The sandbox does not implement listFiltersForSpace (GET /filters). Set the assumption "
    )


def test_operation_that_is_not_simulated_can_return_a_sample(api: Api, workspace: Workspace) -> None:
    workspace.set_assumption("unbuilt-operation", "sample")
    response = api("GET", "/filters?pagination.count=1")
    assert (response.status_code, response.headers["X-Sandbox-Sample"]) == (200, "listFiltersForSpace")
    assert isinstance(response.json()["data"]["filters"], list)
    assert "X-Sandbox-Sample" not in api("GET", "/sources").headers


@pytest.mark.parametrize("path", ["/workspaces", "/v1/sources", "/sources/a/b/c"])
def test_path_that_the_api_does_not_have_is_404(api: Api, path: str) -> None:
    assert api("GET", path).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("PUT", "/sources"), ("HEAD", "/"), ("DELETE", "/filters")])
def test_method_that_a_path_does_not_have_is_405(api: Api, method: str, path: str) -> None:
    assert api(method, path).status_code == 405


def test_slash_at_the_end_of_a_path_is_ignored(api: Api) -> None:
    assert api.data("GET", "/sources/") == api.data("GET", "/sources")
    assert api.data("GET", f"/sources/{support.IOS_SOURCE}/")["source"]["slug"] == "ios"


PAGES = [
    "pagination.count=2&pagination.cursor=MQ%3D%3D",
    "pagination[count]=2&pagination[cursor]=MQ==",
    "pagination%5Bcursor%5D=MQ%3D%3D&pagination%5Bcount%5D=2",
    "pagination=%7B%22cursor%22%3A%20%22MQ%3D%3D%22%2C%20%22count%22%3A%202%7D",
]


@pytest.mark.parametrize("query", PAGES)
def test_every_dialect_of_pagination_asks_for_the_same_page(api: Api, query: str) -> None:
    whole = api.data("GET", "/sources")["sources"]
    page = api.data("GET", f"/sources?{query}")
    assert page["sources"] == whole[1:3]
    assert page["pagination"] == {"current": "MQ==", "next": "Mw==", "previous": "MA==", "totalEntries": 5}


def test_without_pagination_the_first_200_come(api: Api) -> None:
    for number in range(200):
        api.source(f"s{number}")
    page = api.data("GET", "/sources")
    assert len(page["sources"]) == 200
    assert page["pagination"] == {"current": "MA==", "next": "MjAw", "totalEntries": 205}


def test_last_page_has_no_next(api: Api) -> None:
    page = api.data("GET", "/sources?pagination.count=5")
    assert page["pagination"] == {"current": "MA==", "totalEntries": 5}


def test_iteration_returns_every_record_once(api: Api) -> None:
    seen: list[str] = []
    query = "?pagination.count=2"
    while query:
        page = api.data("GET", f"/sources{query}")
        seen += [source["id"] for source in page["sources"]]
        following = page["pagination"].get("next")
        query = f"?pagination.count=2&pagination.cursor={quoted(following)}" if following else ""
    assert seen == [source["id"] for source in api.data("GET", "/sources")["sources"]]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("pagination.cursor=MA==", ["pagination.count"]),
        ("pagination.count=0", ["pagination.count"]),
        ("pagination.count=1001", ["pagination.count"]),
        ("pagination.count=two", ["pagination.count"]),
        ("pagination[count]=1.5", ["pagination.count"]),
        ("pagination=%7B%22count%22%3Atrue%7D", ["pagination.count"]),
        (
            "pagination=%7B%22count%22%3A%22x%22%2C%22cursor%22%3A1%7D",
            ["pagination.count", "pagination.cursor"],
        ),
        ("pagination=5", ["pagination"]),
        ("pagination=%7B", ["pagination"]),
        ("pagination.count=1&pagination.cursor=nonsense", ["pagination.cursor"]),
        ("pagination.count=1&pagination.cursor=LTE%3D", ["pagination.cursor"]),
    ],
)
def test_wrong_page_names_its_fields(api: Api, query: str, fields: list[str]) -> None:
    assert api.fields("GET", f"/sources?{query}") == fields


LISTS = [
    "userIds={}&userIds={}",
    "userIds.0={}&userIds.1={}",
    "userIds[0]={}&userIds[1]={}",
    "userIds%5B%5D={}&userIds%5B%5D={}",
    "userIds=%5B%22{}%22%2C%22{}%22%5D",
]


@pytest.mark.parametrize("form", LISTS)
def test_every_dialect_of_lists_names_the_same_records(api: Api, workspace: Workspace, form: str) -> None:
    api.data("DELETE", f"/users?{form.format(*(user['id'] for user in workspace.users))}")
    assert workspace.users == []


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/vnd.segment.v1+json", "application/vnd.segment.v1+json"),
        ("application/vnd.segment.stable+json", "application/vnd.segment.v1+json"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("*/*", "application/json"),
        ("application/vnd.segment.v1alpha+json", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_every_form_of_accept_gets_a_response(api: Api, accept: str, answered: str) -> None:
    response = api("GET", "/sources", headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, answered)


@pytest.mark.parametrize("accept", ["application/vnd.segment.v1alpha+json", "application/vnd.segment.alpha+json"])
def test_alpha_operations_respond_in_their_version(api: Api, accept: str) -> None:
    response = api("GET", f"/destinations/{support.SUBSCRIBED}/subscriptions", headers={"Accept": accept})
    assert response.headers["Content-Type"] == "application/vnd.segment.v1alpha+json"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/vnd.segment.v1+json", ""],
)
def test_every_content_type_of_json_is_read(api: Api, content_type: str) -> None:
    body = {"slug": "made", "enabled": True, "metadataId": support.JAVASCRIPT}
    assert api("POST", "/sources", body, headers={"Content-Type": content_type}).status_code == 201


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"slug": "is required", "enabled": "is required", "metadataId": "is required"}),
        (
            {"slug": 1, "enabled": "true", "metadataId": None, "settings": [], "disconnectAllWarehouses": 0},
            {
                "slug": "must be a string",
                "enabled": "must be a boolean",
                "metadataId": "must be a string",
                "settings": "must be an object",
                "disconnectAllWarehouses": "must be a boolean",
            },
        ),
        (
            {"slug": "ios", "enabled": True, "metadataId": "nothing"},
            {"metadataId": "does not exist in sourcesCatalog", "slug": "is already used by another source"},
        ),
        ([], {"body": "must be an object"}),
    ],
)
def test_each_fault_of_a_body_is_one_entry_with_its_field(api: Api, body: Any, errors: dict[str, str]) -> None:
    response = api("POST", "/sources", body)
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"type": "input-validation", "message": f'"{field}" {message}', "field": field}
        for field, message in errors.items()
    ]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"settings": {"n": 1e999}}', b'{"slug": NaN}'])
def test_body_that_is_not_json_is_rejected(api: Api, content: bytes) -> None:
    response = api("POST", "/sources", data=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "body")


def test_nested_faults_name_their_path(api: Api) -> None:
    body = {"invites": [{"permissions": [{"resources": [{"type": "PLANET"}]}]}]}
    place = "invites.0.permissions.0"
    expected = ["invites.0.email", f"{place}.roleId", f"{place}.resources.0.id", f"{place}.resources.0.type"]
    assert api.fields("POST", "/invites", body) == expected


def test_id_longer_than_255_characters_is_rejected(api: Api) -> None:
    assert api("GET", f"/sources/{'x' * 255}").status_code == 404
    assert api.fields("GET", f"/sources/{'x' * 256}") == ["sourceId"]


def test_encoded_slash_is_part_of_an_id(api: Api) -> None:
    assert api("GET", "/sources/a%2Fb").status_code == 404


def test_every_response_has_the_rate_limit_headers(api: Api) -> None:
    first, second = api("GET", "/"), api("GET", "/sources/nothing")
    assert [int(each.headers["X-RateLimit-Consumed"]) for each in (first, second)] == [1, 2]
    assert [int(each.headers["X-RateLimit-Remaining"]) for each in (first, second)] == [599, 598]
    assert first.headers["X-RateLimit-Reset"].endswith("GMT")


def test_requests_are_recorded_without_the_token(api: Api, workspace: Workspace) -> None:
    api("POST", "/sources?a=1&a=2", {"slug": "x"})
    [request] = workspace.requests
    expected = LoggedRequest("POST", "/sources", {"a": ["1", "2"]}, {"slug": "x"}, 422)
    assert request == expected
    assert workspace.token not in repr(workspace.requests) + repr(workspace)


def test_only_workspace_of_a_site_sees_requests_with_a_wrong_token() -> None:
    with sandbox.open_workspace() as workspace, serve(SandboxApp([workspace])) as url:
        assert Api(url, "wrong")("GET", "/").status_code == 401
        assert [request.status for request in workspace.requests] == [401]


def test_text_beyond_ascii_comes_back_as_sent(api: Api) -> None:
    source = api.source("naïve ☃ \u0000 \U0001f600", settings={"apiHost": "«»"})
    assert source["slug"] == "naïve ☃ \u0000 \U0001f600"
    assert api.data("GET", f"/sources/{source['id']}")["source"] == source


def test_cursor_beyond_the_end_is_an_empty_page(api: Api) -> None:
    cursor = quoted(base64.b64encode(b"999").decode())
    page = api.data("GET", f"/sources?pagination.count=2&pagination.cursor={cursor}")
    assert page["sources"] == []
    assert json.dumps(page["pagination"]).count("next") == 0


def test_body_over_10_mib_is_rejected_and_the_next_request_succeeds(api: Api) -> None:
    response = api("POST", "/sources", data=b"x" * (10 * 2**20 + 1), headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.json()["errors"][0]["type"] == "too-large"
    assert api("POST", "/sources", data=b"x" * 10 * 2**20).status_code == 422
    assert api("GET", "/").status_code == 200


def test_write_whose_client_leaves_before_the_end_of_the_body_has_no_effect(api: Api, workspace: Workspace) -> None:
    body = json.dumps({"slug": "made", "enabled": True, "metadataId": support.JAVASCRIPT}).encode()
    head = f"POST /sources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {workspace.token}\r\n"
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1000):
            pass
    assert api("GET", "/sources").status_code == 200
    assert "made" not in [source["slug"] for source in workspace.sources]
