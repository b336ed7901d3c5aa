"""`connector new resource`: add a resource to a component."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import read_text, write_file
from connector.cli.new.names import resource_names
from connector.cli.new.templates import add_entries, files_of
from connector.cli.output import print_line
from connector.cli.shared_options import Command, common_options, component_of, selection
from connector.errors import UsageError


@click.command(cls=Command)
@click.argument("name")
@click.option("--singular", metavar="NAME", help="Name of one record.  [default: NAME without its ending]")
@common_options
@click.pass_context
def command(context: click.Context, name: str, singular: str | None) -> None:
    r"""Add resource NAME, a plural, to the component in the current folder.

    Adds actions with examples, a data source, a sandbox module, and a test, in the form of `connector new component`.

    \b
    connector new resource order-items
    connector new resource people --singular person
    """
    names = resource_names(name, singular)
    folder = component_of(context).folder if selection(context) else _folder_here()
    manifest = folder / "manifest.yaml"
    text = add_entries(read_text(str(manifest)), names)
    base = _base(folder)
    files = files_of("resource", names | {"__PACKAGE__": folder.relative_to(base).as_posix()})
    contents = {base / path: content for path, content in files.items()}
    _check(folder, contents)
    for path, content in contents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content, replace=False)
        print_line(f"Wrote {_short(path)}")
    write_file(manifest, text.encode())
    print_line(f"Added the entries to {_short(manifest)}")


def _folder_here() -> Path:
    """Return the folder of the component whose folder, or whose package's folder, is the current one."""
    here = Path.cwd()
    if (here / "manifest.yaml").is_file():
        return here
    folders = [file.parent for file in here.glob("*/manifest.yaml")]
    if len(folders) != 1:
        text = "has several components" if folders else "has no component"
        raise UsageError(
            f"the current folder {text}", hint="Change to the folder of the component, or pass --manifest."
        )
    return folders[0]


def _base(folder: Path) -> Path:
    """Return the folder that has the tests: the one with `pyproject.toml`, else the component's own."""
    in_package = (folder.parent / "pyproject.toml").is_file() and not (folder / "pyproject.toml").is_file()
    return folder.parent if in_package else folder


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _check(folder: Path, contents: dict[Path, bytes]) -> None:
    for path in contents:
        if path.exists():
            raise UsageError(f"{_short(path)} exists already", hint="Choose another name.")
    inputs = folder / "actions" / "inputs.py"
    if not inputs.is_file() or "class PageInputs" not in read_text(str(inputs)):
        hint = "Write the class there, with the inputs of your lists."
        raise UsageError(f"{_short(inputs)} has no class PageInputs", hint=hint)
