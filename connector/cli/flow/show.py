"""`connector flow show`: draw flows."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.flow.options import file_argument, flow_option, load_flow
from connector.cli.output import print_output
from connector.cli.shared_options import Command, common_options


@click.command(cls=Command)
@file_argument
@flow_option
@click.option("--trace", metavar="FILE", help="Trace of a run (flow run --trace), to add steps, times, and errors.")
@click.option(
    "--format",
    "drawing",
    type=click.Choice(["tree", "mermaid"]),
    default="tree",
    show_default=True,
    help="Format of the drawing.",
)
@common_options
def show(file: Path, name: str | None, trace: str | None, drawing: str) -> None:
    """Draw the flows of FILE (- reads standard input): as a tree, or as a Mermaid diagram for documents."""
    from connector.flows import mermaid, tree
    from connector.flows.run.trace import read_trace

    flow = load_flow(file)
    lines = read_trace(Path(trace).expanduser()) if trace else []
    selected = name or next((line["flow"] for line in lines if line["type"] == "run"), None)
    if drawing == "mermaid":
        print_output(mermaid(flow.definition(selected), lines))
    else:
        names = [selected] if selected or len(flow.flows) == 1 else flow.flows
        print_output("\n\n".join(tree(flow.definition(each), lines) for each in names))
