"""`connector new component`: create a component as a package of its own."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import write_folder
from connector.cli.new.names import component_names, resource_names
from connector.cli.new.templates import add_entries, files_of
from connector.cli.output import counted, print_line
from connector.cli.shared_options import Command, common_options
from connector.common.installed_packages import entry_points
from connector.errors import UsageError

RESOURCE = "items"
"""The resource that every new component has."""


@click.command(cls=Command)
@click.argument("name")
@click.option("--to", metavar="DIR", help="New or empty folder.  [default: NAME]")
@click.option("--resource", metavar="NAME", default=RESOURCE, show_default=True, help="Plural of its first resource.")
@click.option("--singular", metavar="NAME", help="Name of one record.  [default: the plural without its ending]")
@click.option("--openapi", metavar="FILE", help="OpenAPI document (JSON or YAML) whose operations become the actions.")
@common_options
@click.pass_context
def command(
    context: click.Context, *, name: str, to: str | None, resource: str, singular: str | None, openapi: str | None
) -> None:
    r"""Create component NAME: a package with a connection, a resource, a sandbox, and tests.

    With an OpenAPI document, its operations are the actions, and the README lists what the document does not say.

    \b
    connector new component todo-list --resource tasks
    connector new component pet-store --openapi petstore.yaml
    """
    lines: list[str] = []
    if openapi is None:
        files = component_files(name, resource, singular)
    else:
        _check_without_resource(context)
        files, lines = _from_openapi(name, Path(openapi).expanduser())
    if name in entry_points("connector.components").names:
        raise UsageError(f'component "{name}" is already installed', hint="Choose another name, or uninstall it.")
    folder = Path(to or name).expanduser()
    write_folder(folder, files)
    for line in lines:
        print_line(line)
    print_line(f"Wrote {counted(len(files), 'file')} to {folder}. Read {folder / 'README.md'} next.")


def _from_openapi(name: str, file: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of a component for the operations of a document, and what to print of it."""
    from connector.cli.new.openapi import openapi_files, report
    from connector.describe.openapi.document import load_document
    from connector.describe.openapi.translation import translate

    names = component_names(name)
    translation = translate(load_document(file))
    return openapi_files(names, translation), report(translation)


def _check_without_resource(context: click.Context) -> None:
    for option in ("resource", "singular"):
        if context.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE:
            hint = "Leave out one of them: the operations of the document are the actions."
            raise UsageError(f"--{option} cannot be combined with --openapi", hint=hint)


def component_files(key: str, resource: str = RESOURCE, singular: str | None = None) -> dict[str, bytes]:
    """Return the files of a new component, by their paths.

    Raises:
        UsageError: If the key or a name of the resource is not valid.
    """
    names = component_names(key) | resource_names(resource, singular)
    files = files_of("component", names) | files_of("resource", names)
    manifest = f"{names['__PACKAGE__']}/manifest.yaml"
    return files | {manifest: add_entries(files[manifest].decode(), names).encode()}
