"""The exported package in the harness of Prismatic's SDK, and published with Prismatic's own tool.

`.ci/prismatic` exports and builds the package, and sets the variables.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from connector.describe.prismatic import server_form
from connector.engines.prismatic.package import package
from connector.sandbox_kit.sandbox import Sandbox
from tests.conftest import TOKEN
from tests.engines.compare_prismatic import compared
from tests.engines.prismatic import Exported
from tests.engines.prismatic_cases import GROUPS
from tests.sandbox_integration.test_every_action import Customer, build, change, look, take_apart
from tests.support.server import LoopbackServer, serving


@pytest.fixture(scope="module")
def folder() -> Path:
    """The built package."""
    path = os.environ.get("TESTS_PRISMATIC_PACKAGE")
    if not path:
        pytest.skip("TESTS_PRISMATIC_PACKAGE names no built package")
    return Path(path)


@pytest.fixture(scope="module")
def exported(folder: Path) -> Iterator[Exported]:
    with Exported(folder) as running:
        yield running


def test_package_is_what_the_component_exports_now(folder: Path, segment: connector.Component) -> None:
    for path, content in package(segment).items():
        assert (folder / path).read_bytes() == content, path


def test_definition_is_that_of_the_component_except_for_what_is_meant_to_differ(
    exported: Exported, segment: connector.Component
) -> None:
    definition, form = exported.definition, json.loads(json.dumps(server_form(segment)))
    for key, action in definition["actions"].items():
        is_read = segment.actions[key].effect == "read"
        assert action.pop("performSafety") == ("SAFE" if is_read else "NOT_ALLOWED"), key
        for entry in form["actions"][key]["inputs"]:
            if segment.actions[key].pagination and entry["key"] == "count":
                entry.update(placeholder="50", default="")

    assert definition["actions"] == form["actions"]
    assert definition["dataSources"] == form["dataSources"]
    assert definition["connections"] == form["connections"]
    assert (definition["key"], definition["public"]) == ("segment-connector", False)
    assert definition["display"] == {**form["display"], "label": "Segment Connector"}


@pytest.mark.parametrize("group", ["rows", "recorded", "shapes", "pages", "errors", "raw", "connections"])
def test_requests_and_results_are_those_of_python(exported: Exported, server: LoopbackServer, group: str) -> None:
    cases = list(GROUPS[group]())

    differences = [(case.key, case.inputs, compared(exported, server, case)) for case in cases]

    assert cases
    assert [difference for difference in differences if difference[2]] == []


def test_harness_with_the_defaults_of_the_forms_sends_what_python_sends(
    exported: Exported, server: LoopbackServer
) -> None:
    for case in GROUPS["rows"]():
        if case.inputs:
            assert compared(exported, server, case, bare=False) == "", case.key


@pytest.mark.parametrize("of_connection", [None, "api", "eu1.api"])
@pytest.mark.parametrize("of_action", [None, "api", "eu1.api"])
def test_host_is_that_of_the_region(
    exported: Exported, segment: connector.Component, of_connection: str | None, of_action: str | None
) -> None:
    fields = {"apiKey": TOKEN, **({"region": of_connection} if of_connection else {})}
    requested = {"region": of_action} if of_action else {}
    definition = segment.connection()
    endpoint = definition.connect(definition.fields.from_values(fields), requested)

    outcome = exported.call("deleteSource", {"sourceId": "s", **requested}, fields)

    assert f'cannot resolve host "{endpoint.host}"' in outcome["error"]


class ExportedRunner:
    """The exported component with the methods of a runner."""

    def __init__(self, exported: Exported, fields: dict[str, Any]) -> None:
        self._exported = exported
        self._fields = fields

    def invoke(self, key: str, inputs: dict[str, Any], kind: str = "action") -> Any:
        outcome = self._exported.call(key, inputs, self._fields, kind)
        if "error" in outcome:
            raise getattr(errors, outcome["name"])(outcome["error"])
        return outcome["result"]

    def choices(self, key: str) -> Any:
        return self.invoke(key, {}, "dataSource")

    def records(self, key: str, inputs: dict[str, Any]) -> list[Any]:
        data = self.invoke(key, {**inputs, "fetchAll": "true"})["data"]["data"]
        return next(value for value in data.values() if isinstance(value, list))


def test_every_action_and_data_source_works_in_the_sandbox(
    exported: Exported, segment: connector.Component, sandbox: Sandbox
) -> None:
    before = sandbox.dump()
    do = Customer(ExportedRunner(exported, sandbox.connection["fields"]))  # type: ignore[arg-type]

    ids = build(do)
    change(do, ids)
    look(do, sandbox, ids)
    sandbox.accept_invite("sloth@example.com")
    take_apart(do, ids)

    assert do.done == {*exported.definition["actions"], *exported.definition["dataSources"]}
    assert sandbox.dump() == before


class Registry:
    """Stands for Prismatic's API, and keeps what is published."""

    def __init__(self) -> None:
        self.published: dict[str, Any] = {}
        self.uploads: dict[str, bytes] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply({"data": outer.data(json.loads(content))})

            def do_PUT(self) -> None:
                outer.uploads[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.reply({})

            def reply(self, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def data(self, query: dict[str, Any]) -> dict[str, Any]:
        if "publishComponent" not in query["query"]:
            return {"authenticatedUser": {"name": "n", "org": {"id": "o"}}, "components": {"nodes": []}}
        self.published = query["variables"]
        result = {
            "component": {"id": "c", "versionNumber": "1"},
            "packageUploadUrl": f"{self.url}/package",
            "iconUploadUrl": f"{self.url}/icon",
            "connectionIconUploadUrls": [],
            "connectionAvatarIconUploadUrls": [],
        }
        return {"publishComponent": {"publishResult": result, "errors": []}}


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    with serving(registry.server):
        yield registry


def test_package_is_published(folder: Path, registry: Registry, tmp_path: Path) -> None:
    prism = os.environ.get("TESTS_PRISM")
    if not prism:
        pytest.skip("TESTS_PRISM names no command of Prismatic")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "PRISMATIC_URL": registry.url,
        "PRISM_ACCESS_TOKEN": "a.b.c",
    }

    run = subprocess.run(
        [prism, "components:publish", "--no-confirm"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Successfully submitted Segment Connector (v1)" in run.stdout
    published = registry.published
    assert published["definition"]["key"] == "segment-connector"
    assert published["definition"]["public"] is False
    assert [len(published[kind]) for kind in ("actions", "dataSources", "connections")] == [44, 3, 1]
    assert registry.uploads["/icon"] == (folder / "assets/icon.png").read_bytes()
    with zipfile.ZipFile(io.BytesIO(registry.uploads["/package"])) as bundle:
        assert bundle.read("index.js") == (folder / "dist/index.js").read_bytes()
