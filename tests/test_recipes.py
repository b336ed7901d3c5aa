"""Each recipe of the docs, run in a shell as a reader would, against two sandboxes in place of two workspaces.

`TESTS_RECIPES_BIN` is the folder with the programs to use, such as the one of a fresh environment; by default the
program is this checkout.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connector import testing
from connector.sandbox_kit.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "how-to" / "recipes.md"
SILENT = "Disable sources without traffic for 30 days"
PROGRAMS = os.environ.get("TESTS_RECIPES_BIN", "")


class Recipe(NamedTuple):
    """The shell of a section of the page."""

    title: str
    shell: str


def recipes() -> list[Recipe]:
    """Return the recipes of the page."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    return [
        Recipe(
            section.partition("\n")[0],
            "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)),
        )
        for section in sections
    ]


class Shell(NamedTuple):
    """A folder in which recipes run, and the workspaces that they reach."""

    folder: Path
    us: Sandbox
    eu: Sandbox
    environment: dict[str, str]

    def end_of(self, title: str, replaced: str = "", by: str = "") -> subprocess.CompletedProcess[str]:
        """Run a recipe, with a part of it replaced, and return how it ended."""
        (shell,) = (recipe.shell for recipe in recipes() if recipe.title == title)
        assert replaced in shell
        return subprocess.run(
            ["sh", "-c", shell.replace(replaced, by) if replaced else shell],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def run(self, title: str, replaced: str = "", by: str = "") -> str:
        """Run a recipe and return what it printed."""
        run = self.end_of(title, replaced, by)
        assert run.returncode == 0, run.stderr
        assert "Ignored columns" not in run.stderr
        return run.stdout + run.stderr

    def rows(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a CSV file."""
        return list(csv.DictReader(io.StringIO((self.folder / name).read_text(encoding="utf-8"), newline="")))

    def lines(self, name: str) -> list[Any]:
        """Return the lines of a file of JSON Lines."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


def profile(name: str, sandbox: Sandbox) -> str:
    """Return a profile that leads to a sandbox."""
    fields = sandbox.connection["fields"]
    return f'[profiles.{name}.fields]\napiKey = "{fields["apiKey"]}"\nbaseUrl = "{fields["baseUrl"]}"\n'


@pytest.fixture
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    programs = tmp_path / "bin"
    programs.mkdir()
    if not PROGRAMS:
        (programs / "connector").symlink_to(request.getfixturevalue("program"))
    with testing.sandbox() as us, testing.sandbox(seed={"sources": []}) as eu:
        config = tmp_path / "config"
        config.mkdir()
        (config / "config.toml").write_text(profile("us", us) + profile("eu", eu))
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([PROGRAMS or str(programs), os.environ["PATH"]]),
            "SEGMENT_API_KEY": us.connection["fields"]["apiKey"],
            "SEGMENT_BASE_URL": us.connection["fields"]["baseUrl"],
            "CONNECTOR_STATE_HOME": str(tmp_path / "state"),
            "CONNECTOR_CONFIG_HOME": str(config),
        } | ({} if PROGRAMS else {"PYTHONPATH": str(ROOT)})
        folder = tmp_path / "work"
        folder.mkdir()
        yield Shell(folder, us, eu, environment)


def nightly_csv(shell: Shell) -> None:
    shell.run("Nightly CSV of all sources")

    (file,) = shell.folder.glob("sources-*.csv")
    rows = shell.rows(file.name)
    assert list(rows[0]) == ["id", "slug", "name", "enabled", "metadata.name"]
    assert [row["slug"] for row in rows] == [source["slug"] for source in shell.us.sources]


def silent_sources(shell: Shell) -> None:
    active, *silent = shell.us.sources
    shell.run(SILENT, "total > 0", f'source.id == "{active["id"]}"')

    assert {source["slug"] for source in shell.us.sources if not source["enabled"]} == {one["slug"] for one in silent}
    assert len(shell.lines("disabled.jsonl")) == len(silent)


def no_traffic(shell: Shell) -> None:
    shell.us.set_assumption("volume-counts", "zero")
    ended = shell.end_of(SILENT)

    assert (ended.returncode, ended.stdout) == (1, "no source had traffic; nothing is disabled\n")
    assert {source["enabled"] for source in shell.us.sources} == {True}


def sources_with_traffic(shell: Shell) -> None:
    shell.run(SILENT)

    assert {source["enabled"] for source in shell.us.sources} == {True}
    assert shell.lines("disabled.jsonl") == []


def move(shell: Shell) -> None:
    printed = shell.run("Move a set-up from the US to the EU")

    assert {source["slug"] for source in shell.eu.sources} == {source["slug"] for source in shell.us.sources}
    assert 'removed destinations "ios/Amplitude"' in printed
    assert "added" not in printed.partition("Comparing")[2]
    assert "These differences remain." in printed


def off_board(shell: Shell) -> None:
    shell.run("Off-board a user")

    assert [user["email"] for user in shell.us.users] == ["papi@segment.com"]
    assert shell.lines("permissions.jsonl")[0]["payload"]["data"]["data"]["user"]["email"] == "sloth@segment.com"


def misspelled_address(shell: Shell) -> None:
    users = len(shell.us.users)
    ended = shell.end_of("Off-board a user", "sloth@", "slot@")

    assert (ended.returncode, ended.stdout) == (1, "no user has the address slot@segment.com\n")
    assert len(shell.us.users) == users


def delete_for_gdpr(shell: Shell) -> None:
    before = len(shell.us.regulations)
    shell.run("Delete users for the GDPR")

    assert len(shell.us.regulations) == before + 2
    assert {"user-1", "user-2"} <= {subject for row in shell.rows("regulations.csv") for subject in _list(row)}


def _list(row: dict[str, str]) -> list[str]:
    return json.loads(row["subjects"]) if row["subjects"] else []


def cron(shell: Shell) -> None:
    title = "A cron job with exit codes"
    assert shell.run(title).strip() == ""
    assert len(shell.rows("sources.csv")) == len(shell.us.sources)
    shell.environment["SEGMENT_API_KEY"] = "wrong-token-4711"
    failed = subprocess.run(
        ["./nightly.sh"], cwd=shell.folder, env=shell.environment, capture_output=True, text=True, check=False
    )
    assert (failed.returncode, failed.stdout.splitlines()[0]) == (1, "needs a person")
    assert len(shell.rows("sources.csv")) == len(shell.us.sources)


CHECKS: dict[str, Callable[[Shell], None]] = {
    check.__name__: check
    for check in (
        nightly_csv,
        silent_sources,
        no_traffic,
        sources_with_traffic,
        move,
        off_board,
        misspelled_address,
        delete_for_gdpr,
        cron,
    )
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_recipe_does_what_it_says(shell: Shell, check: Callable[[Shell], None]) -> None:
    check(shell)


@pytest.mark.parametrize(
    ("title", "last_command"),
    [(SILENT, "updateSource"), ("Move a set-up from the US to the EU", "diff"), ("Off-board a user", "deleteUser")],
)
def test_recipe_ends_at_the_first_command_that_fails(shell: Shell, title: str, last_command: str) -> None:
    program = shell.folder / "connector"
    program.write_text('#!/bin/sh\necho "$@" >> calls.txt\nexit 4\n')
    program.chmod(0o755)
    shell.environment["PATH"] = os.pathsep.join([str(shell.folder), shell.environment["PATH"]])
    ended = shell.end_of(title)

    assert ended.returncode == 4
    assert last_command not in (shell.folder / "calls.txt").read_text()


def test_error_of_the_comparison_is_not_a_difference(shell: Shell) -> None:
    program = shell.folder / "connector"
    program.write_text('#!/bin/sh\n[ "$1" != diff ] || exit 3\n')
    program.chmod(0o755)
    shell.environment["PATH"] = os.pathsep.join([str(shell.folder), shell.environment["PATH"]])
    ended = shell.end_of("Move a set-up from the US to the EU")

    assert (ended.returncode, ended.stdout) == (3, "")


def test_every_recipe_is_run() -> None:
    names = [recipe.title for recipe in recipes()]
    source = Path(__file__).read_text(encoding="utf-8")

    assert len(names) == 6
    assert [name for name in names if f'"{name}"' not in source] == []
