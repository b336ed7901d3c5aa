"""`connector explore` as a program."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from connector.cli import main
from tests.support.commands import started

ROOT = Path(__file__).parents[2]


def test_help_imports_neither_templates_nor_server() -> None:
    code = "import sys; from connector.cli import main; main(['--help']); print([*sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    loaded = run.stdout.splitlines()[-1]
    assert "connector.cli.root" in loaded
    assert "jinja2" not in loaded
    assert "starlette" not in loaded


def test_explore_uses_the_sandbox_without_credentials_and_ends_at_sigterm(tmp_path: Path) -> None:
    arguments = ("explore", "--no-browser", "--flows", str(ROOT / "examples" / "flows"))
    with started(*arguments, tmp_path=tmp_path) as process:
        assert process.stdout
        link = process.stdout.readline().strip()
        session = requests.Session()
        page = session.get(link, timeout=60)

        assert re.search(r"/actions/\w+$", page.url)
        assert "Sandbox: nothing is real" in page.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in {0, 128 + signal.SIGTERM, -signal.SIGTERM}
        assert process.stderr
        log = process.stderr.read()
        assert "export SEGMENT_API_KEY=sandbox_" in log
        assert "Traceback" not in log


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--flows", "nowhere"], '--flows: "nowhere" is not a folder'),
        (["--profile", "nope"], 'unknown profile "nope"'),
        (["--sandbox", "--profile", "nope"], "--profile and --sandbox cannot be used together"),
    ],
)
def test_explore_rejects_what_it_cannot_open(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", "--no-browser", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_explore_names_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "jinja2" else object())

    assert main(["explore", "--no-browser"]) == 3
    assert "the explorer needs jinja2" in capsys.readouterr().err
