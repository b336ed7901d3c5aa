"""Persisted values in the database of the journals: shared by all who use it, changed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import JournalError, SetupError, StepError
from connector.flows import Run, resume
from connector.journal.journals import database_of
from connector.journal.postgres import Database
from connector.journal.sqlite import connect
from connector.journal.value_stores import PostgresValues, value_store
from connector.journal.writer import JournalWriter
from tests.flows.support import Service, flow_of, step
from tests.support.postgres import PostgresServer

Runs = Callable[..., Run]

COUNT = step("Count", "persist-data.incrementInstanceValue", {"keyInput": "n"})


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/runs.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    clear(server.url)  # of what tests of other modules left
    yield server.url
    clear(server.url)


def clear(url: str) -> None:
    database = Database(url)
    database.fetch("TRUNCATE connector_journal, connector_holders, connector_values")
    database.close()


def test_persisted_values_are_in_the_database_of_the_journal(
    run: Runs, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for machine in ("one", "two"):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / machine))
        results.append(run(COUNT, journal=place).results)
        assert not (tmp_path / machine).exists()
    assert results == [1, 2]


def test_state_chooses_a_database_without_a_journal(run: Runs, place: str, state_home: Path) -> None:
    assert [run(COUNT, journal=False, state=place).results for _ in range(2)] == [1, 2]
    assert not state_home.exists()


def test_values_that_are_only_read_are_not_stored(tmp_path: Path) -> None:
    values = value_store(tmp_path / "values")
    with values.changing("n") as document:
        assert document.content == {}
    assert list((tmp_path / "values").glob("*.json")) == []


def test_state_chooses_a_folder_beside_a_database(run: Runs, place: str, tmp_path: Path) -> None:
    run(COUNT, journal=place, state=tmp_path / "values")
    assert len(list((tmp_path / "values").glob("*.json"))) == 1
    assert run(COUNT, journal=place).results == 1


def test_change_is_not_made_twice_when_its_step_is_resumed(
    run: Runs, place: str, workshop: Component, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_marks: Any) -> None:
        raise JournalError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(JournalWriter, "step_done", fail)
        with pytest.raises(StepError, match="no room") as caught:
            run(COUNT, journal=place)
    assert caught.value.run is not None
    name = f"{place}#{caught.value.run.id}"
    assert resume(name, workshop, connections=service.connections).results == 1
    assert run(COUNT, journal=place).results == 2


def test_finished_run_leaves_only_its_values(run: Runs, place: str) -> None:
    run(COUNT, journal=place)
    store = value_store(place)
    with store.changing(_only_name(place)) as document:
        assert document.content == {"scopes": {"Instance Main": {"n": 1}}, "made": {}}
    store.close()


def test_no_change_is_lost_when_many_change_a_value_at_once(place: str, workshop: Component) -> None:
    flow = flow_of(COUNT)
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: flow.run(workshop, journal=False, state=place).results, range(12)))
    assert sorted(ended) == list(range(1, 13))


def test_failed_change_changes_nothing(run: Runs, place: str) -> None:
    save = step("Save", "persist-data.saveInstanceValue", {"keyInput": "n", "valueInput": "text"})
    run(save, journal=place)
    with pytest.raises(StepError, match="is not a number"):
        run(COUNT, journal=place)
    tell = step("Tell", "persist-data.getInstanceValue", {"keyInput": "n"})
    assert run(tell, journal=place).results == "text"


def test_file_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database, but long enough to be read as the head of one")
    with pytest.raises(JournalError, match=r"x\.db"), value_store(f"sqlite:///{tmp_path}/x.db").changing("n"):
        pytest.fail("nothing can be changed")


def test_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    database = connect(tmp_path / "x.db")
    database.execute("CREATE TABLE persisted (other TEXT)")
    database.close()
    store = value_store(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(SetupError, match="cannot use the persisted values"), store.changing("n"):
        pytest.fail("nothing can be changed")


def test_connection_that_breaks_during_a_change_changes_nothing(postgres: PostgresServer) -> None:
    values = PostgresValues(postgres.url)

    def change() -> None:
        with values.changing("breaks") as document:
            document.content["n"], document.is_changed = 1, True
            values._database.fetch_once("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(JournalError, match="cannot write"):
        change()
    with values.changing("breaks") as document:
        assert document.content == {}
    values.close()


def _only_name(place: str) -> str:
    database = database_of(place)
    if database is not None:
        sqlite = connect(database[0])
        ((name,),) = sqlite.execute("SELECT name FROM persisted").fetchall()
        sqlite.close()
    else:
        server = Database(place)
        ((name,),) = server.fetch("SELECT name FROM connector_values")
        server.close()
    return str(name)
