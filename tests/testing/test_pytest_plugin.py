"""The fixtures, found through the entry point of the installed distribution."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.components import write_component
from tests.support.outside import ROOT, run_pytest

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """pytest on files, in an environment where this distribution is installed."""
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    info = tmp_path / "site" / "installed_here-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-here\nVersion: 1.0\n")
    lines = "".join(f"{name} = {module}\n" for name, module in plugins.items())
    (info / "entry_points.txt").write_text(f"[pytest11]\n{lines}")
    return lambda files, *options: run_pytest(tmp_path / "project", files, *options, path=info.parent)


def test_nothing_of_a_component_is_imported_until_a_fixture_is_used(run: Run) -> None:
    conftest = """
        import sys

        def pytest_collection_finish(session):
            ours = ("requests", "pydantic", "responses", "jsonpath_ng", "yaml", "connector", "_connector")
            print("IMPORTED", *sorted(name for name in sys.modules if name.startswith(ours)))
    """

    printed = run({"conftest.py": conftest, "test_it.py": "def test_it(harness): pass"}, "--collect-only", "-s")

    imported = next(line for line in printed.splitlines() if "IMPORTED" in line).split()
    assert imported[-5:] == [
        "connector",
        "connector.common",
        "connector.common.lazy_imports",
        "connector.testing",
        "connector.testing.pytest_plugin",
    ]
    assert imported[-6] == "IMPORTED"


def test_harness_is_there_without_an_import(run: Run) -> None:
    test = """
        def test_it(harness):
            expected = harness.respond_with_example("getUser")
            assert harness.invoke("getUser", {"userId": "abc"}) == expected
            assert harness.last_request.path == "/users/abc"
    """

    assert "1 passed in" in run({"test_it.py": test})


def test_reply_that_is_left_fails_the_test(run: Run) -> None:
    test = """
        def test_it(harness):
            harness.respond_with_example("getUser", path="/users/abc")
    """

    printed = run({"test_it.py": test})

    assert "1 passed, 1 error in" in printed
    assert "any method /users/abc -> 200" in printed


def test_sandbox_is_there_without_an_import_and_new_for_each_test(run: Run) -> None:
    test = """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(sandbox, turn):
            made = {"slug": "shop", "enabled": True, "metadataId": "IqDTy1TpoU"}
            before = len(sandbox.sources)
            sandbox.runner().invoke("createSource", made)
            assert (len(sandbox.sources), len(sandbox.requests)) == (before + 1, 1)
    """

    assert "2 passed in" in run({"test_it.py": test})


def test_component_without_a_sandbox_fails_the_test_with_its_name(run: Run, tmp_path: Path) -> None:
    manifest = write_component(tmp_path / "tiny")
    conftest = f"""
        import pytest

        @pytest.fixture(scope="session")
        def connector_component():
            import connector

            return connector.load_component({str(manifest)!r})
    """

    printed = run({"conftest.py": conftest, "test_it.py": "def test_it(sandbox): pass"})

    assert 'component "tiny" has no sandbox' in printed


def test_another_component_takes_the_place_of_the_bundled_one(run: Run) -> None:
    conftest = f"""
        import pytest

        @pytest.fixture(scope="session")
        def connector_component():
            import connector

            return connector.load_component({str(ROOT / "examples" / "component")!r})
    """
    test = """
        def test_it(harness, connector_component):
            assert connector_component.key == "todo"
            expected = harness.respond_with_example("listTasks")
            assert harness.invoke("listTasks") == expected
    """

    assert "1 passed in" in run({"conftest.py": conftest, "test_it.py": test})


def test_fixtures_are_listed_with_what_they_are_for(run: Run) -> None:
    printed = run({"test_it.py": ""}, "--fixtures")

    assert "A harness of the component under test" in printed
    assert "A new workspace in the sandbox of the component under test" in printed
    assert "The component under test" in printed
