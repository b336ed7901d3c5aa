"""Imports point one way, import-linter notices each kind of import that breaks it, and the docs name real files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("connector", "actions", "connections", "datasources", "explorer", "sandbox")

# Imports by name escape import-linter, so their number is fixed: two for names on first use, one for commands, one
# for the modules of a component.
IMPORTS_BY_NAME = 4


# Files that a reader of CONTRIBUTING is to write.
INVENTED = {"actions/labels.py", "tests/wire/labels.py", "sandbox/labels.py", "actions/examples/KEY.json"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source files and of the contracts."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(tree: Path) -> tuple[int, list[str]]:
    """The exit code of import-linter in a tree, and the contracts that it reports as broken."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    plain = re.sub(r"\x1b\[\d+m", "", run.stdout)
    return run.returncode, re.findall(r"^(.+) BROKEN$", plain, re.MULTILINE)


def append(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def test_import_linter_accepts_the_tree(tree: Path) -> None:
    assert broken_contracts(tree) == (0, [])


@pytest.mark.parametrize(
    ("contract", "imports"),
    [
        ("Imports point down", {"connector/rest/endpoint.py": "import connector.component.runner"}),
        ("Imports in flows point down", {"connector/flows/file/model.py": "import connector.flows.check"}),
        (
            "No circles among siblings",
            {
                "connector/common/text.py": "import connector.common.state_dir",
                "connector/common/state_dir.py": "import connector.common.text",
            },
        ),
        ("The SDK knows no service", {"connector/errors.py": "import sandbox.faults"}),
        ("The parts of a component do not import one another", {"actions/inputs.py": "import sandbox.faults"}),
    ],
)
def test_import_linter_reports_a_planted_import(tree: Path, contract: str, imports: dict[str, str]) -> None:
    for path, line in imports.items():
        append(tree / path, line)

    exit_code, broken = broken_contracts(tree)

    assert exit_code == 1
    assert contract in broken


def test_import_linter_reports_a_folder_outside_of_the_layers(tree: Path) -> None:
    (tree / "connector" / "misc").mkdir()
    (tree / "connector" / "misc" / "__init__.py").touch()

    exit_code, _ = broken_contracts(tree)

    assert exit_code == 1


def test_import_linter_ignores_no_import() -> None:
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_imports_by_name_do_not_grow() -> None:
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "connector").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and called_name(node) in {"import_module", "__import__"}
    ]

    assert len(calls) <= IMPORTS_BY_NAME, calls


@pytest.mark.parametrize(
    ("package", "begin", "end"), [("connector", '["connector/"]', "```"), ("connector.flows", "| Layer |", "\n\n")]
)
def test_architecture_page_has_the_layers_of_the_contracts(package: str, begin: str, end: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in settings["contracts"] if each.get("containers") == [package])
    names = [name for layer in layers for name in layer.strip("()").split(" | ") if name != "__main__"]
    drawn = page.partition(begin)[2].partition(end)[0]

    assert re.findall(r"(\w+)(?:/|\.py)", drawn) == names


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    names = set(re.findall(r"`([\w./-]+(?:/|\.(?:py|md|txt|yaml|json)))`", (ROOT / page).read_text(encoding="utf-8")))
    folders = {ROOT, *((ROOT / name).parent for name in names), ROOT / "connector" / "flows"}

    assert len(names) > 5
    assert {name for name in names - INVENTED if not any((folder / name).exists() for folder in folders)} == set()


def called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
