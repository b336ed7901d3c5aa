"""The password of a database: it is needed, and nothing shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from connector.errors import JournalError
from connector.flows import Run
from connector.journal.journals import short_name
from connector.journal.past_runs import past_run
from connector.journal.postgres import Database
from connector.workers.bulk import SubmittedRows
from tests.cli.conftest import Command
from tests.flows.support import step
from tests.support.postgres import PostgresServer

LOG = step("Log", "log.writeLog", {"message": "a"})
PASSWORD = "p4ss/W@rd#%"


@pytest.fixture(scope="module")
def guarded(postgres: PostgresServer) -> Iterator[str]:
    """URL of the database, for a role that needs its password."""
    with closing(Database(postgres.url)) as administrator:
        if not administrator.fetch("SELECT 1 FROM pg_roles WHERE rolname = 'guarded'"):
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
    assert (ended.code, ended.json["wouldDelete"]) == (0, [])


def test_commands_name_a_run_of_the_default_database_by_its_id(
    run: Callable[..., Run], guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = run(LOG, journal=guarded, id="short").journal or ""
    assert short_name(location, "short") == location
    monkeypatch.setenv("CONNECTOR_DATABASE", guarded)
    assert short_name(location, "short") == "short"


@pytest.mark.parametrize(
    "arguments",
    [
        ["flow", "show", "URL"],
        ["flow", "show", "URL#missing"],
        ["flow", "cancel", "URL#missing"],
        ["flow", "resume", "URL#missing", "--submit"],
        ["flow", "resume", "URL#missing"],
        ["flow", "settle", "URL#missing", "Log", "--happened"],
        ["flow", "runs", "--journal", "URL_"],
    ],
)
def test_commands_do_not_show_the_password(command: Command, guarded: str, arguments: list[str]) -> None:
    ended = command(*(part.replace("URL", guarded) for part in arguments))
    assert ended.code == 2
    assert "error: " in ended.err
    assert "p4ss" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("name", "shown"), [("unknown", "unknown"), ("URL#unknown", "postgresql://careful@127.0.0.1:")]
)
def test_show_says_that_a_run_is_unknown(command: Command, guarded: str, name: str, shown: str) -> None:
    ended = command("flow", "show", name.replace("URL", guarded))
    assert f'error: unknown run "{shown}' in ended.err


@pytest.mark.parametrize("name", ["URL", "URL#unknown", "sqlite:///none#URL#unknown"])
def test_unknown_run_is_named_without_the_password(guarded: str, name: str) -> None:
    with pytest.raises(JournalError, match="unknown run") as caught:
        past_run(name.replace("URL", guarded))
    assert "p4ss" not in str(caught.value)


def test_hint_about_a_wrong_password_names_the_password(command: Command, guarded: str) -> None:
    ended = command("flow", "runs", "--journal", guarded.replace("p4ss", "other"))
    assert "hint: Check user and password, and percent-encode both in the URL." in ended.err


def test_worker_with_a_wrong_password_ends_with_a_hint(command: Command, guarded: str) -> None:
    ended = command("worker", "--sandbox", "--database", guarded.replace("p4ss", "other"))
    assert ended.code == 2
    assert "hint: Check user and password, and percent-encode both in the URL." in ended.err


@pytest.mark.parametrize("arguments", [["worker", "--sandbox"], ["flow", "runs"]])
def test_hint_about_a_role_without_rights_says_what_it_needs(
    command: Command, monkeypatch: pytest.MonkeyPatch, guarded: str, postgres: PostgresServer, arguments: list[str]
) -> None:
    with closing(Database(guarded)) as database:
        database.fetch("DROP ROLE IF EXISTS weak")
        database.fetch("CREATE ROLE weak LOGIN")
    monkeypatch.setenv("CONNECTOR_DATABASE", f"postgresql://weak@127.0.0.1:{postgres.port}/postgres")
    ended = command(*arguments)
    assert ended.code == 2
    assert "permission denied" in ended.err
    assert "LINE" not in ended.err
    assert "hint: Make the role the owner of the database, or let it create tables and schemas there." in ended.err


def test_hint_about_a_missing_database_names_the_url(command: Command, guarded: str) -> None:
    ended = command("flow", "runs", "--journal", f"{guarded}_missing")
    assert "hint: Check the URL of the database." in ended.err


def test_submitted_rows_do_not_show_the_password() -> None:
    assert "p4ss" not in repr(SubmittedRows("all", "postgresql://me:p4ss@localhost/runs", []))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://me:SEC%zzRET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:SEC%", "a character is not percent-encoded"),
        ("postgresql://me:SEC@RET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:SEC/RET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:12/RET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:SEC#RET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:12?RET@localhost/runs", "a character is not percent-encoded"),
        ("postgresql://me:SEC[RET@localhost/runs", "it cannot be read"),
        ("postgresql://me@localhost/runs?pasword=SECRET", "it cannot be read"),
        ("postgresql://me:SECRET@localhost:99999/runs", "its port is not a number from 1 to 65535"),
        ("postgresql://me:SECRET", "its port is not a number from 1 to 65535"),
    ],
)
@pytest.mark.parametrize("option", ["--journal", "CONNECTOR_DATABASE"])
def test_url_that_is_not_encoded_is_an_error_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str, reason: str, option: str
) -> None:
    command = Command(capsys, monkeypatch)
    if option == "CONNECTOR_DATABASE":
        monkeypatch.setenv(option, url)
        ended = command("flow", "runs")
    else:
        ended = command("flow", "runs", option, url)
    assert ended.code == 2
    assert f"error: invalid URL of a PostgreSQL database: {reason}" in ended.err
    assert "Percent-encode the user and the password" in ended.err
    assert not re.search("SEC|RET|12", ended.err)


def test_location_names_a_run_of_the_default_database(
    run: Callable[..., Run], guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = run(LOG, journal=guarded, id="located").journal or ""
    assert "p4ss" not in location
    monkeypatch.setenv("CONNECTOR_DATABASE", guarded)
    assert past_run(location).id == "located"
