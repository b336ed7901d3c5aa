"""Events, hooks, the trace, drawings, the schema and the first flow."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import connector
from connector.component.component import Component
from connector.errors import PluginError, StepError, UsageError
from connector.flows import Flow, Run, first_flow, json_schema, mermaid, tree
from connector.flows.run.events import Event, RunEvent, StepEvent
from connector.flows.run.trace import read_trace
from connector.flows.steps.step_call import StepCall
from connector.hookspecs import hookimpl
from connector.testing import run_flow, sandbox
from tests.flows import support
from tests.flows.support import TOKEN, TRIGGER, ServerResponse, Service, document, flow_of, step

Runs = Callable[..., Run]


def states(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.step, event.state) for event in events if isinstance(event, StepEvent)]


def test_every_change_of_state_is_one_event(run: Runs, events: list[Event], service: Service) -> None:
    service.answers["GET"] = [ServerResponse({}, status=404)]
    retry = {"errorHandlerType": "retry", "maxAttempts": 1}
    loop = step("Loop", "loop.loopNTimes", {"iterationCount": "1"}, steps=[step("Echo", "workshop.echo")])
    run(step("List", "workshop.listThings", errorConfig=retry), loop)
    assert states(events) == [
        ("List", "running"),
        ("List", "retrying"),
        ("List", "running"),
        ("List", "done"),
        ("Loop", "running"),
        ("Echo", "running"),
        ("Echo", "done"),
        ("Loop", "progress"),
        ("Loop", "done"),
    ]
    assert [event.state for event in events if isinstance(event, RunEvent)] == ["started", "done"]
    progress = next(event for event in events if isinstance(event, StepEvent) and event.state == "progress")
    assert (progress.done, progress.total, progress.path) == (1, 1, "loop")


def test_events_are_json_with_empty_parts_left_out(run: Runs, events: list[Event]) -> None:
    run(step("Echo", "workshop.echo", {"value": "x"}))
    visible = [event.to_dict() for event in events]
    assert json.loads(json.dumps(visible)) == visible
    assert set(visible[1]) == {"type", "flow", "step", "path", "state", "action", "attempt", "time"}


def test_waiting_for_a_rate_limit_is_printed(run: Runs, events: list[Event], service: Service) -> None:
    service.answers["GET"] = [ServerResponse({}, status=429, headers={"Retry-After": "0"})]
    done = run(step("List", "workshop.listThings"))
    waits = [event for event in events if isinstance(event, StepEvent) and event.state == "waiting"]
    assert [(event.step, event.reason) for event in waits] == [("List", "rate limit")]
    assert done.steps["List"].waited > 0


class Witness:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.events: list[Event] = []

    @hookimpl(wrapper=True)
    def perform_step(self, step: StepCall) -> Generator[None, Any, Any]:
        self.seen.append(("before", step.step.name, dict(step.inputs)))
        try:
            results = yield
        except Exception as error:
            self.seen.append(("error", step.step.name, type(error).__name__))
            raise
        self.seen.append(("after", step.step.name, results))
        return results

    @hookimpl
    def flow_event(self, event: Event) -> None:
        self.events.append(event)


def test_plugin_surrounds_every_step_and_hears_every_event(run: Runs, events: list[Event]) -> None:
    witness = Witness()
    run(step("Echo", "workshop.echo", {"value": "x"}), plugins=[witness])
    assert witness.seen == [("before", "Echo", {"value": "x"}), ("after", "Echo", {"value": "x"})]
    assert witness.events == events


def test_plugin_of_the_component_surrounds_its_steps(service: Service) -> None:
    component, witness = support.workshop(), Witness()
    component.add_plugin(witness)
    flow_of(step("List", "workshop.listThings")).run(component, connections=service.connections)
    assert [moment for moment, _name, _value in witness.seen] == ["before", "after"]


def test_plugin_sees_the_error_of_a_step(run: Runs, service: Service) -> None:
    service.answers["GET"] = [ServerResponse({}, status=404)]
    witness = Witness()
    with pytest.raises(StepError):
        run(step("List", "workshop.listThings"), plugins=[witness])
    assert witness.seen[-1] == ("error", "List", "NotFoundError")


def test_plugin_may_change_inputs_and_results_and_the_journal_has_what_it_made(run: Runs) -> None:
    class Changing:
        @hookimpl(wrapper=True)
        def perform_step(self, step: StepCall) -> Generator[None, Any, Any]:
            step.inputs["value"] = "changed"
            results = yield
            return {**results, "more": True}

    done = run(step("Echo", "workshop.echo", {"value": "x"}), plugins=[Changing()])
    assert done.results == {"value": "changed", "more": True}
    assert done.journal is not None
    recorded = [json.loads(line) for line in Path(done.journal).read_bytes().splitlines()]
    assert [line["results"] for line in recorded if line["type"] == "done"][-1] == done.results


def test_step_performed_by_a_plugin_is_journaled(run: Runs) -> None:
    class Answering:
        @hookimpl
        def perform_step(self, step: StepCall) -> Any:
            return True

    done = run(step("One", "workshop.echo"), step("Two", "workshop.echo"), plugins=[Answering()])
    assert done.journal is not None
    recorded = [json.loads(line) for line in Path(done.journal).read_bytes().splitlines()]
    assert [(line["path"], line["results"]) for line in recorded if line["type"] == "done"] == [
        ("one", True),
        ("two", True),
    ]


def test_plugin_with_an_unknown_hook_is_rejected(run: Runs) -> None:
    class Wrong:
        @hookimpl
        def perform_steps(self) -> None: ...

    with pytest.raises(PluginError, match="perform_step, flow_event"):
        run(step("Echo", "workshop.echo"), plugins=[Wrong()])


SETTINGS = {
    "type": "complex",
    "value": [
        {"name": "host", "type": "value", "value": "db.example"},
        {"name": "pw", "type": "value", "value": "hunter2hunter2"},
    ],
}


def test_trace_keeps_every_step_without_secrets(run: Runs, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    run(
        step("Create", "workshop.createThing", {"name": TOKEN, "settings": SETTINGS}),
        step("Echo", "workshop.echo", {"value": "~pw is {{$create.results.thing.settings.pw}}"}),
        step("Odd", "workshop.echo", {"value": "=trigger.results.body.data"}),
        trace=trace,
        payload={"password": "p4ssw0rd", "writeKeys": ["k1"], "name": "kept"},
    )
    text = trace.read_text()
    for secret in (TOKEN, "hunter2hunter2", "db.example", "p4ssw0rd", "k1"):
        assert secret not in text
    assert "kept" in text
    lines = read_trace(trace)
    assert [line.get("step") for line in lines] == [None, "Create", "Echo", "Odd", None]
    assert lines[1]["inputs"]["settings"] == [{"key": "host", "value": "***"}, {"key": "pw", "value": "***"}]
    assert lines[1]["results"]["thing"]["settings"] == {"host": "***", "pw": "***"}
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600


def test_trace_has_no_value_of_a_header_list_that_sounds_secret(run: Runs, tmp_path: Path) -> None:
    headers = [{"key": "Authorization", "value": "Basic abc"}, {"key": "Accept", "value": "text/plain"}]
    run(step("Tell", "workshop.echo", {"value": "=trigger.results.body.data"}), payload=headers, trace=tmp_path / "t")
    (line,) = read_trace(tmp_path / "t")[1:-1]
    assert line["inputs"]["value"] == [{"key": "Authorization", "value": "***"}, headers[1]]


def test_trace_keeps_a_failed_step(run: Runs, service: Service, tmp_path: Path) -> None:
    service.answers["GET"] = [ServerResponse({}, status=404)]
    with pytest.raises(StepError):
        run(step("List", "workshop.listThings"), trace=tmp_path / "trace")
    lines = read_trace(tmp_path / "trace")
    assert (lines[1]["state"], "404" in lines[1]["error"], lines[2]["state"]) == ("failed", True, "failed")


def test_file_that_is_not_a_trace_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no json")
    (tmp_path / "list").write_text("[1]\n")
    for name in ("text", "list"):
        with pytest.raises(UsageError, match="is not a trace"):
            read_trace(tmp_path / name)
    with pytest.raises(UsageError, match=r"cannot read trace .*: no such file"):
        read_trace(tmp_path / "missing")


@pytest.mark.parametrize("content", ["mine", "{}\n", '{"type": "run", "version": 2}\n', "[1]\n"])
def test_file_that_is_not_a_trace_is_not_replaced(run: Runs, tmp_path: Path, content: str, service: Service) -> None:
    (tmp_path / "mine").write_text(content)
    with pytest.raises(UsageError, match="is not a trace and was not replaced"):
        run(step("List", "workshop.listThings"), trace=tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == content
    assert not service.server.requests


def test_older_trace_is_replaced(run: Runs, tmp_path: Path) -> None:
    for name in ("One", "Two"):
        run(step(name, "workshop.echo"), trace=tmp_path / "trace")
    assert [line.get("step") for line in read_trace(tmp_path / "trace")] == [None, "Two", None]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_trace_on_a_full_disk_ends_and_the_run_does_not(run: Runs, caplog: pytest.LogCaptureFixture) -> None:
    assert run(step("One", "workshop.echo"), trace="/dev/full").status == "done"
    assert [record.message for record in caplog.records] == ['cannot write trace "/dev/full": no space left on device']


def test_list_step_returns_one_page_and_says_that_pages_are_left(events: list[Event], tmp_path: Path) -> None:
    def listing(name: str, **inputs: str) -> dict[str, Any]:
        return step(name, "segment.listSources", {"connection": "#", **inputs})

    steps = listing("First", count="1"), listing("Rest", count="200"), listing("All", count="1", fetchAll="true")
    flow = flow_of(*steps, requiredConfigVars=[])
    with sandbox() as workspace:
        done = run_flow(flow, workspace, on_event=events.append, trace=tmp_path / "trace")
        count = len(workspace.sources)
    sizes = {name: len(done.steps[name].results["data"]["sources"]) for name in ("First", "Rest", "All")}
    assert sizes == {"First": 1, "Rest": count, "All": count}
    assert count > 1
    ended = [event.to_dict() for event in events if isinstance(event, StepEvent) and event.state == "done"]
    assert [event.get("pagesLeft") for event in ended] == [True, None, None]
    assert [done.steps[name].pages_left for name in sizes] == [1, 0, 0]
    trace = read_trace(tmp_path / "trace")
    assert [line.get("pagesLeft") for line in trace[1:-1]] == [True, None, None]
    drawn = tree(flow.definition(), trace).splitlines()
    assert ["more pages left" in line for line in drawn[2:5]] == [True, False, False]


DRAWN = flow_of(
    step("List", "workshop.listThings", errorConfig={"errorHandlerType": "ignore"}),
    step(
        "Loop",
        "loop.loopNTimes",
        {"iterationCount": "2"},
        steps=[
            step(
                "Choose",
                "branch.branchOnValue",
                {
                    "inputValue": "=loop.index",
                    "branchValueMappings": {
                        "type": "complex",
                        "value": [{"name": "Zero", "type": "value", "value": "0"}],
                    },
                },
                branches=[{"name": "Zero", "steps": [step("Echo", "workshop.echo")]}, {"name": "Else", "steps": []}],
            )
        ],
    ),
    step("Last", "workshop.echo"),
)


def test_flow_is_drawn_as_a_tree() -> None:
    assert (
        tree(DRAWN.definition())
        == """\
