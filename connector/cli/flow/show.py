"""`connector flow show`: draw flows and runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli.database_option import database_option, run_in
from connector.cli.flow.options import flow_option, known_components, load_flow, make_reporter, names_shards, not_empty
from connector.cli.output import print_output
from connector.cli.shared_options import Command, common_options
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.flows.file.model import FlowDefinition
    from connector.flows.run_timeline import Timeline

FLOW_SUFFIXES = {".yaml", ".yml"}


@click.command(cls=Command)
@click.argument("target", metavar="FILE|RUN", callback=not_empty)
@flow_option
@click.option("--trace", metavar="FILE", help="Trace of a run (flow run --trace), to add steps, times, and errors.")
@click.option(
    "--format",
    "drawing",
    type=click.Choice(["tree", "mermaid", "svg", "html", "json"]),
    default="tree",
    show_default=True,
    help="Format of the drawing; json prints the timeline of a run.",
)
@click.option("--watch", is_flag=True, help="Print what RUN does until it ends.")
@database_option
@common_options
@click.pass_context
@names_shards
def show(
    context: click.Context,
    *,
    target: str,
    name: str | None,
    trace: str | None,
    drawing: str,
    watch: bool,
    database: str | None,
) -> None:
    r"""Draw the flows of FILE (- reads standard input), or RUN: the ID of a run, or the path or URL of its journal.

    \b
    connector flow show provision.yaml
    connector flow show 20260102-030405-a1b2c3 --format html > run.html
    """
    target = run_in(database, target)
    if is_run(target):
        if trace or name:
            raise UsageError("a run has its flow and its times in its journal", hint="Leave out --trace and --flow.")
        _show_run(context, target, drawing, watch=watch)
    elif watch or drawing == "json":
        raise UsageError(f'"{target}" is not a run', hint="Run `connector flow runs` to list runs.")
    else:
        _show_file(context, Path(target), name, trace, drawing)


def is_run(name: str) -> bool:
    """Return True for what names the journal of a run, False for what names a flow file."""
    if "://" in name:
        return True
    path = Path(name).expanduser()
    if name == "-" or path.suffix in FLOW_SUFFIXES:
        return False
    from connector.journal.file import is_journal
    from connector.journal.journals import journal_path, located

    journal = journal_path(name)
    if path.is_file():
        return is_journal(path)
    return located(name) != name or journal.is_file()


def _show_run(context: click.Context, name: str, drawing: str, *, watch: bool) -> None:
    from connector.flows import timeline

    if watch:
        _watch(name)
    result = timeline(name)
    if result.flow is None:
        raise UsageError(f'the journal of run "{result.location}" has no flow')
    if drawing == "json":
        from connector.cli.output import write_json

        write_json({**result.to_dict(), "unknown": _unknown_writes(context, name, result)})
    elif drawing in {"svg", "html"}:
        print_output(_picture(context, result.flow, drawing, result))
    else:
        from connector.flows import mermaid, tree

        print_output((mermaid if drawing == "mermaid" else tree)(result.flow, result.lines()))


def _unknown_writes(context: click.Context, name: str, result: Timeline) -> list[dict[str, Any]]:
    """Return the writes that may have been applied, by what a person finds them in the service."""
    from connector.flows.run.write_names import redacted_inputs
    from connector.journal.reader import read_history

    writes = read_history(name).writes_in_doubt(is_running=result.status == "running").values()
    components = known_components(context) if writes else {}
    return [
        {
            **{key: getattr(write, key) for key in ("path", "step", "action", "connection")},
            "inputs": redacted_inputs(write.action, write.inputs, components),
        }
        for write in writes
    ]


def _watch(name: str) -> None:
    from connector.flows import follow_run

    with make_reporter(None) as reporter:
        for _, events in follow_run(name):
            for event in events:
                reporter(event)


def _show_file(context: click.Context, file: Path, name: str | None, trace: str | None, drawing: str) -> None:
    from connector.flows import mermaid, tree
    from connector.flows.run.trace import read_trace

    flow = load_flow(file)
    lines: list[dict[str, Any]] = read_trace(Path(trace).expanduser()) if trace else []
    selected = name or next((line["flow"] for line in lines if line["type"] == "run"), None)
    if drawing in {"svg", "html"}:
        if trace:
            raise UsageError(f"{drawing} cannot draw a trace", hint="Pass the run instead: connector flow show RUN.")
        definition = flow.definition(selected)
        problems = flow.check(known_components(context), flow=definition.name)
        print_output(_picture(context, definition, drawing, None, problems))
    elif drawing == "mermaid":
        print_output(mermaid(flow.definition(selected), lines))
    else:
        names = [selected] if selected or len(flow.flows) == 1 else flow.flows
        print_output("\n\n".join(tree(flow.definition(each), lines) for each in names))


def _picture(
    context: click.Context, flow: FlowDefinition, drawing: str, result: Timeline | None, problems: Any = ()
) -> str:
    from connector.flows.picture.documents import html_document, svg_document
    from connector.flows.picture.steps import StepFacts

    facts = StepFacts.of(flow, known_components(context), problems=problems, timeline=result)
    return (html_document if drawing == "html" else svg_document)(flow, facts, result).rstrip("\n")
