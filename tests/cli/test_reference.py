"""The generated pages about the command line, environment variables, and files."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

import connector
from connector.cli.reference_pages.all_pages import reference_pages
from connector.cli.reference_pages.command_line import command_line_page
from connector.cli.reference_pages.environment import environment_page
from connector.cli.reference_pages.python_api import python_page
from connector.cli.root import cli
from tests.cli.conftest import ROOT, Command


def leaves(group: click.Group, context: click.Context) -> list[tuple[str, click.Command]]:
    commands: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        child = click.Context(command, info_name=name, parent=context)
        commands += leaves(command, child) if isinstance(command, click.Group) else [(child.command_path, command)]
    return commands


def test_page_has_every_command_and_every_option() -> None:
    page = command_line_page()
    sections = dict(re.findall(r"^##+ (connector .+)\n((?:(?!##).*\n)*)", page, re.MULTILINE))

    for path, command in leaves(cli, click.Context(cli, info_name="connector")):
        for option in (each for each in command.params if isinstance(each, click.Option)):
            assert (
                option.opts[-1] in ("--component", "--debug", "--error-format", "--help")
                or option.opts[-1] in sections[path]
            )


def test_page_has_every_variable_that_the_code_names() -> None:
    page = environment_page(connector.load_component())
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "connector").rglob("*.py")]
    names = {name for source in sources for name in re.findall(r'"((?:CONNECTOR|PRISMATIC)_[A-Z_]+)"', source)}

    assert len(names) >= 8
    assert [name for name in names if f"`{name}`" not in page] == []


def test_pages_of_the_checkout_are_up_to_date() -> None:
    for path, text in reference_pages(connector.load_component()).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run `connector docs`"


def test_docs_check_finds_a_stale_page(
    command: Command, other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.cli.reference_pages.all_pages.is_checkout", lambda _component: True)
    stale_file = other_component.parent / "docs" / "reference" / "command-line.md"
    for folder in (stale_file.parent, stale_file.parents[1] / "flows"):
        folder.mkdir(parents=True)
    docs = ("--manifest", other_component, "docs")
    command(*docs)
    fresh = command(*docs, "--check")
    stale_file.write_text("old")
    stale = command(*docs, "--check")
    written = command(*docs)

    assert (fresh.code, stale.code, written.code) == (0, 1, 0)
    assert f'{stale_file} is out of date; run "connector docs"' in stale.err
    assert stale_file.read_text(encoding="utf-8") == command_line_page()


def test_docs_of_another_component_have_no_page_about_commands(command: Command, other_component: Path) -> None:
    (other_component.parent / "docs").mkdir()

    assert command("--manifest", other_component, "docs").code == 0
    assert [file.name for file in (other_component.parent / "docs").iterdir()] == ["actions"]


def test_python_page_has_signature_and_attributes_of_a_dataclass_with_functions() -> None:
    page = python_page()

    section = page.partition("### connector.sandbox_kit.Resource\n")[2].partition("###")[0]
    assert "    id: tuple[str, ...] = ('id',),\n" in section
    assert "    view: View = whole_record,\n" in section
    assert "| `scope` | The field that divides the records into separate lists. |\n" in section
    assert "| `view(" not in section


def test_signatures_of_the_python_page_can_be_read_as_python() -> None:
    page = python_page()
    signatures = re.findall(r"^```text\n(\w+)(\(.*?\).*?)\n```$", page, re.DOTALL | re.MULTILINE)

    assert len(signatures) > 60
    for name, signature in signatures:
        if signature != "(...)" and "<" not in signature:  # `<class 'dict'>` and `<factory>` are defaults of fields
            ast.parse(f"def {name}{signature}: ...")
            assert max(len(line) for line in f"{name}{signature}".splitlines()) <= 150
    assert """\n    effect: Effect | Callable[[InputsT], Effect] = 'read',\n""" in page
    assert """\n    operation: str = '',\n""" in page
