"""`connector manifest`: what the component declares, in the forms that others read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import write, write_json
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "prismatic", "json-schema"]),
    default="yaml",
    show_default=True,
    help="The manifest, Prismatic's definition of the component, or all schemas of inputs and payloads.",
)
@click.option("--publish", is_flag=True, help="With prismatic: the form in which a component is published.")
@common_options
@click.pass_context
def command(context: click.Context, form: str, publish: bool) -> None:
    """Print the component's manifest, or export it."""
    if publish and form != "prismatic":
        raise UsageError("--publish is a form of --format prismatic.", hint="Add --format prismatic.")
    component = component_of(context)
    if form == "yaml":
        write(_yaml(component).encode())
    elif form == "json-schema":
        write_json(schemas(component))
    else:
        from connector.describe.prismatic import published, server_form

        write_json(published(component) if publish else server_form(component))


def schemas(component: Component) -> dict[str, Any]:
    """The JSON Schemas of everything that the component takes and answers, each a document of its own."""
    return {
        "key": component.key,
        "version": component.manifest.version,
        "connections": {key: found.input_schema for key, found in component.connections.items()},
        "dataSources": {key: {"input": found.input_schema} for key, found in component.data_sources.items()},
        "actions": {
            key: {"input": found.input_schema, "output": found.output_schema}
            for key, found in component.actions.items()
        },
    }


def _yaml(component: Component) -> str:
    import yaml

    declared = component.manifest.model_dump(by_alias=True, exclude_unset=True)
    text: str = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True, width=110)
    return text
