"""The generated package in a real Node-RED, against the sandbox: `python -m tests.engines.node_red MODULES`.

MODULES is a folder whose `node_modules` holds Node-RED, and for the editor playwright-core. The editor is tested if a
Chromium is found. It is a program of its own, since it needs packages of npm.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import connector
from connector.engines.node_red.package import package_files
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox

SLUG = "made-in-node-red"


def text(value: str) -> dict[str, str]:
    """Return a value of a form."""
    return {"type": "str", "value": value}


def flow_of(workspace: Sandbox, command: str) -> list[dict[str, Any]]:
    """Return a flow that creates and lists, and one that fails."""
    node = {"z": "tab", "connection": "connection", "type": "segment-sources", "overlay": False, "output": "payload"}
    created = {
        "slug": text(SLUG),
        "enabled": {"type": "bool", "value": "false"},
        "metadataId": {"type": "jsonata", "value": '"IqDTy1TpoU"'},
    }
    changed = {"sourceId": text(workspace.sources[0]["id"]), "name": text("Renamed")}
    nodes = [
        {"id": "tab", "type": "tab", "label": "Test"},
        {
            "id": "connection",
            "type": "segment-connection",
            "mode": "child",
            "command": command,
            "field_baseUrl": workspace.connection["fields"]["baseUrl"],
        },
        {**node, "id": "create", "action": "createSource", "values": created, "wires": [["list"]]},
        {
            **node,
            "id": "list",
            "action": "listSources",
            "values": {"count": {"type": "num", "value": "2"}},
            "output": "split",
            "wires": [["records"]],
        },
        {"id": "records", "type": "debug", "z": "tab", "active": False, "wires": []},
        {**node, "id": "missing", "action": "getSource", "values": {"sourceId": text("nope")}, "wires": [[]]},
        {
            "id": "failures",
            "type": "catch",
            "z": "tab",
            "scope": ["missing", "lost"],
            "uncaught": False,
            "wires": [["failed"]],
        },
        {"id": "failed", "type": "debug", "z": "tab", "active": False, "wires": []},
        {**node, "id": "lost", "action": "createSource", "values": created, "connection": "nowhere", "wires": [[]]},
        {"id": "nowhere", "type": "segment-connection", "mode": "url", "url": "http://127.0.0.1:1"},
        {**node, "id": "get", "action": "getSource", "values": {}, "wires": [[]]},
        {**node, "id": "update", "action": "updateSource", "values": changed, "wires": [["updated"]]},
        {"id": "updated", "type": "debug", "z": "tab", "active": False, "wires": []},
    ]
    for number, each in enumerate(each for each in nodes if "wires" in each):
        each.update(x=150 + 200 * (number % 4), y=80 + 80 * (number // 4))
    return nodes


def run(modules: Path, chromium: str | None, picture: Path | None) -> None:
    """Run the flow, and check what was received, what the editor stored, and what was sent."""
    component = connector.load_component()
    with tempfile.TemporaryDirectory() as name, sandbox(component) as workspace:
        folder = Path(name)
        for file, content in package_files(component).items():
            (folder / "package" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "package" / file).write_bytes(content)
        command = Path(sys.executable).with_name("connector")
        scene = {
            "modules": str(modules),
            "folder": str(folder / "user"),
            "package": str(folder / "package"),
            "flow": flow_of(workspace, str(command)),
            "credentials": {"connection": {"apiKey": workspace.connection["fields"]["apiKey"]}},
            "records": len(workspace.sources) + 1,
            "picture": str(picture) if picture else None,
        }
        environment = {**os.environ, "SCENE": json.dumps(scene), **({"CHROMIUM": chromium} if chromium else {})}
        script = Path(__file__).with_suffix(".mjs")
        node = subprocess.run(
            ["node", script], env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=False
        )
        assert node.returncode == 0, node.stdout
        result = json.loads(node.stdout.strip().splitlines()[-1])
        check_flow(result["received"], workspace)
        print("Node-RED: the flow created a source, listed all pages, and caught an error")
        if result["editor"]:
            check_editor(result["editor"], workspace)
            print("editor: forms saved unchanged add nothing, the picker works by keyboard, the key stays hidden")


def check_flow(received: list[dict[str, Any]], workspace: Sandbox) -> None:
    """Check the messages of the flow."""
    sources = [source["id"] for source in workspace.sources]
    records = [each for each in received if each["node"] == "records"]
    assert [each["payload"]["id"] for each in records] == sources, records
    assert [each["parts"]["index"] for each in records] == list(range(len(sources)))
    assert {each["parts"]["count"] for each in records} == {len(sources)}
    (created,) = [each for each in received if each["node"] == "list"]
    assert created["payload"]["data"]["source"]["slug"] == SLUG
    assert created["payload"]["data"]["source"]["enabled"] is False
    failures = [each["failure"] for each in received if each["node"] == "failures"]
    assert [each["type"] for each in failures] == ["NotFoundError", "OutcomeUnknownError"], failures
    assert not any(each["repeatable"] for each in failures)


def check_editor(editor: dict[str, Any], workspace: Sandbox) -> None:
    """Check what the forms stored, and what the changed flow sent."""
    assert editor["problems"] == [], editor["problems"]
    for before, after in editor["unchanged"].values():
        assert before == after, (before, after)
    choices = workspace.runner().choices("sources")["result"]
    assert editor["picked"] == {"sourceId": text(choices[1]["key"])}, editor["picked"]
    assert editor["focused"] == "Choose...", editor["focused"]
    assert editor["apiKey"] == "__PWRD__", "the editor never gets the key itself"
    (update,) = [request for request in workspace.requests if request.method == "PATCH"]
    assert update.body == {"name": "Renamed"}, update.body


def main() -> None:
    """Run the test from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", type=Path)
    parser.add_argument("--picture", type=Path, help="PNG file for a picture of the editor")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    has_driver = (options.modules / "node_modules" / "playwright-core").is_dir()
    if not (chromium and has_driver):
        print("no Chromium or no playwright-core: the editor is not tested")
    run(options.modules.absolute(), chromium if has_driver else None, options.picture and options.picture.absolute())


if __name__ == "__main__":
    main()
