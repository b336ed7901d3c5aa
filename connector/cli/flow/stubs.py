"""`connector flow stubs`: write stubs of a flow to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.files import write_file
from connector.cli.flow.options import file_argument, flow_option, known_components, load_flow
from connector.cli.output import counted, json_bytes, print_line
from connector.cli.shared_options import Command, common_options
from connector.common.private_files import reason_of
from connector.errors import UsageError


@click.command(cls=Command)
@file_argument
@flow_option
@click.option("--output", metavar="FOLDER", required=True, help="Folder to write; files in it are not replaced.")
@click.option("--from-trace", metavar="TRACE", help="Trace of a run (flow run --trace), to use its results.")
@common_options
@click.pass_context
def stubs(context: click.Context, *, file: Path, name: str | None, output: str, from_trace: str | None) -> None:
    r"""Write stubs of a flow of FILE (- reads standard input) with the fields that its steps refer to.

    There is a stub for each step whose component is not installed, a response for each HTTP step, and a stub for the
    trigger. Fill them in, and run the flow with them:

    \b
    connector flow stubs import.yaml --output stubs
    connector flow run import.yaml --stubs stubs
    """
    from connector.flows import read_trace, starter_stubs

    trace = read_trace(Path(from_trace).expanduser()) if from_trace else []
    files = starter_stubs(load_flow(file), known_components(context), name=name, trace=trace)
    folder = Path(output).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {reason_of(error)}", hint="Choose another folder.") from None
    for stem, value in files.items():
        path = folder / f"{stem}.json"
        if path.exists():
            print_line(f"Kept {path}, which exists already")
        else:
            write_file(path, json_bytes(value), replace=False)
    print_line(f"{counted(len(files), 'file')} in {folder}")
