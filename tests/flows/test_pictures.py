"""Pictures of flows and runs: one file that opens anywhere, without scripts, and with every name escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from connector.component.component import Component
from connector.flows import Flow, Run, timeline
from connector.flows.picture.documents import html_document, svg_document
from connector.flows.picture.steps import StepFacts
from connector.flows.run_timeline import Timeline
from tests.cli.conftest import Command, command
from tests.flows.support import ServerResponse, Service, document, flow_of, step

__all__ = ["command"]

Runs = Callable[..., Run]

HOSTILE = "<script>alert(1)</script> ]]> & \"'\u202eevil\u0007"
SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "line", "rect", "path", "circle"}


class Elements(HTMLParser):
    """Reads a page, and fails where a tag is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def hostile_flow() -> Flow:
    loop = step("Loop", "loop.loopNTimes", {"iterationCount": "1"}, steps=[step("y" * 10_000, "log.writeLog")])
    return flow_of(step(HOSTILE, "log.writeLog"), loop)


@pytest.fixture
def waited(run: Runs, service: Service) -> Run:
    """A run with a wait, a failed attempt, and an ignored error."""
    service.answers["GET"] = [ServerResponse({}, status=429, headers={"Retry-After": "0"})]
    service.answers["POST"] = [ServerResponse({}, status=404)] * 2
    retry = {"errorHandlerType": "retry", "maxAttempts": 1, "delaySeconds": 0, "ignoreFinalError": True}
    create = step("Create", "workshop.createThing", {"name": "a"}, errorConfig=retry)
    return run(step("List", "workshop.listThings"), create)


def test_svg_of_a_run_has_states_waits_and_failed_attempts(waited: Run) -> None:
    times = timeline(waited.id)
    assert times.flow is not None
    svg = ET.fromstring(svg_document(times.flow, StepFacts.of(times.flow, {}, timeline=times), times))
    classes = [element.get("class") for element in svg.iter()]
    texts = "".join(svg.itertext())

    assert (classes.count("wait"), classes.count("retry")) == (1, 1)
    assert "span ignored" in classes
    assert "✓ done" in texts
    assert "! failed, ignored" in texts
    assert svg.findtext(f"{SVG}title") == "Flow Main"
    assert "Create ! failed, ignored" in str(svg.findtext(f"{SVG}desc"))
    assert svg.get("role") == "img"


def test_html_of_a_run_has_the_steps_and_their_states(waited: Run, workshop: Component) -> None:
    times = timeline(waited.id)
    assert times.flow is not None
    facts = StepFacts.of(times.flow, {"workshop": workshop}, timeline=times)
    page = html_document(times.flow, facts, times)
    classes = [attributes.get("class") for _, attributes in Elements(page).elements]

    assert "box read is-done" in classes
    assert "box write is-ignored" in classes
    assert "<bdi>Create</bdi>" in page
    assert "tried again 1x" in page


def test_html_of_a_submitted_run_says_when_it_was_submitted_and_when_it_started() -> None:
    flow, times = flow_of(step("List", "workshop.listThings")).definition(), Timeline()
    times.add({"type": "run", "id": "r", "started": 100.0, "submitted": True})
    times.status = "queued"
    queued = html_document(flow, StepFacts.of(flow, {}, timeline=times), times)
    times.add({"type": "resumed", "time": 160.0})
    times.add({"type": "end", "status": "done", "time": 163.0})
    done = html_document(flow, StepFacts.of(flow, {}, timeline=times), times)

    assert "Run r: queued, submitted 1970-01-01 00:01:40 UTC" in queued
    assert "started 1970-01-01 00:02:40 UTC" in done


@pytest.mark.parametrize("draw", [html_document, svg_document])
def test_hostile_names_are_text(draw: Callable[..., str]) -> None:
    definition = hostile_flow().definition()
    page = draw(definition, StepFacts())
    Elements(page.partition("\n")[2])

    assert "<script" not in page
    assert not re.search("[\u202e\u0007]", page)
    assert "y" * 200 not in page
    assert "&lt;script&gt;" in page


def test_pictures_have_no_script_no_style_attribute_and_no_address(waited: Run) -> None:
    times = timeline(waited.id)
    assert times.flow is not None
    facts = StepFacts.of(times.flow, {}, timeline=times)
    for page in (html_document(times.flow, facts, times), svg_document(times.flow, facts, times)):
        for tag, attributes in Elements(page.partition("\n")[2]).elements:
            assert tag not in {"script", "link", "img", "iframe", "object", "foreignobject"}
            assert not any(name == "style" or name.startswith("on") or name.endswith("href") for name in attributes)


def test_problems_stand_at_their_step(workshop: Component) -> None:
    flow = flow_of(step("List", "workshop.lstThings"))
    facts = StepFacts.of(flow.definition(), {"workshop": workshop}, problems=flow.check(workshop))
    page = html_document(flow.definition(), facts)

    assert 'class="problem error"' in page
    assert "lstThings" in page
    assert 'class="box bad"' in page


def test_run_is_drawn_on_the_command_line(command: Command, waited: Run) -> None:
    page = command("flow", "show", waited.id, "--format", "html")
    picture = command("flow", "show", waited.id, "--format", "svg")
    tree = command("flow", "show", str(waited.journal))
    lines = command("flow", "show", waited.id, "--format", "json").json

    assert page.out.startswith("<!doctype html>")
    assert ET.fromstring(picture.out).tag == f"{SVG}svg"
    assert "List (workshop.listThings)  ✓" in tree.out
    assert [row["step"] for row in lines["rows"]] == ["List", "Create"]


def test_flow_without_a_run_is_drawn_on_the_command_line(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(yaml.safe_dump(document(step("Log", "log.writeLog", {"message": "x"}))))

    assert "Log" in command("flow", "show", file, "--format", "svg").out
    assert command("flow", "show", file, "--watch").code == 2
    assert command("flow", "show", file, "--format", "json").code == 2


def test_watching_a_run_prints_its_waits(command: Command, waited: Run) -> None:
    ended = command("flow", "show", waited.id, "--watch")

    assert ended.code == 0
    assert "rate limited" in ended.err
