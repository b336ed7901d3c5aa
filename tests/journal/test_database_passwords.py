"""The password of a database: it is needed, and nothing shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from connector.flows import Run
from connector.journal.journals import short_name
from connector.journal.postgres import Database
from tests.cli.conftest import Command
from tests.flows.support import step
from tests.support.postgres import PostgresServer

LOG = step("Log", "log.writeLog", {"message": "a"})
PASSWORD = "p4ss/W@rd#%"


@pytest.fixture(scope="module")
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """URL of the database, for a role that needs its password."""
    with closing(Database(postgres.url)) as administrator:
        administrator.fetch("CREATE ROLE guarded")
        literal = PASSWORD.replace("%", "%%")
        administrator.fetch(f"CREATE ROLE careful LOGIN SUPERUSER PASSWORD '{literal}' IN ROLE guarded")
        yield f"postgresql://careful:{quote(PASSWORD, safe='')}@127.0.0.1:{postgres.port}/postgres"
        administrator.fetch("TRUNCATE connector_journal, connector_holders")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, guarded: str) -> Command:
    monkeypatch.setenv("CONNECTOR_DATABASE", guarded)
    return Command(capsys, monkeypatch)


@pytest.mark.parametrize("name", ["undone", "URL#undone"])
def test_undo_connects_with_the_password(command: Command, run: Callable[..., Run], guarded: str, name: str) -> None:
    run(LOG, journal=guarded, id="undone")
    ended = command("flow", "undo", name.replace("URL", guarded), "--dry-run")
    assert (ended.code, ended.json["deleted"]) == (0, [])


def test_commands_name_a_run_of_the_default_database_by_its_id(
    run: Callable[..., Run], guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = run(LOG, journal=guarded, id="short").journal or ""
    assert short_name(location, "short") == location
    monkeypatch.setenv("CONNECTOR_DATABASE", guarded)
    assert short_name(location, "short") == "short"
