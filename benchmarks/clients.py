"""Clients that fetch lists of sources from the benchmarks' server, each as its own documentation shows it.

A client that is not installed is left out, and the report names it. The official SDK is one of them:
`make bench SDK=DIR` installs it from a checkout of segmentio/public-api-sdk-python.
"""

from __future__ import annotations

import asyncio
import atexit
import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from benchmarks.common import HEADERS, PAGE, TOKEN

ORIGIN = "requests"
"""The client that every ratio refers to."""
THREADS = 64

Fetch = Callable[[int], Any]
"""Fetches one page of sources, of the size that it is passed, and returns the parsed response."""


def ours(url: str) -> Fetch:
    import connector

    runner = connector.Runner(connector.load_component(), {"fields": {"apiKey": TOKEN, "baseUrl": url}})
    return lambda count: runner.invoke("listSources", {"count": count})


def bare_requests(url: str) -> Fetch:
    import requests

    session = requests.Session()
    session.headers.update(HEADERS)
    # A session keeps ten connections by default; with more threads, it would connect anew for many calls.
    session.mount(url, requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
    return lambda count: session.get(f"{url}/sources", params={"pagination[count]": count}).json()


def bare_urllib3(url: str) -> Fetch:
    import urllib3
    from pydantic_core import from_json

    pool = urllib3.PoolManager(headers=HEADERS, maxsize=THREADS)
    return lambda count: from_json(pool.request("GET", f"{url}/sources", fields={"pagination[count]": str(count)}).data)


def bare_httpx(url: str) -> Fetch:
    import httpx

    client = httpx.Client(headers=HEADERS, timeout=60)
    atexit.register(client.close)
    return lambda count: client.get(f"{url}/sources", params={"pagination[count]": count}).json()


def official_sdk(url: str) -> Fetch:
    """The SDK without its models, which is its fastest way."""
    import segment_public_api as sdk

    configuration = sdk.Configuration(host=url, access_token=TOKEN)
    configuration.connection_pool_maxsize = THREADS
    api = sdk.SourcesApi(sdk.ApiClient(configuration))
    return lambda count: json.loads(api.list_sources_without_preload_content(sdk.PaginationInput(count=count)).data)


def bare_aiohttp(url: str) -> Fetch:
    """One request at a time on a loop of its own."""
    import aiohttp

    loop = asyncio.new_event_loop()

    async def opened() -> Any:
        return aiohttp.ClientSession(headers=HEADERS)

    session = loop.run_until_complete(opened())
    atexit.register(lambda: loop.run_until_complete(session.close()))

    async def fetch(count: int) -> Any:
        async with session.get(f"{url}/sources", params={"pagination[count]": count}) as response:
            return await response.json()

    return lambda count: loop.run_until_complete(fetch(count))


CLIENTS: dict[str, tuple[str, Callable[[str], Fetch]]] = {
    "ours": ("connector", ours),
    "requests": ("requests", bare_requests),
    "urllib3 with pydantic-core": ("urllib3", bare_urllib3),
    "official SDK, raw": ("segment_public_api", official_sdk),
    "httpx": ("httpx", bare_httpx),
    "aiohttp": ("aiohttp", bare_aiohttp),
}
"""By name: the module that must be installed, and what opens the client."""

IN_THREADS = [name for name in CLIENTS if name not in {"aiohttp", "httpx"}]
"""Clients that threads can share; httpx raised errors here in runs with 64 threads."""


def installed() -> list[str]:
    """Return the names of the clients that can be measured here."""
    return [name for name, (module, _) in CLIENTS.items() if find_spec(module)]


def opened(url: str) -> dict[str, Fetch]:
    """Return the installed clients, each with an open connection."""
    fetches = {name: CLIENTS[name][1](url) for name in installed()}
    for name, fetch in fetches.items():
        for count in (2, PAGE):
            data = fetch(count)["data"]
            assert len(data.get("data", data)["sources"]) == count, f"{name} fetches something else"
    return fetches
