"""`connector flow show`: draw flows."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.flow.options import flow_option
from connector.cli.output import write
from connector.cli.shared_options import common_options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@flow_option
@click.option("--trace", metavar="FILE", help="Add what ran, how long, and what failed: FILE is from run --trace.")
@click.option(
    "--format", "form", type=click.Choice(["tree", "mermaid"]), default="tree", show_default=True, help="How to draw."
)
@common_options
def show(file: Path, name: str | None, trace: str | None, form: str) -> None:
    """Draw the flows of FILE: as a tree, or as mermaid for documents."""
    from connector.flows import Flow, mermaid, tree
    from connector.flows.run.trace import read_trace

    flow = Flow.load(file)
    lines = read_trace(Path(trace).expanduser()) if trace else []
    ran = next((line["flow"] for line in lines if line["type"] == "run"), None)
    if form == "mermaid":
        drawn = mermaid(flow.definition(name or ran), lines)
    else:
        wanted = [name or ran] if name or ran or len(flow.flows) == 1 else flow.flows
        drawn = "\n\n".join(tree(flow.definition(one), lines) for one in wanted)
    write(drawn.encode("utf-8", "backslashreplace") + b"\n")
