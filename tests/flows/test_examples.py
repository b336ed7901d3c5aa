"""The example flows, run against local workspaces."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import connector
import sandbox
from connector.component.component import Component
from connector.errors import StepError
from connector.flows import Flow, Run, starter_stubs, undo
from connector.flows.run.events import LogEvent
from connector.sandbox_kit import SandboxApp, Workspace
from connector.sandbox_kit.asgi_server import serve
from examples.flows.audit_workspace import audit

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"
FILES = sorted(EXAMPLES.glob("*.yaml"))


@pytest.fixture(scope="module")
def segment() -> Component:
    return connector.load_component(installed_plugins=False)


@pytest.fixture(scope="module")
def site() -> SandboxApp:
    return SandboxApp()


@pytest.fixture(scope="module")
def url(site: SandboxApp) -> Iterator[str]:
    with serve(site) as url:
        yield url


def test_example_repository_is_clean_for_prismatic_and_has_all_stubs(segment: Component) -> None:
    folder = EXAMPLES.parent / "integration-repo"
    flow = Flow.load(folder / "integration.yaml")
    reported = flow.check(segment, target="prismatic")
    assert [problem.rule for problem in reported] == ["not-installed"]
    stubs = {file.stem for file in (folder / "stubs").iterdir()}
    assert stubs == starter_stubs(flow, segment).keys() - {"trigger"}


class Place:
    """A workspace, and the connection to it."""

    def __init__(self, workspace: Workspace, url: str) -> None:
        self.workspace = workspace
        self.connection = {"fields": {"apiKey": workspace.token, "baseUrl": url}}

    @property
    def counts(self) -> dict[str, int]:
        kinds = ("sources", "destinations", "subscriptions", "transformations", "connections", "users")
        return {kind: len(getattr(self.workspace, kind)) for kind in kinds}


def place(site: SandboxApp, url: str, **options: Any) -> Iterator[Place]:
    with sandbox.open_workspace(**options) as workspace:
        site.add(workspace)
        yield Place(workspace, url)
        site.remove(workspace)


@pytest.fixture
def here(site: SandboxApp, url: str) -> Iterator[Place]:
    yield from place(site, url)


@pytest.fixture
def there(site: SandboxApp, url: str) -> Iterator[Place]:
    yield from place(site, url)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_example_has_no_errors(file: Path, segment: Component) -> None:
    problems = Flow.load(file).check(segment)
    assert [problem for problem in problems if problem.rule != "unset-config-variable"] == []


def test_there_are_four_examples() -> None:
    assert len(FILES) == 4


APP = {
    "slug": "shop",
    "destinationName": "Shop analytics",
    "destinationSettings": {"apiKey": "abc123"},
    "renameEvent": {"from": "Order Done", "to": "Order Completed"},
}


def provision(segment: Component, here: Place, **options: Any) -> Run:
    config = {"Warehouse ID": here.workspace.warehouses[0]["id"]}
    flow = Flow.load(EXAMPLES / "provision_app.yaml")
    return flow.run(segment, connections={"Workspace": here.connection}, payload=APP, config=config, **options)


def test_provisioning_twice_creates_an_app_once(segment: Component, here: Place) -> None:
    before = here.counts
    first = provision(segment, here)
    after = here.counts
    assert {
        kind: after[kind] - before[kind] for kind in ("sources", "destinations", "subscriptions", "transformations")
    } == {
        "sources": 1,
        "destinations": 1,
        "subscriptions": 1,
        "transformations": 1,
    }
    assert provision(segment, here).results == first.results
    assert here.counts == after
    (source,) = [source for source in here.workspace.sources if source["slug"] == "shop"]
    assert first.results["sourceId"] == source["id"]
    assert all(first.results.values())


def test_provisioning_adds_missing_parts(segment: Component, here: Place) -> None:
    first = provision(segment, here)
    runner = connector.Runner(segment, here.connection)
    runner.invoke("deleteTransformation", {"transformationId": first.results["transformationId"]})
    second = provision(segment, here)
    assert {key for key in first.results if first.results[key] != second.results[key]} == {"transformationId"}


def test_provisioning_can_be_undone(segment: Component, here: Place) -> None:
    before = here.counts
    done = provision(segment, here)
    assert done.journal is not None
    undone = undo(done.journal, segment, connections={"Workspace": here.connection})
    # deleting the Source takes the rest with it in an order of its own, so what is gone counts, too
    assert len(undone.deleted) + len(undone.already_deleted) == 4
    assert undone.failed == []
    assert [write.step for write, _why in undone.not_undone] == ["Connect To Warehouse"]
    after = here.counts
    assert {kind: after[kind] for kind in ("sources", "destinations", "subscriptions", "transformations")} == {
        kind: before[kind] for kind in ("sources", "destinations", "subscriptions", "transformations")
    }


def test_dry_run_of_provisioning_changes_nothing(segment: Component, here: Place) -> None:
    before = here.counts
    done = provision(segment, here, dry_run=True)
    assert here.counts == before
    assert [call["step"] for call in done.skipped_writes][:2] == ["Create Source", "Connect To Warehouse"]


def test_off_boarding_removes_the_user_and_reports_pending_invites(segment: Component, here: Place) -> None:
    events: list[Any] = []
    user = here.workspace.users[-1]
    flow = Flow.load(EXAMPLES / "offboard_user.yaml")

    def run() -> Run:
        connections = {"Workspace": here.connection}
        return flow.run(segment, connections=connections, payload={"email": user["email"]}, on_event=events.append)

    assert run().results == {"removed": True, "pendingInvites": "not touched"}
    assert user["id"] not in {left["id"] for left in here.workspace.users}
    again = run()
    assert again.response is not None
    assert (again.response["statusCode"], again.results["removed"]) == (404, False)
    logged = [event.message for event in events if isinstance(event, LogEvent)]
    assert "Pending invites for this address stay valid." in logged[0]
    assert "A pending invite for this address stays valid." in logged[1]


def copy(segment: Component, here: Place, there: Place, payload: dict[str, Any]) -> Run:
    connections = {"From Workspace": here.connection, "To Workspace": there.connection}
    return Flow.load(EXAMPLES / "copy_source.yaml").run(segment, connections=connections, payload=payload)


def test_copying_without_settings_returns_the_required_settings(segment: Component, here: Place, there: Place) -> None:
    first = provision(segment, here)
    before = there.counts
    done = copy(segment, here, there, {"sourceId": first.results["sourceId"]})
    assert done.response is not None
    assert done.response["statusCode"] == 422
    assert [needed["id"] for needed in done.results["destinations"]] == [first.results["destinationId"]]
    assert there.counts == before


def test_copying_twice_creates_source_and_destinations_once(segment: Component, here: Place, there: Place) -> None:
    first = provision(segment, here)
    settings = {"apiKey": "of the other workspace"}
    payload = {
        "sourceId": first.results["sourceId"],
        "destinations": [{"id": first.results["destinationId"], "settings": settings}],
    }
    done = copy(segment, here, there, payload)
    (source,) = [source for source in there.workspace.sources if source["slug"] == "shop"]
    (created,) = [
        destination for destination in there.workspace.destinations if destination["sourceId"] == source["id"]
    ]
    assert done.results == {"sourceId": source["id"], "created": [created["id"]]}
    assert created["name"] == "Shop analytics"
    after = there.counts
    assert copy(segment, here, there, payload).results == {"sourceId": source["id"], "created": []}
    assert there.counts == after


def test_changing_many_sources_lists_the_failed_ones(segment: Component, here: Place) -> None:
    ids = [source["id"] for source in here.workspace.sources[:2]]
    payload = [
        {"sourceId": ids[0], "name": "First", "enabled": False},
        {"sourceId": "missing"},
        {"sourceId": ids[1], "name": "Second"},
    ]
    flow = Flow.parse((EXAMPLES / "change_sources.yaml").read_text().replace("delaySeconds: 2", "delaySeconds: 0"))
    done = flow.run(segment, connections={"Workspace": here.connection}, payload=payload)
    assert done.results == {"changed": ids, "failed": ["missing"]}
    changed = {source["id"]: source for source in here.workspace.sources}
    assert (changed[ids[0]]["name"], changed[ids[0]]["enabled"], changed[ids[1]]["name"]) == ("First", False, "Second")


def test_failed_flow_names_step_action_and_cause(segment: Component, here: Place) -> None:
    with pytest.raises(StepError, match='flow "Copy", step "Get Source": getSource: not found'):
        copy(segment, here, here, {"sourceId": "missing"})


def test_audit_reports_the_problems_of_sources(segment: Component, here: Place) -> None:
    out = io.StringIO()
    with connector.Runner(segment, here.connection) as runner:
        first = here.workspace.sources[0]["id"]
        runner.invoke("updateSource", {"sourceId": first, "enabled": False, "name": ""})
        summary = audit(runner, out, progress=True)
    lines = {line["id"]: line["problems"] for line in map(json.loads, out.getvalue().splitlines())}
    assert summary.sources == len(here.workspace.sources)
    assert "disabled" in lines[first]
    assert summary.problems["disabled"] == sum("disabled" in problems for problems in lines.values())


def test_audit_keeps_one_page_in_memory(segment: Component, site: SandboxApp, url: str) -> None:
    for big in place(site, url, seed=sandbox.api.generate(sources=4_000, destinations=100)):
        with connector.Runner(segment, big.connection) as runner:
            tracemalloc.start()
            try:
                summary = audit(runner, io.StringIO())
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert summary.sources == 4_000
        records = len(json.dumps(big.workspace.sources[:200])) * 20
        assert peak < records * 3
