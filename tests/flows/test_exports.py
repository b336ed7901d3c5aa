"""The script that runs the flows of exports with stubs that are filled from shapes alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.flows import exports
from tests.flows.test_mutations import EXPORT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(exports.FOLDER, str(tmp_path))
    return tmp_path


def test_flow_of_an_export_runs_to_its_end_without_a_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "import.yml").write_text(EXPORT, encoding="utf-8")
    (folder / "old.yml").write_text("definitionVersion: 2\n", encoding="utf-8")
    assert exports.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("old.yml: definitionVersion: unsupported version 2")
    assert lines[1] == "import.yml / Import: ran to its end"
    assert "http                               1        0            0" in lines
    assert lines[-1] == "1 of 1 flows ran to their end (100%)"


def test_flow_that_stops_is_named_with_its_reason(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = EXPORT.replace("ms:", "milliseconds:")
    (folder / "import.yml").write_text(broken, encoding="utf-8")
    assert exports.main() == 1
    assert "stopped: flow has errors and was not started" in capsys.readouterr().out


def test_flows_of_the_exports_run_to_their_end() -> None:
    if exports.FOLDER not in os.environ:
        pytest.skip("TESTS_FLOW_EXPORTS names no folder of exports")
    assert exports.main() == 0
