"""`connector flow diff`: the changes between two versions of an integration file."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.changes import print_entries
from connector.cli.flow.options import load_flow
from connector.cli.shared_options import Command, common_options, json_option


@click.command(cls=Command)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@json_option
@common_options
def diff(old: Path, new: Path, *, as_json: bool) -> int:
    r"""Print the changes from OLD to NEW, two versions of an integration file. Exits with 1 if there are any.

    \b
    git show HEAD:flow.yaml | connector flow diff - flow.yaml
    """
    from connector.flows import flow_changes

    return print_entries(flow_changes(load_flow(old), load_flow(new)), as_json=as_json)
