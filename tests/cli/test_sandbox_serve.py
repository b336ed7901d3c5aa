"""`connector sandbox serve`: the sandbox for clients of every kind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import INITIAL_SLUGS, SELECT_SLUGS, SOURCE_INPUTS, Command, finish, start


@contextmanager
def serving(*args: str, stop: signal.Signals = signal.SIGINT) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    process = start("sandbox", "serve", "--port", "0", *args)
    assert process.stdout
    lines = [process.stdout.readline().decode().rstrip() for _ in range(6)]
    try:
        yield process, lines
        process.send_signal(stop)
        assert process.wait(30) == (0 if stop == signal.SIGINT else 143)
    finally:
        finish(process)


def told(lines: list[str]) -> tuple[str, str]:
    return lines[0].split()[1], lines[1].split()[1]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_address_and_ends_on_a_signal(stop: signal.Signals) -> None:
    with serving("--in-memory", stop=stop) as (_, lines):
        url, token = told(lines)
        restricted = lines[2].split()[2]
        assert lines[3:] == ["", f"export SEGMENT_API_KEY={token}", f"export SEGMENT_BASE_URL={url}"]
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)
        assert answer.json()["data"]["workspace"]["slug"] == "sandbox"
        rejected = requests.delete(f"{url}/sources/x", headers={"Authorization": f"Bearer {restricted}"}, timeout=5)
        assert rejected.status_code == 401


def test_printed_lines_connect_another_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("--in-memory") as (_, lines):
        for line in lines[4:]:
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
        assert command("run", "listSources", *SELECT_SLUGS).json == INITIAL_SLUGS


def test_serve_and_commands_share_the_file(command: Command) -> None:
    with serving("--token", "chosen") as (_, lines):
        url, token = told(lines)
        assert token == "chosen"
        command("run", "createSource", "--sandbox", *SOURCE_INPUTS)
        listed = requests.get(f"{url}/sources", headers={"Authorization": "Bearer chosen"}, timeout=5).json()
        assert [source["slug"] for source in listed["data"]["sources"]] == [*INITIAL_SLUGS, "shop"]


def test_serve_plays_faults_and_assumes(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text('{"sources": []}')
    options = ["--fault", "rate-limit:1/min", "--assume", "missing-in-path=422", "--seed", str(seed)]
    with serving("--in-memory", *options) as (_, lines):
        url, token = told(lines)
        headers = {"Authorization": f"Bearer {token}"}
        statuses = [requests.get(f"{url}/sources/x", headers=headers, timeout=5).status_code for _ in range(2)]
        assert statuses == [422, 429]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--assume", "slug-taken"], 2, 'invalid --assume "slug-taken": expected NAME=VALUE'),
        (["--assume", "slug-taken=maybe"], 2, 'invalid value "maybe" for assumption "slug-taken"'),
        (["--fault", "flood"], 2, 'invalid fault "flood"'),
        (["--in-memory", "--file", "x"], 2, "--in-memory and --file cannot be used together"),
        (["--in-memory", "--seed", "none.json"], 2, 'cannot read the seed "none.json"'),
        (["--in-memory", "--host", "0.0.0.0"], 3, "other hosts can reach 0.0.0.0"),
        (["--in-memory", "--port", "70000"], 2, "70000 is not in the range"),
    ],
)
def test_invalid_serve_options_are_reported(command: Command, args: list[str], code: int, message: str) -> None:
    ended = command("sandbox", "serve", *args)
    assert (ended.code, message in ended.err) == (code, True), ended.err


def test_another_address_is_served_when_allowed() -> None:
    with serving("--in-memory", "--host", "0.0.0.0", "--allow-remote") as (_, lines):
        url, token = told(lines)
        local = url.replace("0.0.0.0", "127.0.0.1")
        assert requests.get(local, headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code == 200
