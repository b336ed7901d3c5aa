"""What the tests of flows share: a component of their own, a service for it, and flows as short texts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from connector import Component, load_component
from connector.flows import Flow
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

WORKSHOP = Path(__file__).parent / "example_component"
TOKEN = "secret-token-of-the-workshop"
CONNECTION = "Workshop"

__all__ = ["ServerResponse", "Service", "document", "flow_of", "step", "value", "workshop"]


def workshop() -> Component:
    return load_component(WORKSHOP, installed_plugins=False)


class Service:
    """A workshop on loopback: keeps things, and can be told to answer otherwise."""

    def __init__(self, server: LoopbackServer) -> None:
        self.server = server
        self.things: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, list[ServerResponse]] = {}
        self._ids = itertools.count(1)
        server.script = self.answer

    @property
    def connection(self) -> dict[str, Any]:
        return {"fields": {"apiKey": TOKEN, "baseUrl": self.server.url}}

    @property
    def connections(self) -> dict[str, Any]:
        return {CONNECTION: self.connection}

    def requests(self, method: str) -> list[ReceivedRequest]:
        return [request for request in self.server.requests if request.method == method]

    def answer(self, request: ReceivedRequest) -> ServerResponse:
        scripted = self.answers.get(request.method)
        if scripted:
            return scripted.pop(0)
        if request.method == "GET":
            return ServerResponse({"things": list(self.things.values())})
        if request.method == "POST":
            thing = {"id": f"t{next(self._ids)}", **json.loads(request.body)}
            self.things[thing["id"]] = thing
            return ServerResponse({"thing": thing})
        key = request.path.rpartition("/")[2]
        if key not in self.things:
            return ServerResponse({"error": "not found"}, status=404)
        if request.method == "DELETE":
            del self.things[key]
            return ServerResponse({"status": "SUCCESS"})
        self.things[key] |= json.loads(request.body)
        return ServerResponse({"thing": self.things[key]})


def value(text: str) -> dict[str, Any]:
    """An input from a short form: `=path` is a reference, `#key` a config variable, `~text` a template."""
    kinds = {"=": "reference", "#": "configVar", "~": "template"}
    kind = kinds.get(text[:1])
    return {"type": kind, "value": text[1:]} if kind else {"type": "value", "value": text}


def step(name: str, kind: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    component, _, action = kind.partition(".")
    expressions = {key: value(part) if isinstance(part, str) else part for key, part in (inputs or {}).items()}
    return {"name": name, "action": {"key": action, "component": {"key": component}}, "inputs": expressions, **more}


TRIGGER = step("Trigger", "webhook-triggers.webhook", isTrigger=True)
WORKSHOP_CONNECTION = {
    "key": CONNECTION,
    "dataType": "connection",
    "connection": {"key": "key", "component": {"key": "workshop"}},
    "inputs": {},
}


def document(
    *steps: dict[str, Any], config: Iterable[dict[str, Any]] = (), flow: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "name": "Tests",
        "definitionVersion": 7,
        "flows": [{"name": "Main", "steps": [TRIGGER, *steps], **(flow or {})}],
        "requiredConfigVars": [WORKSHOP_CONNECTION, *config],
        **more,
    }


def flow_of(*steps: dict[str, Any], **more: Any) -> Flow:
    return Flow.parse(yaml.safe_dump(document(*steps, **more), sort_keys=False), "flow.yaml")


def echo(name: str, text: Any, **more: Any) -> dict[str, Any]:
    return step(name, "workshop.echo", {"value": text}, **more)


def loop(name: str, items: Any, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return step(name, "loop.loopOverItems", {"items": items}, steps=list(steps), **more)


def branches(**by_name: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "steps": steps} for name, steps in by_name.items()]


def mappings(**by_name: str) -> dict[str, Any]:
    return {"type": "complex", "value": [{"name": n, "type": "value", "value": v} for n, v in by_name.items()]}
