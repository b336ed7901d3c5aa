"""Requests exactly as the official clients and the original put them on the wire (recorded at API 73.2.0)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import urllib3

from connector.sandbox_kit.sandbox import Sandbox

V1 = "application/vnd.segment.v1+json"
ALPHA = "application/vnd.segment.v1alpha+json"
SUBSCRIPTION = '{"name":"S","actionId":"%s","trigger":"type = \\"track\\"","enabled":true}'


@dataclass(frozen=True)
class Client:
    """How one client writes what the API leaves to it.

    Attributes:
        accept: Its `Accept` of v1 operations.
        accept_alpha: Its `Accept` of alpha operations.
        content_alpha: Its `Content-Type` of an alpha operation's body.
        page: Its query for the second page of two.
        users: Its query for two users, to be filled in.
    """

    accept: str
    accept_alpha: str
    content_alpha: str
    page: str
    users: str


CLIENTS = {
    "guide": Client(V1, ALPHA, V1, "pagination.count=2&pagination.cursor=Mg%3D%3D", "userIds.0={0}&userIds.1={1}"),
    "python-sdk": Client(
        V1,
        ALPHA,
        ALPHA,
        "pagination=%7B%22cursor%22%3A%20%22Mg%3D%3D%22%2C%20%22count%22%3A%202%7D",
        "userIds={0}&userIds={1}",
    ),
    "java-sdk": Client(V1, ALPHA, ALPHA, "pagination.count=2&pagination.cursor=Mg==", "userIds={0}&userIds={1}"),
    "go-sdk": Client(
        "application/json",
        "application/json",
        ALPHA,
        "pagination[count]=2&pagination[cursor]=Mg==",
        "userIds.0={0}&userIds.1={1}",
    ),
    "typescript-sdk": Client(
        "application/json",
        "application/json",
        "application/json",
        "pagination%5Bcursor%5D=Mg%3D%3D&pagination%5Bcount%5D=2",
        "userIds%5B0%5D={0}&userIds%5B1%5D={1}",
    ),
    "original": Client(
        "application/json, text/plain, */*",
        "application/json, text/plain, */*",
        ALPHA,
        "pagination%5Bcount%5D=2&pagination%5Bcursor%5D=Mg%3D%3D",
        "userIds%5B%5D={0}&userIds%5B%5D={1}",
    ),
}


class Wire:
    """Sends targets as written."""

    def __init__(self, workspace: Sandbox) -> None:
        self.pool = urllib3.PoolManager()
        self.url = workspace.url
        self.token = workspace.token

    def __call__(self, method: str, target: str, body: str | None = None, **headers: str) -> urllib3.BaseHTTPResponse:
        named = {"Authorization": f"Bearer {self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        pool = self.pool.connection_from_url(self.url)
        return pool.urlopen(method, target, body, named, retries=False, assert_same_host=False, preload_content=True)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
def test_every_official_client_is_understood(workspace: Sandbox, client: Client) -> None:
    wire = Wire(workspace)
    slugs = [source["slug"] for source in workspace.sources]

    page = wire("GET", f"/sources?{client.page}", Accept=client.accept)
    assert [source["slug"] for source in page.json()["data"]["sources"]] == slugs[2:4]
    assert page.headers["Content-Type"] == (V1 if client.accept == V1 else "application/json")

    host = workspace.subscriptions[0]["destinationId"]
    action = workspace.subscriptions[0]["actionId"]
    path = f"/destinations/{host}/subscriptions"
    created = wire("POST", path, SUBSCRIPTION % action, Accept=client.accept_alpha, Content_Type=client.content_alpha)
    assert created.status == 200
    assert created.json()["data"]["destinationSubscription"]["name"] == "S"

    for name in ("a", "b"):
        body = f'{{"invites":[{{"email":"{name}@example.com","permissions":[]}}]}}'
        assert wire("POST", "/invites", body, Accept=client.accept, Content_Type="application/json").status == 201
        workspace.accept_invite(f"{name}@example.com")
    users = [user["id"] for user in workspace.users]
    assert wire("DELETE", "/users?" + client.users.format(*users[-2:]), Accept=client.accept).status == 200
    assert [user["id"] for user in workspace.users] == users[:-2]


def test_without_any_query_the_first_page_comes(workspace: Sandbox) -> None:
    answer = Wire(workspace)("GET", "/sources", Accept=V1).json()["data"]
    assert len(answer["sources"]) == len(workspace.sources)
    assert answer["pagination"]["current"] == "MA=="
