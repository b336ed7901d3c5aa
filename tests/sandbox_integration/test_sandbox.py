"""What is the same for the sandbox of every component: how it is found, opened and served."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest
import requests

import connector
from connector.describe.check import component_problems
from connector.errors import AuthenticationError, ComponentError, MissingExtraError, SandboxError
from connector.sandbox_kit.sandbox import default_file, make_folder, sandbox_of, serve
from tests.support.components import write_component

WEB = {"slug": "web-2", "enabled": True, "metadataId": "IqDTy1TpoU"}


def slugs(runner: connector.Runner) -> list[str]:
    return [source["slug"] for source in runner.records("listSources")]


def test_sandbox_has_what_its_workspace_has_and_the_way_to_it(segment: connector.Component) -> None:
    with serve(segment) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        assert requests.get(f"{sandbox.url}/", headers=headers, timeout=5).status_code == 200
        assert sandbox.runner().test_connection()["data"]["data"]["workspace"]["slug"] == "sandbox"
        assert connector.Runner(segment, sandbox.connection).invoke("listUsers")["data"]["data"]["users"]
        assert [source["slug"] for source in sandbox.sources] == slugs(sandbox.runner())
        assert sandbox.token not in repr(sandbox)


def test_file_keeps_what_was_done_and_memory_does_not(segment: connector.Component, tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    for location, stored in ((path, True), (None, False)):
        with serve(segment, location) as sandbox:
            sandbox.runner().invoke("createSource", WEB)
        with serve(segment, location) as sandbox:
            assert ("web-2" in slugs(sandbox.runner())) is stored


def test_several_sandboxes_are_served_at_once_and_apart(segment: connector.Component) -> None:
    with serve(segment) as first, serve(segment) as second:
        first.runner().invoke("createSource", WEB)
        assert "web-2" in slugs(first.runner())
        assert "web-2" not in slugs(second.runner())
        mixed = {"fields": {"apiKey": first.token, "baseUrl": second.url}}
        with connector.Runner(segment, mixed) as runner, pytest.raises(AuthenticationError):
            runner.invoke("listSources")


def test_one_file_is_served_twice(segment: connector.Component, tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite"
    with serve(segment, path) as first, serve(segment, path) as second:
        first.runner().invoke("createSource", WEB)
        assert "web-2" in slugs(second.runner())


def test_server_and_threads_stop_after_the_block(segment: connector.Component) -> None:
    before = threading.enumerate()
    with serve(segment) as sandbox:
        sandbox.runner().invoke("listSources")
    assert threading.enumerate() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=5)


def test_component_without_a_sandbox_says_so(tmp_path: Path) -> None:
    component = connector.load_component(write_component(tmp_path))
    with pytest.raises(SandboxError, match='component "tiny" has no sandbox'), serve(component):
        pass


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "cannot be imported: ModuleNotFoundError"),
        ("raise ValueError('broken')", "cannot be imported: ValueError: broken"),
        ("api = {}", "has no SimulatedApi named api"),
    ],
)
def test_sandbox_that_lacks_something_is_a_finding(tmp_path: Path, code: str | None, message: str) -> None:
    manifest = write_component(tmp_path)
    manifest.write_text(manifest.read_text() + "sandbox: small\n")
    if code is not None:
        (tmp_path / "small.py").write_text(code)
    with pytest.raises(ComponentError, match=message):
        sandbox_of(connector.load_component(manifest))
    assert any(message in problem.message for problem in component_problems(lambda: connector.load_component(manifest)))


def test_without_the_extra_it_says_what_to_install(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "starlette" else real(name))
    with pytest.raises(MissingExtraError, match=r"pip install 'segment-connector\[server\]'"), serve(segment):
        pass


def test_chosen_state_folder_wins(segment: connector.Component) -> None:
    assert default_file(segment, {"CONNECTOR_STATE_HOME": "/state"}) == Path("/state/segment/sandbox.sqlite")


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="these platforms have folders of their own")
@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_STATE_HOME": "/xdg"}, Path("/xdg")),
        ({"XDG_STATE_HOME": "relative"}, Path("~/.local/state")),
        ({}, Path("~/.local/state")),
    ],
)
def test_platforms_state_folder_is_used(
    segment: connector.Component, environment: dict[str, str], folder: Path
) -> None:
    assert default_file(segment, environment) == folder.expanduser() / "connector" / "segment" / "sandbox.sqlite"


def test_platforms_keep_state_in_their_own_folders(
    segment: connector.Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    library = Path.home() / "Library" / "Application Support"
    assert default_file(segment, {}) == library / "connector" / "segment" / "sandbox.sqlite"


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_folder_is_for_the_user_alone(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "sandbox.sqlite")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SandboxError, match=r"cannot create the folder .*taken/x.*\n.*CONNECTOR_STATE_HOME"):
        make_folder(tmp_path / "taken" / "x" / "sandbox.sqlite")


def copy_segment(folder: Path) -> None:
    root = Path(connector.__file__).parents[1]
    for name in ("actions", "connections", "datasources", "sandbox"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manifest.yaml", "api.json", "icon.png"):
        shutil.copy(root / name, folder)


def test_check_names_the_operations_that_the_sandbox_lacks(tmp_path: Path) -> None:
    copy_segment(tmp_path)
    (tmp_path / "sandbox" / "transformations.py").unlink()
    messages = [problem.message for problem in component_problems(lambda: connector.load_component(tmp_path))]
    assert "the sandbox does not simulate createTransformation" in messages
    assert sum("does not simulate" in message for message in messages) == 5


def test_sandbox_is_loaded_from_any_folder_of_a_component(tmp_path: Path) -> None:
    copy_segment(tmp_path)
    with serve(connector.load_component(tmp_path)) as sandbox:
        assert len(slugs(sandbox.runner())) == 5
