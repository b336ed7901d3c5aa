"""`connector docs`: the generated reference pages."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import write_file
from connector.cli.output import print_line, write
from connector.cli.shared_options import Command, common_options, component_of
from connector.errors import UsageError


@click.command(cls=Command)
@click.option("--check", is_flag=True, help="Only check; exit with 1 if a page is out of date.")
@click.option("--output", metavar="FILE", help="File to write; - is standard output.  [default: the component's page]")
@common_options
@click.pass_context
def command(context: click.Context, check: bool, output: str | None) -> int:
    """Generate the reference page: connections, data sources, and actions with all inputs and examples.

    In a checkout, also the pages about the command line, environment variables, and files.
    """
    from connector.cli.reference import is_checkout, reference_pages
    from connector.describe.docs import page, page_file

    component = component_of(context)
    if output == "-":
        write(page(component).encode())
        return 0
    pages = {page_file(component) if output is None else Path(output).expanduser(): page(component)}
    if output is None and is_checkout(component):
        pages |= {component.folder / path: text for path, text in reference_pages(component).items()}
    return _check(pages) if check else _write(pages)


def _check(pages: dict[Path, str]) -> int:
    stale = [file for file, text in pages.items() if not file.is_file() or file.read_text(encoding="utf-8") != text]
    for file in pages:
        print_line(f'{file} is out of date; run "connector docs"' if file in stale else f"{file} is up to date")
    return 1 if stale else 0


def _write(pages: dict[Path, str]) -> int:
    for file, text in pages.items():
        if not file.parent.is_dir():
            raise UsageError(f'directory "{file.parent}" does not exist', hint="Create it, or pass --output FILE.")
        write_file(file, text.encode())
        print_line(f"Wrote {file}")
    return 0
