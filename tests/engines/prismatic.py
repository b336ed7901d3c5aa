"""The exported component in the harness of Prismatic's SDK, beside the component in Python."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import connector
from tests.conftest import TOKEN
from tests.support.server import ReceivedRequest

DRIVER = Path(__file__).with_name("prismatic_harness.cjs")

COMPARED_HEADERS = ("Accept", "Authorization", "Content-Length", "Content-Type", "User-Agent")


class Exported:
    """A process of Node.js that runs a built package."""

    def __init__(self, package: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(DRIVER)], cwd=package, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.definition: dict[str, Any] = self._read()

    def call(
        self,
        key: str,
        inputs: Mapping[str, Any],
        fields: Mapping[str, Any],
        kind: str = "action",
        *,
        bare: bool = False,
    ) -> dict[str, Any]:
        """Return `{"result": ...}`, or `{"error": message, "name": class}`."""
        assert self._process.stdin is not None
        call = {"kind": kind, "key": key, "inputs": inputs, "fields": fields, "bare": bare}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process of Node.js ended"
        return dict(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.wait(timeout=10)


def in_python(
    runner: connector.Runner, key: str, inputs: Mapping[str, Any], kind: str = "action", max_wait: float | None = None
) -> dict[str, Any]:
    """Return what `Exported.call` returns, from Python."""
    run = runner.invoke if kind == "action" else runner.choices
    try:
        return {"result": run(key, inputs, max_wait=max_wait)}
    except connector.ConnectorError as error:
        return {"error": str(error), "name": type(error).__name__}


class Wire(NamedTuple):
    """A request as it came over the wire, with what both languages must send alike."""

    method: str
    target: str
    headers: dict[str, str | None]
    body: Any


def wire(request: ReceivedRequest) -> Wire:
    """Return a request without the boundary of a form, and with its JSON parsed."""
    headers = {name: request.headers.get(name) for name in COMPARED_HEADERS}
    if not request.body:
        headers["Content-Length"] = None  # Node.js says 0 where Python says nothing
    body: Any = request.body
    content_type = headers["Content-Type"] or ""
    if boundary := re.match(rb"--(\S+?)(?:\r\n.*--\1)?--\r\n$", request.body, re.DOTALL):
        body = body.replace(boundary[1], b"BOUNDARY")
        headers |= {"Content-Type": content_type.partition(";")[0], "Content-Length": None}
    elif "json" in content_type:
        body = json.loads(body)
    return Wire(request.method, request.target, headers, body)


WORDS_OF_PYTHON = [
    # Python's parser says where and why, which JavaScript's cannot without repeating the text.
    (re.compile(r"(must be a JSON \w+): .*"), r"\1"),
    # JavaScript has one type of numbers.
    (re.compile(r"got (-?\d+)\.0$", re.MULTILINE), r"got \1"),
    # An option of the command line.
    (re.compile(r", or raise max_wait\."), "."),
    (re.compile(r"Inspect the response with invoke\(\),"), "Inspect the response,"),
    # The error of a missing field says how to pass it in Python.
    (re.compile(r"hint: Pass connection=.*? To try it without an account, use \S+ "), "hint: "),
]
"""What Python's texts say for Python and the command line alone."""


def comparable(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome without the words that differ on purpose."""
    if "error" not in outcome:
        return outcome
    text = outcome["error"]
    for pattern, replacement in WORDS_OF_PYTHON:
        text = pattern.sub(replacement, text)
    return {**outcome, "error": text}


def fields_for(url: str) -> dict[str, str]:
    """Return the fields of a connection to a server."""
    return {"apiKey": TOKEN, "baseUrl": url}
