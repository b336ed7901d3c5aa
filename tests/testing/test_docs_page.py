"""Every snippet of docs/testing.md is run as it stands."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

import connector.errors
import connector.testing
from connector.testing.snapshots import snapshot
from tests.support.outside import ROOT, run_pytest

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PYTHON = {code.splitlines()[0].removeprefix("# "): code for language, code in SNIPPETS if language == "python"}
MODULE = "connector.testing.pytest_plugin"
INSTALLED = any(entry.value == MODULE for entry in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", MODULE)


def test_every_python_snippet_names_its_file() -> None:
    assert all(re.fullmatch(r"\w+\.py", name) for name in PYTHON)
    assert len(PYTHON) == sum(language == "python" for language, _ in SNIPPETS)


def test_every_python_snippet_passes_as_a_test(tmp_path: Path) -> None:
    expected = sum(len(re.findall(r"^ *def test_", code, re.MULTILINE)) for code in PYTHON.values())

    repository = ROOT / "examples" / "integration-repo" / "integration.yaml"
    stubs = {"slack.postMessage": {"ts": "1.5"}, "Get Source": {"data": {"source": {"slug": "shop", "enabled": False}}}}
    run = connector.testing.run_flow(repository, stubs=stubs, payload={"sourceId": "shop"})
    flows = {"integration.yaml": repository.read_text(encoding="utf-8"), "notify.json": snapshot(run)}
    flows |= {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "examples" / "flows").glob("*.yaml")}

    printed = run_pytest(tmp_path, {**PYTHON, **flows}, *PLUGIN, "-q", "--ignore", "test_contract.py")

    assert re.search(rf"^{expected} passed in", printed, re.MULTILINE), printed


def test_contract_of_the_page_passes(tmp_path: Path) -> None:
    contract = {"test_contract.py": PYTHON["test_contract.py"]}
    printed = run_pytest(tmp_path, contract, *PLUGIN, "-q", "-k", "source")

    assert re.search(r"^\d{3} passed, \d{3} deselected in", printed, re.MULTILINE), printed


def test_snippet_that_is_wrong_would_be_noticed(tmp_path: Path) -> None:
    wrong = PYTHON["test_first.py"].replace('"PATCH"', '"PUT"')

    assert "1 failed" in run_pytest(tmp_path, {"test_first.py": wrong}, *PLUGIN, "-q")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+Error)`", PAGE))))
def test_every_error_of_the_page_exists(name: str) -> None:
    assert hasattr(connector.errors, name) or hasattr(connector.testing, name)


def test_everything_of_a_sandbox_on_the_page_exists() -> None:
    named = set(re.findall(r"\bsandbox\.(\w+)", PAGE.replace("`.", "`sandbox."))) - {"md"}

    assert len(named) > 20
    with connector.testing.sandbox() as sandbox:
        assert {name for name in named if not hasattr(sandbox, name)} == set()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"harness\.(\w+)", PAGE))))
def test_everything_of_a_harness_on_the_page_exists(name: str) -> None:
    assert hasattr(connector.testing.Harness, name)


def test_every_public_method_of_the_harness_is_on_the_page() -> None:
    public = {name for name in vars(connector.testing.Harness) if not name.startswith("_")}

    assert {name for name in public if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_installed_extras_exist_in_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = re.findall(rf"{project['name']}\[([\w,]+)\]", PAGE)
    request = {extra for extras in lists for extra in extras.split(",")}

    assert request == {"server", "testing"}
    assert request <= project["optional-dependencies"].keys()


def test_workflow_runs_pytest() -> None:
    (workflow,) = (yaml.safe_load(code) for language, code in SNIPPETS if language == "yaml")

    assert workflow["jobs"]["test"]["steps"][-1] == {"run": "pytest"}


def test_table_of_errors_is_right() -> None:
    rows = re.findall(r"^\| `harness\.(.+?)` \| `(\w+)`(.*)\|$", PAGE, re.MULTILINE)
    segment = connector.load_component()

    assert len(rows) == 5
    for call, error, _rest in rows:
        with connector.testing.Harness(segment) as harness:
            eval(f"harness.{call}", {"harness": harness})
            with pytest.raises(getattr(connector.errors, error)):
                harness.invoke("listUsers")
