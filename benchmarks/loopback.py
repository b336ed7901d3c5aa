"""A server process on loopback that returns two lists from memory, for the benchmarks.

`/sources` is the documented reply of two sources, or, asked for 200 a page, one of 200 pages of 200 sources.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.common import PAGE, PAGES

DOCUMENTED = Path(__file__).parent.parent / "actions" / "examples" / "listSources.json"


def _bodies() -> tuple[bytes, list[bytes]]:
    documented = json.loads(DOCUMENTED.read_text(encoding="utf-8"))["data"]
    template = documented["data"]["sources"][0]
    pages = []
    for page in range(PAGES):
        sources = [{**template, "id": f"source-{page}-{i}", "slug": f"slug-{page}-{i}"} for i in range(PAGE)]
        pagination = {"current": str(page), "totalEntries": PAGES * PAGE}
        if page + 1 < PAGES:
            pagination["next"] = str(page + 1)
        pages.append(_response({"data": {"sources": sources, "pagination": pagination}}))
    return _response(documented), pages


def _response(body: object) -> bytes:
    content = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


class _Protocol(asyncio.Protocol):
    small, pages, delay = b"", list[bytes](), 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = bytearray()

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if separator and (length is None or len(body) >= int(length[1])):
            self.received = bytearray()
            self.respond(bytes(head))

    def respond(self, head: bytes) -> None:
        query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
        # The official SDK writes one parameter as JSON, the others write one parameter for each field.
        pagination = json.loads(query.get("pagination", ["{}"])[0])
        if query.get("pagination[count]") == [str(PAGE)] or pagination.get("count") == PAGE:
            response = self.pages[int(query.get("pagination[cursor]", ["0"])[0])]
        else:
            response = self.small
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.transport.write, response)
        else:
            self.transport.write(response)


def _serve(pipe: Connection, cpu: int | None, delay: float) -> None:
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    _Protocol.small, _Protocol.pages = _bodies()
    _Protocol.delay = delay

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def serving(delay: float = 0.0) -> Iterator[str]:
    """The URL of a running server, on a processor of its own where there are two; it takes `delay` seconds a page."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(theirs, cpus[0] if len(cpus) > 1 else None, delay), daemon=True
    )
    process.start()
    if len(cpus) > 1:
        os.sched_setaffinity(0, {cpus[1]})
    try:
        if not mine.poll(30):
            msg = "the server of the benchmark did not start"
            raise RuntimeError(msg)
        yield f"http://127.0.0.1:{mine.recv()}"
    finally:
        process.terminate()
        process.join()
        if cpus:
            os.sched_setaffinity(0, cpus)
