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
@click.option("--output", metavar="DIRECTORY", help="Directory to write, or - for stdout.  [default: docs/actions]")
@common_options
@click.pass_context
def command(context: click.Context, check: bool, output: str | None) -> int:
    """Generate the reference pages: connections, data sources, and actions with all inputs and examples.

    In a checkout, also the pages about the command line, environment variables, and files.
    """
    from connector.cli.reference_pages.all_pages import is_checkout, reference_pages
    from connector.describe.docs import left_over_pages, pages, pages_folder

    component = component_of(context)
    if output == "-":
        write("\n".join(pages(component).values()).encode())
        return 0
    folder = pages_folder(component) if output is None else Path(output).expanduser()
    texts = {folder / name: text for name, text in pages(component).items()}
    if output is None and is_checkout(component):
        texts |= {component.folder / path: text for path, text in reference_pages(component).items()}
    left_over = left_over_pages(texts, folder)
    return _check(texts, left_over) if check else _write(texts, left_over, folder)


def _check(texts: dict[Path, str], left_over: list[Path]) -> int:
    stale = [file for file, text in texts.items() if not file.is_file() or file.read_text(encoding="utf-8") != text]
    for file in [*stale, *left_over]:
        print_line(f'{file} is out of date; run "connector docs"')
    if not (stale or left_over):
        print_line(f"{len(texts)} pages are up to date")
    return 1 if stale or left_over else 0


def _write(texts: dict[Path, str], left_over: list[Path], folder: Path) -> int:
    if not folder.parent.is_dir():
        raise UsageError(f'directory "{folder.parent}" does not exist', hint="Create it, or pass --output DIRECTORY.")
    folder.mkdir(exist_ok=True)
    for file, text in texts.items():
        write_file(file, text.encode())
    for file in left_over:
        file.unlink()
    print_line(f"Wrote {len(texts)} pages")
    return 0
