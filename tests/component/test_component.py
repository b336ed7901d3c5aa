"""Loading a component, and checking its code against its manifest."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import connector
from connector import errors
from tests.support.components import write_component


def load(folder: Path) -> connector.Component:
    return connector.load_component(folder, installed_plugins=False)


def say_hello(component: connector.Component) -> Any:
    return connector.Runner(component, {"fields": {"token": "t"}}).invoke("sayHello", {"name": "you"})


def problems(folder: Path, kind: type[errors.ConnectorError] = errors.ComponentError) -> dict[str, str]:
    with pytest.raises(kind) as caught:
        load(folder)
    return {problem.location: f"{problem.message} {problem.hint}" for problem in caught.value.problems}


def test_bundled_component_has_what_the_documentation_lists(segment: connector.Component) -> None:
    assert segment.key == "segment"
    payloads = Path(__file__).parents[1] / "documented_payloads" / "actions"
    assert {"rawRequest", *(file.stem for file in payloads.glob("*.json"))} <= set(segment.actions)
    assert list(segment.data_sources)[:3] == ["destination", "sources", "warehouses"]
    assert list(segment.connections) == ["apiKey"]


def test_definitions_carry_the_manifests_display(segment: connector.Component) -> None:
    display = segment.actions["deleteUser"].display

    assert display == connector.Display(label="Delete Users", description="Removes one or multiple users.")


def test_every_action_is_a_plugin_registered_by_its_key(segment: connector.Component) -> None:
    assert all(segment.plugins.get_plugin(key) is action for key, action in segment.actions.items())


def test_component_loads_from_its_manifest_or_its_folder(tmp_path: Path) -> None:
    manifest = write_component(tmp_path)

    assert load(manifest).key == load(tmp_path).key == connector.load_component(str(tmp_path)).key == "tiny"


def test_two_components_with_the_same_module_names_live_side_by_side(tmp_path: Path) -> None:
    write_component(tmp_path / "one", "one", "hello")
    write_component(tmp_path / "two", "two", "salut")

    assert say_hello(load(tmp_path / "one")) == {"data": "hello you"}
    assert say_hello(load(tmp_path / "two")) == {"data": "salut you"}


def test_component_loads_in_many_threads_at_once(tmp_path: Path) -> None:
    write_component(tmp_path)
    greetings: list[Any] = []
    threads = [threading.Thread(target=lambda: greetings.append(say_hello(load(tmp_path)))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert greetings == [{"data": "hello you"}] * 16


def imported_of(names: list[str]) -> list[str]:
    code = f"import sys, connector; connector.load_component(); print(*[n for n in {names} if n in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_puts_no_name_of_a_component_into_the_modules() -> None:
    assert imported_of(["actions", "connections", "datasources"]) == []


def test_loading_imports_no_library_that_only_a_call_needs() -> None:
    assert imported_of(["requests", "urllib3", "jsonpath_ng", "rich", "click", "starlette", "pytest"]) == []


def test_every_mismatch_of_code_and_manifest_is_reported_at_once(tmp_path: Path) -> None:
    manifest = write_component(tmp_path)
    manifest.write_text(manifest.read_text().replace("sayHello:", "sayHelo:").replace("  token:", "  tokens:"))
    (tmp_path / "actions" / "examples" / "sayHello.json").rename(tmp_path / "actions" / "examples" / "other.json")

    with pytest.raises(errors.ComponentError) as caught:
        load(tmp_path)
    listed = [(problem.location, f"{problem.message} {problem.hint}") for problem in caught.value.problems]
    by_location = dict(reversed(listed))

    assert by_location["sayHelo"] == (
        'action "sayHelo" is in the manifest but has no function '
        "Write its function, or remove it from manifest.yaml. Did you mean sayHello?"
    )
    assert by_location["sayHello"].startswith('action "sayHello" (')
    assert "actions/hello.py:" in by_location["sayHello"]
    assert by_location["sayHello"].endswith("Add it to manifest.yaml. Did you mean sayHelo?")
    assert sorted(location for location, _ in listed) == ["other", "sayHello", "sayHelo", "token", "tokens"]


def test_missing_example_is_reported(tmp_path: Path) -> None:
    write_component(tmp_path)
    (tmp_path / "actions" / "examples" / "sayHello.json").unlink()

    assert problems(tmp_path)["sayHello"].startswith("has no example payload Write ")


def test_key_that_is_defined_twice_names_both_places(tmp_path: Path) -> None:
    write_component(tmp_path)
    source = (tmp_path / "actions" / "hello.py").read_text()
    (tmp_path / "actions" / "again.py").write_text(source)

    assert "again.py:12" in problems(tmp_path)["sayHello"]
    assert "hello.py:12" in problems(tmp_path)["sayHello"]


def test_action_that_another_module_imports_is_not_there_twice(tmp_path: Path) -> None:
    write_component(tmp_path)
    (tmp_path / "actions" / "more.py").write_text("from .hello import say_hello\n")

    assert list(load(tmp_path).actions) == ["sayHello"]


def test_every_module_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    write_component(tmp_path)
    (tmp_path / "actions" / "broken.py").write_text("import no_such_module\n")
    (tmp_path / "actions" / "worse.py").write_text("x = \n")

    by_location = problems(tmp_path)

    assert (
        "ModuleNotFoundError: No module named 'no_such_module'" in by_location[str(tmp_path / "actions" / "broken.py")]
    )
    assert "SyntaxError" in by_location[str(tmp_path / "actions" / "worse.py")]


@pytest.mark.parametrize(
    ("kind", "known"), [("action", "getSource"), ("data_source", "sources"), ("connection", "apiKey")]
)
def test_unknown_key_suggests_the_nearest(kind: str, known: str, segment: connector.Component) -> None:
    with pytest.raises(errors.UnknownKeyError, match=f"Did you mean .*{known}") as caught:
        getattr(segment, kind)(known.lower() + "x")

    assert caught.value.exit_code == 2


def test_unknown_key_without_a_near_match_lists_a_few_keys_or_says_where_they_are(
    segment: connector.Component,
) -> None:
    with pytest.raises(errors.UnknownKeyError, match="Available: apiKey"):
        segment.connection("zzzzzz")
    with pytest.raises(errors.UnknownKeyError, match="Run `connector list` to see all data sources"):
        segment.data_source("zzzzzz")


def test_blocked_action_is_rejected(tmp_path: Path) -> None:
    write_component(tmp_path)
    component = load(tmp_path)
    component.block("sayHello")

    with pytest.raises(errors.PolicyError, match="sayHello: is blocked"):
        say_hello(component)


def test_installed_components_are_listed(segment: connector.Component) -> None:
    assert connector.components()["segment"].manifest == segment.manifest


def test_repr_says_what_it_is(segment: connector.Component) -> None:
    assert repr(segment) == f"Component('segment', {len(segment.actions)} actions)"


def test_example_is_loaded_on_first_use(segment: connector.Component) -> None:
    assert segment.actions["deleteSource"].example == {"data": {"data": {"status": "SUCCESS"}}}
    assert segment.actions["rawRequest"].example is None
