"""`connector export` of packages, which are folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import connector
from connector.engines.node_red.package import package_files
from tests.cli.conftest import ROOT, Command


def test_component_without_code_for_its_connection_is_rejected_by_name(command: Command) -> None:
    component = str(ROOT / "examples" / "component" / "manifest.yaml")

    ended = command("--manifest", component, "export", "prismatic", "--to", "package")

    assert ended.code == 3
    assert "apiKey: no table can express it: a connection is code" in ended.err
    assert "listLists: no table can express it: it sends a request other than by get" in ended.err


def test_package_is_written_with_key_and_label(command: Command, tmp_path: Path) -> None:
    ended = command(
        "export", "prismatic", "--to", str(tmp_path / "new" / "package"), "--key", "acme-segment", "--label", "Acme"
    )

    assert ended.code == 0, ended.err
    folder = tmp_path / "new" / "package"
    assert 'key: "acme-segment",\n  public: false' in (folder / "src/operations.ts").read_text(encoding="utf-8")
    assert 'label: "Acme"' in (folder / "src/operations.ts").read_text(encoding="utf-8")
    manifest = json.loads((folder / "package.json").read_bytes())
    lock = json.loads((folder / "package-lock.json").read_bytes())
    named = {"name": "acme-segment", "version": connector.load_component().manifest.version}
    assert named.items() <= manifest.items()
    assert named.items() <= lock.items()
    assert named.items() <= lock["packages"][""].items()
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# Acme\n")
    assert (folder / "assets/icon.png").read_bytes()[1:4] == b"PNG"


def test_folder_with_files_is_rejected_and_stays_as_it_is(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    ended = command("export", "prismatic", "--to", str(tmp_path))

    assert (ended.code, f"{tmp_path} is not empty" in ended.err) == (2, True)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_package_for_node_red_is_written(command: Command, segment: connector.Component, tmp_path: Path) -> None:
    ended = command("export", "node-red", "--to", str(tmp_path / "package"))

    assert ended.code == 0, ended.err
    files = [path for path in (tmp_path / "package").rglob("*") if path.is_file()]
    written = {path.relative_to(tmp_path / "package").as_posix(): path.read_bytes() for path in files}
    assert written == package_files(segment)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prismatic"], "the format prismatic is a folder"),
        (["node-red"], "the format node-red is a folder"),
        (["node-red", "--key", "k"], "--key requires the format prismatic"),
        (["manifest", "--key", "k"], "--key requires the format prismatic"),
        (["openapi", "--label", "L"], "--label requires the format prismatic"),
        (["prismatic", "--to", "x", "--key", "No Spaces"], '"No Spaces"'),
    ],
)
def test_options_of_the_package_are_checked(command: Command, arguments: list[str], message: str) -> None:
    ended = command("export", *arguments)

    assert (ended.code, message in ended.err) == (2, True), ended.err