Main
├─ Trigger (webhook-triggers.webhook)
├─ List (workshop.listThings) [on error: ignore]
├─ Loop (loop.loopNTimes)
│  └─ Choose (branch.branchOnValue)
│     ├─ [Zero]
│     │  └─ Echo (workshop.echo)
│     └─ [Else]
└─ Last (workshop.echo)"""
    )


def test_trace_adds_to_the_tree_what_ran(workshop: Component, service: Service, tmp_path: Path) -> None:
    service.answers["GET"] = [
        ServerResponse({}, status=429, headers={"Retry-After": "0"}),
        ServerResponse({}, status=404),
    ]
    DRAWN.run(workshop, connections=service.connections, trace=tmp_path / "trace")
    lines = tree(DRAWN.definition(), read_trace(tmp_path / "trace")).splitlines()
    assert re.search(r" !  \d+\.\d\d s  waiting \d+\.\d\d s  listThings: not found \(404\)", lines[2])
    assert re.search(r"\(branch\.branchOnValue\)  ✓  2x  \d+\.\d\d s", lines[4])
    assert re.search(r"Echo \(workshop\.echo\)  ✓  \d+\.\d\d s", lines[6])
    assert re.match(r"done in \d+\.\d\d s", lines[-1])


def test_trace_shows_where_a_run_failed_and_what_did_not_run(
    workshop: Component, service: Service, tmp_path: Path
) -> None:
    flow = flow_of(step("List", "workshop.listThings"), step("Last", "workshop.echo"))
    service.answers["GET"] = [ServerResponse({}, status=404)]
    with pytest.raises(StepError):
        flow.run(workshop, connections=service.connections, trace=tmp_path / "trace")
    trace = read_trace(tmp_path / "trace")
    assert "✗" in tree(flow.definition(), trace).splitlines()[2]
    assert "Last (workshop.echo)  - not run" in tree(flow.definition(), trace)
    drawn = mermaid(flow.definition(), trace)
    assert "class s2 failed" in drawn
    assert "class s3 skipped" in drawn


def test_flow_is_drawn_for_mermaid() -> None:
    assert [line.strip() for line in mermaid(DRAWN.definition()).splitlines()] == [
        "flowchart TD",
        's1(["Trigger"])',
        's2["List"]',
        "s1 --> s2",
        's3["Loop"]',
        "s2 --> s3",
        's4{"Choose"}',
        's3 -- "each" --> s4',
        's5["Echo"]',
        's4 -- "Zero" --> s5',
        's5 -. "next" .-> s3',
        's4 -. "next" .-> s3',
        's6["Last"]',
        's3 -- "after" --> s6',
    ]


def test_branches_of_a_trigger_are_drawn() -> None:
    inside = step("Inside", "workshop.echo")
    trigger = {**TRIGGER, "branches": [{"name": "Notification", "steps": [inside]}, {"name": "Else", "steps": []}]}
    flow = flow_of(flow={"steps": [trigger, step("After", "workshop.echo")]}).definition()
    assert tree(flow).splitlines() == [
        "Main",
        "├─ Trigger (webhook-triggers.webhook)",
        "│  ├─ [Notification]",
        "│  │  └─ Inside (workshop.echo)",
        "│  └─ [Else]",
        "└─ After (workshop.echo)",
    ]
    assert [line.strip() for line in mermaid(flow).splitlines()] == [
        "flowchart TD",
        's1(["Trigger"])',
        's2["Inside"]',
        's1 -- "Notification" --> s2',
        's3["After"]',
        "s2 --> s3",
        's1 -- "Else" --> s3',
    ]


def test_names_with_quotes_do_not_break_the_drawing() -> None:
    assert 's2["say #quot;hi#quot;"]' in mermaid(flow_of(step('say "hi"', "workshop.echo")).definition())


def test_schema_is_valid_and_accepts_flows() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(DRAWN.integration.document.data, schema)
    jsonschema.validate(document(step("Create", "workshop.createThing", {"settings": SETTINGS})), schema)


@pytest.mark.parametrize(
    "broken",
    [
        {"definitionVersion": 5},
        {"flows": []},
        {"flows": [{"name": "x"}]},
        {"flows": [{"name": "x", "steps": [{"name": "y", "action": {"key": "z"}}]}]},
        {"flows": [{"name": "x", "steps": [step("y", "a.b", {"i": {"type": "val", "value": "x"}})]}]},
        {"flows": [{"name": "x", "steps": [step("y", "a.b", errorConfig={"maxAttempts": 6})]}]},
    ],
)
def test_schema_rejects_what_the_parser_rejects(broken: dict[str, Any]) -> None:
    content = {**document(), **broken}
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(content))
    with pytest.raises(UsageError):
        Flow.parse(yaml.safe_dump(content))


@pytest.mark.parametrize("load", [support.workshop, connector.load_component])
def test_first_flow_of_a_component_passes_the_check_and_runs(load: Callable[[], Component]) -> None:
    component = load()
    text = first_flow(component)
    flow = Flow.parse(text)
    assert flow.check(component, target="prismatic") == []
    jsonschema.validate(yaml.safe_load(text), json_schema())
    name = f"{component.manifest.display.label} Connection"
    assert flow.connections(component) == [(component.key, name)]


def test_first_flow_may_begin_with_an_action_of_ones_choice(workshop: Component, service: Service) -> None:
    flow = Flow.parse(first_flow(workshop, "createThing"))
    assert flow.check(workshop) == [] or flow.check(workshop)[0].rule == "missing-input"
    done = Flow.parse(first_flow(workshop, "listThings")).run(
        workshop, connections={"Workshop Connection": service.connection}
    )
    assert done.results == {"things": []}


def test_destructive_steps_are_named_in_advance(workshop: Component) -> None:
    flow = flow_of(
        step("Create", "workshop.createThing", {"name": "x"}), step("Delete", "workshop.deleteThing", {"thingId": "x"})
    )
    assert flow.destructive_steps(workshop) == ["Delete"]
