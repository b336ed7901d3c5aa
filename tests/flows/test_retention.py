"""What journals keep, and for how long."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import StepError
from connector.flows import Run, prune, resume, runs, undo
from tests.flows.support import ServerResponse, Service, flow_of, step

Runs = Callable[..., Run]

SECRET = "s3cret-of-the-customer"
CREATE = step(
    "Create",
    "workshop.createThing",
    {"name": "a", "settings": "=trigger.results.body.data.settings"},
)
LIST = step("List", "workshop.listThings")
PAYLOAD = {"settings": {"password": SECRET}, "note": f"the password is {SECRET}", "name": "stays"}
FAILED = ServerResponse({"error": SECRET}, status=422)


@pytest.fixture(params=["file", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / "journals").mkdir()
    name = "run.jsonl" if request.param == "file" else "runs.sqlite"
    return f"{'' if request.param == 'file' else 'sqlite:///'}{tmp_path}/journals/{name}"


def holding(folder: Path, text: str) -> list[str]:
    """Names of all files below a folder that have a string in them, also in free pages and logs."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_secrets_are_in_no_file_after_the_end_of_the_run(
    journal: str, run: Runs, tmp_path: Path, workshop: Component, service: Service
) -> None:
    done = run(CREATE, LIST, payload=PAYLOAD, journal=journal, trace=tmp_path / "journals" / "trace")
    assert done.results["things"][0]["settings"] == {"password": SECRET}
    assert holding(tmp_path / "journals", SECRET) == []
    assert holding(tmp_path / "journals", "stays")
    assert done.journal is not None
    assert [write.step for write in undo(done.journal, workshop, connections=service.connections).deleted] == ["Create"]
    assert undo(done.journal, workshop, connections=service.connections).deleted == []
    assert len(service.requests("DELETE")) == 1


def test_secrets_are_in_no_log_of_a_database_that_others_use(run: Runs, tmp_path: Path) -> None:
    database = tmp_path / "journals" / "runs.sqlite"
    run(LIST, journal=f"sqlite:///{database}")
    with closing(sqlite3.connect(database)) as other:  # while it is open, closing ours does not empty the log
        other.execute("SELECT count(*) FROM records").fetchone()
        run(CREATE, payload=PAYLOAD, journal=f"sqlite:///{database}")
        assert holding(tmp_path / "journals", SECRET) == []


def test_secrets_stay_until_a_failed_run_is_resumed(
    journal: str, run: Runs, tmp_path: Path, workshop: Component, service: Service
) -> None:
    service.answers["GET"] = [FAILED]
    tell = step("Tell", "workshop.echo", {"value": "=trigger.results.body.data.settings.password"})
    with pytest.raises(StepError) as caught:
        run(CREATE, LIST, tell, payload=PAYLOAD, journal=journal)
    assert holding(tmp_path / "journals", SECRET)
    done = resume(caught.value.run.journal, workshop, connections=service.connections)
    assert done.results == {"value": SECRET}
    assert holding(tmp_path / "journals", SECRET) == []


def test_secrets_of_an_undone_run_are_removed(
    journal: str, run: Runs, tmp_path: Path, workshop: Component, service: Service
) -> None:
    service.answers["GET"] = [FAILED]
    with pytest.raises(StepError) as caught:
        run(CREATE, LIST, payload=PAYLOAD, journal=journal)
    undone = undo(caught.value.run.journal, workshop, connections=service.connections)
    assert len(undone.deleted) == 1
    assert holding(tmp_path / "journals", SECRET) == []
    assert undo(caught.value.run.journal, workshop, connections=service.connections).deleted == []


def test_secret_in_the_file_itself_is_removed_and_the_file_stays_readable(
    journal: str, run: Runs, tmp_path: Path, workshop: Component, service: Service
) -> None:
    pairs = [{"name": "password", "type": "value", "value": SECRET}]
    create = step("Create", "workshop.createThing", {"name": "a", "settings": {"type": "complex", "value": pairs}})
    done = run(create, journal=journal)
    assert holding(tmp_path / "journals", SECRET) == []
    assert done.journal is not None
    assert len(undo(done.journal, workshop, connections=service.connections).deleted) == 1


def test_run_with_an_id_returns_its_results_without_secrets(
    journal: str, workshop: Component, service: Service
) -> None:
    flow = flow_of(CREATE)
    options: dict[str, Any] = {"id": "x", "journal": journal, "connections": service.connections, "payload": PAYLOAD}
    first, second = (flow.run(workshop, **options) for _ in range(2))
    assert first.results["thing"]["settings"] == {"password": SECRET}
    assert second.results["thing"]["settings"] == {"password": "***"}


def test_prune_deletes_old_runs_of_a_status(run: Runs, service: Service, tmp_path: Path, journal: str) -> None:
    place = str(tmp_path / "journals") if not journal.startswith("sqlite") else journal
    names = [place + f"/{n}.jsonl" if place != journal else journal for n in range(2)]
    run(LIST, journal=names[0])
    service.answers["GET"] = [FAILED]
    with pytest.raises(StepError):
        run(LIST, journal=names[1])
    assert prune(older_than=3600, place=place) == []
    assert [past.status for past in prune(older_than=0, place=place)] == ["done"]
    assert [past.status for past in runs(place)] == ["failed"]
    assert [past.status for past in prune(older_than=0, status="failed", place=place)] == ["failed"]
    assert runs(place) == []


def test_prune_leaves_a_run_that_goes_on(run: Runs, tmp_path: Path) -> None:
    place = tmp_path / "running"

    def pruning(_event: object) -> None:
        assert prune(older_than=0, status="running", place=place) == []

    assert run(LIST, journal=place / "x.jsonl", on_event=pruning).status == "done"
    assert len(runs(place)) == 1
