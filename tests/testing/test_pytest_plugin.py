"""The fixtures, found through the entry point of the installed distribution."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.components import write_component
from tests.support.outside import ROOT, run_pytest

Run = Callable[..., str]


def pytest_with_plugin(folder: Path) -> Run:
    """pytest on files, in an environment where this distribution is installed."""
    plugins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    info = folder / "site" / "installed_here-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: installed-here\nVersion: 1.0\n")
    lines = "".join(f"{name} = {module}\n" for name, module in plugins.items())
    (info / "entry_points.txt").write_text(f"[pytest11]\n{lines}")
    return lambda files, *options: run_pytest(folder / "project", files, *options, path=info.parent)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return pytest_with_plugin(tmp_path)


def test_component_is_not_imported_until_a_fixture_is_used(run: Run) -> None:
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


def conftest_with(component: Path) -> str:
    return f"""
        import pytest

        @pytest.fixture(scope="session")
        def connector_component():
            import connector

            return connector.load_component({str(component)!r})
    """


PROJECT = {
    "test_harness.py": """
        def test_it(harness):
            expected = harness.respond_with_example("getUser")
            assert harness.invoke("getUser", {"userId": "abc"}) == expected
            assert harness.last_request.path == "/users/abc"
    """,
    "test_unused.py": """
        def test_it(harness):
            harness.respond_with_example("getUser", path="/users/abc")
    """,
    "test_sandbox.py": """
        import pytest

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(sandbox, turn):
            source = {"slug": "shop", "enabled": True, "metadataId": "IqDTy1TpoU"}
            before = len(sandbox.sources)
            sandbox.runner().invoke("createSource", source)
            assert (len(sandbox.sources), len(sandbox.requests)) == (before + 1, 1)
    """,
    "other/conftest.py": conftest_with(ROOT / "examples" / "component"),
    "other/test_other.py": """
        def test_harness(harness, connector_component):
            assert connector_component.key == "todo"
            expected = harness.respond_with_example("listTasks")
            assert harness.invoke("listTasks", {"listId": "home"}) == expected
    """,
    "bare/test_bare.py": "def test_it(sandbox): pass",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of pytest on a project that uses every fixture; one run serves the tests below."""
    folder = tmp_path_factory.mktemp("project")
    bare = {"bare/conftest.py": conftest_with(write_component(folder / "tiny"))}
    return pytest_with_plugin(folder)(PROJECT | bare, "-v")


@pytest.mark.parametrize(
    "test",
    [
        "test_harness.py::test_it",
        "test_sandbox.py::test_it[1]",
        "test_sandbox.py::test_it[2]",
        "other/test_other.py::test_harness",
    ],
)
def test_fixture_works_without_an_import(printed: str, test: str) -> None:
    assert f"{test} PASSED" in printed


def test_unused_stub_fails_the_test(printed: str) -> None:
    assert "test_unused.py::test_it ERROR" in printed
    assert "any method /users/abc -> 200" in printed


def test_component_without_a_sandbox_fails_the_test_with_its_name(printed: str) -> None:
    assert "bare/test_bare.py::test_it ERROR" in printed
    assert 'component "tiny" has no sandbox' in printed


def test_fixtures_are_listed_with_what_they_are_for(run: Run) -> None:
    printed = run({"test_it.py": ""}, "--fixtures")

    assert "A harness of the component under test" in printed
    assert "A new workspace in the sandbox of the component under test" in printed
    assert "The component under test" in printed
