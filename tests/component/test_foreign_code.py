"""Plugins and components of others: mistakes are rejected at registration, or named when they run."""

from __future__ import annotations

import optparse
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy
import pytest

import connector
from connector import errors
from connector.cli import exit_codes
from connector.component.plugins import PluginManager
from connector.rest import json_bytes
from tests.support.server import LoopbackServer, ServerResponse

foreign = pluggy.HookimplMarker("another-project")


class Asynchronous:
    @connector.hookimpl(tryfirst=True)
    async def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
        return None


class Generator:
    @connector.hookimpl(tryfirst=True)
    def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
        yield


class ForeignMarker:
    @foreign
    def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
        return None


class Plain:
    @connector.hookimpl(tryfirst=True)
    def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
        return None


MISTAKES = {
    "async": (Asynchronous(), "hook perform_action is async"),
    "generator": (Generator(), "is a generator"),
    "foreign marker": (ForeignMarker(), "not marked as a hook of connector"),
    "class": (Plain, "is a class, not an instance"),
}


@pytest.fixture
def own() -> connector.Component:
    """A component that the test may change."""
    return connector.load_component()


@pytest.mark.parametrize(("plugin", "message"), MISTAKES.values(), ids=MISTAKES)
def test_plugin_that_cannot_work_is_rejected(own: connector.Component, plugin: object, message: str) -> None:
    with pytest.raises(errors.PluginError) as caught:
        own.add_plugin(plugin, "policy")

    assert message in str(caught.value)
    assert "policy" in str(caught.value)
    assert not own.plugins.has_plugin("policy")


def runner_of(own: connector.Component, server: LoopbackServer) -> connector.Runner:
    """Return a runner that talks to the server."""
    server.answer(ServerResponse({"data": {"source": {"id": "a"}}}))
    return connector.Runner(own, {"fields": {"apiKey": "t", "baseUrl": server.url}}, max_wait=0)


@pytest.mark.parametrize("result", [[], "text", 7, (1,)], ids=lambda each: type(each).__name__)
def test_hook_that_returns_no_payload_is_named(
    own: connector.Component, server: LoopbackServer, result: object
) -> None:
    class Wrong:
        @connector.hookimpl(tryfirst=True)
        def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
            return result

    own.add_plugin(Wrong(), "wrong")

    with pytest.raises(errors.PluginError) as caught, runner_of(own, server) as runner:
        runner.invoke("getSource", {"sourceId": "a"})

    assert "wrong" in str(caught.value)
    assert f"returned a {type(result).__name__}, not a payload" in str(caught.value)
    assert server.requests == []


def test_hook_that_returns_none_leaves_the_action_to_the_next(own: connector.Component, server: LoopbackServer) -> None:
    own.add_plugin(Plain(), "plain")

    with runner_of(own, server) as runner:
        assert runner.invoke("getSource", {"sourceId": "a"}) == {"data": {"data": {"source": {"id": "a"}}}}


def test_exit_of_a_hook_does_not_end_the_program(own: connector.Component, server: LoopbackServer) -> None:
    class Exits:
        @connector.hookimpl(tryfirst=True)
        def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
            sys.exit(0)

    own.add_plugin(Exits(), "exits")

    with pytest.raises(errors.PluginError, match=r"SystemExit: 0 .*plugin exits"), runner_of(own, server) as runner:
        runner.invoke("getSource", {"sourceId": "a"})


def test_plugin_without_hooks_is_reported(own: connector.Component) -> None:
    class Nothing:
        pass

    own.add_plugin(Nothing(), "nothing")
    own.add_plugin(Plain(), "something")

    assert [plugin.name for plugin in own.plugins.summaries() if not plugin.hooks] == ["nothing"]


def install(folder: Path, code: str) -> None:
    """Install a distribution that offers a plugin."""
    metadata = folder / "acme_policy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-policy\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[connector.plugins]\npolicy = acme_hooks\n", encoding="utf-8")
    (folder / "acme_hooks.py").write_text(code, encoding="utf-8")


@pytest.mark.parametrize(
    "code",
    ["import sys; sys.exit(0)", "import no_such_module", "raise RuntimeError('x')"],
    ids=["exit", "import", "raise"],
)
def test_installed_plugin_that_cannot_be_imported_is_a_setup_error(tmp_path: Path, code: str) -> None:
    install(tmp_path, code)
    root = Path(__file__).parents[2]

    run = subprocess.run(
        [sys.executable, "-m", "connector", "list"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin", "PYTHONPATH": f"{tmp_path}:{root}", "HOME": str(tmp_path)},
    )

    assert run.returncode == 3, run.stdout + run.stderr
    assert "acme-policy" in run.stderr


def test_signal_while_a_plugin_is_imported_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name, value, dist = "slow", "slow_plugin", None

        def load(self) -> object:
            exit_codes._terminated(15, None)

    monkeypatch.setattr("connector.component.plugins.entry_points", lambda group: [Entry()])

    with pytest.raises(SystemExit):
        PluginManager().add_installed()


def fail_beside_the_package() -> None:
    """Raise an error in a file of the folder in which the package is installed, where its libraries are too."""
    library = Path(connector.__file__).parents[1] / "library.py"
    exec(compile("int('x')", library, "exec"))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda: exit_codes._terminated(15, None), SystemExit),
        (lambda: json_bytes(object()), ValueError),
        (lambda: runpy.run_path("no-such-file"), errors.PluginError),
        (fail_beside_the_package, errors.PluginError),
        (lambda: optparse.OptionParser().exit(3), SystemExit),
    ],
    ids=["signal", "error of the package", "error of a library", "error beside the package", "exit of a library"],
)
def test_exception_of_a_hook_is_its_own_unless_it_comes_from_elsewhere(
    fault: Callable[[], object], expected: type[BaseException], own: connector.Component, server: LoopbackServer
) -> None:
    class Hook:
        @connector.hookimpl(tryfirst=True)
        def perform_action(self, action: Any, context: Any, inputs: Any) -> Any:
            return fault()

    own.add_plugin(Hook(), "hook")

    with pytest.raises(expected) as caught, runner_of(own, server) as runner:
        runner.invoke("getSource", {"sourceId": "a"})
    assert issubclass(caught.type, expected)
