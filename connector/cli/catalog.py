"""`connector list`: what the component offers."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from connector.cli.output import write_json
from connector.cli.shared_options import Command, common_options, component_of, json_option
from connector.cli.tables import write_table

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.definitions import Action


@click.command(cls=Command)
@json_option
@click.option("--all", "with_described", is_flag=True, help="Include all other operations of the API.")
@common_options
@click.pass_context
def command(context: click.Context, as_json: bool, with_described: bool) -> None:
    """List the actions by resource, the data sources, and the connections."""
    component = component_of(context)
    if as_json:
        write_json(catalog(component, with_described=with_described))
    else:
        _write_tables(component, _actions(component, with_described=with_described))


def _actions(component: Component, *, with_described: bool) -> list[Action[Any]]:
    visible = {**component.actions, **component.operations} if with_described else component.documented_actions
    return list(visible.values())


def catalog(component: Component, *, with_described: bool = False) -> dict[str, Any]:
    """Return the component as JSON: `{"key", "version", "actions", "dataSources", "connections"}`."""
    from connector.describe.summaries import metadata, title_of

    return {
        "key": component.key,
        "version": component.manifest.version,
        "actions": [
            {**title_of(action), **metadata(action)} for action in _actions(component, with_described=with_described)
        ],
        "dataSources": [
            title_of(source) | ({} if source.in_prismatic else {"inPrismatic": False})
            for source in component.data_sources.values()
        ],
        "connections": [title_of(connection) for connection in component.connections.values()],
    }


def _write_tables(component: Component, actions: list[Action[Any]]) -> None:
    from connector.describe.summaries import effect, title_of

    ordered = sorted(actions, key=lambda action: action.resource)
    for name, group in groupby(ordered, lambda action: action.resource):
        rows = []
        for action in group:
            marks = [effect(action), *(["pages"] if action.pagination else [])]
            stability = action.operation.stability if action.operation else "v1"
            marks += [stability] if stability != "v1" else []
            rows.append((f"  {action.key}", ", ".join(marks), title_of(action)["description"]))
        write_table((name.replace("_", " "), "", ""), rows)
        click.echo()
    data_sources = [title_of(source) for source in component.data_sources.values()]
    connections = [title_of(connection) for connection in component.connections.values()]
    for title, entries in (("data sources", data_sources), ("connections", connections)):
        if not entries:
            continue
        write_table((title, ""), [(f"  {entry['key']}", entry["description"]) for entry in entries])
        click.echo()
