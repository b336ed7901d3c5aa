"""Commands about the files of flows: draw them, begin one, the schema of the format."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.common import common_options, component_of
from connector.cli.flow_common import flow_option
from connector.cli.given import complete_keys
from connector.cli.output import say, write, write_json
from connector.errors import UsageError


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
    from connector.flows.trace import read_trace

    flow = Flow.load(file)
    lines = read_trace(Path(trace).expanduser()) if trace else []
    ran = next((line["flow"] for line in lines if line["type"] == "run"), None)
    if form == "mermaid":
        drawn = mermaid(flow.definition(name or ran), lines)
    else:
        wanted = [name or ran] if name or ran or len(flow.flows) == 1 else flow.flows
        drawn = "\n\n".join(tree(flow.definition(one), lines) for one in wanted)
    write(drawn.encode("utf-8", "backslashreplace") + b"\n")


@click.command()
@click.option(
    "--action",
    metavar="KEY",
    shell_complete=complete_keys("actions"),
    help="The action to perform, instead of one that reads.",
)
@click.option("--output", metavar="FILE", help="Where to write; standard output unless given.")
@common_options
@click.pass_context
def new(context: click.Context, action: str | None, output: str | None) -> None:
    """Write a first flow that passes the check: it performs an action, logs its results, and answers them."""
    from connector.flows import first_flow

    text = first_flow(component_of(context), action)
    if output in (None, "-"):
        write(text.encode())
        return
    target = Path(str(output)).expanduser()
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{target} cannot be written: {reason}.", hint="Choose another file.") from None
    say(f"wrote {target}")


@click.command()
@common_options
def schema() -> None:
    """Print the JSON Schema of integration files, with which editors check while one writes."""
    from connector.flows import json_schema

    write_json(json_schema())
