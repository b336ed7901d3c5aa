"""`connector export`: the component in the formats that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.files import write_file, write_folder
from connector.cli.output import json_bytes, print_line, write, write_json
from connector.cli.shared_options import Command, common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component

FORMATS = ("manifest", "prismatic-definition", "json-schema", "openapi")
PACKAGES = ("prismatic", "node-red")
"""Formats that are a folder of files."""


@click.command(cls=Command)
@click.argument("format", metavar="FORMAT", type=click.Choice([*FORMATS, *PACKAGES]))
@click.option(
    "--to",
    "path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="File to write, instead of printing; with prismatic and node-red: a new folder.",
)
@click.option("--publish", is_flag=True, help="With prismatic-definition: use the published form.")
@click.option("--key", metavar="KEY", help="With prismatic: key of the component.  [default: its key, with -connector]")
@click.option(
    "--label", metavar="TEXT", help="With prismatic: label of the component.  [default: its label, with Connector]"
)
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    format: str,  # noqa: A002
    path: Path | None,
    publish: bool,
    key: str | None,
    label: str | None,
) -> None:
    r"""Export the component as FORMAT.

    \b
    manifest              the manifest, as YAML
    prismatic-definition  the component definition that Prismatic reads, as JSON
    json-schema           the JSON Schemas of all inputs and payloads, as JSON
    openapi               the OpenAPI 3.1 document of `connector serve`, as JSON
    prismatic             a TypeScript package to publish to Prismatic
    node-red              a package with nodes for Node-RED
    """
    if publish and format != "prismatic-definition":
        raise UsageError("--publish requires the format prismatic-definition")
    if (key or label) and format != "prismatic":
        raise UsageError(f"{'--key' if key else '--label'} requires the format prismatic")
    component = component_of(context)
    if format in PACKAGES:
        _write_package(component, format, path, key, label)
        return
    document = _yaml(component) if format == "manifest" else _document(component, format, publish=publish)
    if path is not None:
        content = document.encode() if isinstance(document, str) else json_bytes(document) + b"\n"
        write_file(path.expanduser(), content)
        print_line(f"Wrote {path}")
    elif isinstance(document, str):
        write(document.encode())
    else:
        write_json(document)


def _write_package(component: Component, name: str, path: Path | None, key: str | None, label: str | None) -> None:
    from connector.engines.node_red.package import package_files
    from connector.engines.prismatic.package import package

    if path is None:
        raise UsageError(f"the format {name} is a folder", hint="Pass --to DIR.")
    files = package_files(component) if name == "node-red" else package(component, key, label)
    write_folder(path.expanduser(), files)
    print_line(f"Wrote {path}. Next: read {path / 'README.md'}")


def _document(component: Component, name: str, *, publish: bool) -> dict[str, Any]:
    from connector.describe.prismatic import published, server_form

    if name == "json-schema":
        return schemas(component)
    if name == "openapi":
        from connector.engines.openapi import document

        return document(component)
    return published(component) if publish else server_form(component)


def schemas(component: Component) -> dict[str, Any]:
    """Return the JSON Schemas of all inputs and payloads, each a document of its own."""
    return {
        "key": component.key,
        "version": component.manifest.version,
        "connections": {key: each.input_schema for key, each in component.connections.items()},
        "dataSources": {key: {"input": each.input_schema} for key, each in component.data_sources.items()},
        "actions": {
            key: {"input": each.input_schema, "output": each.output_schema}
            for key, each in component.documented_actions.items()
        },
    }


def _yaml(component: Component) -> str:
    import yaml

    declared = component.manifest.model_dump(by_alias=True, exclude_unset=True)
    text: str = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True, width=110)
    return text
