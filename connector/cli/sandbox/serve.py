"""`connector sandbox serve`: the sandbox over HTTP, for clients of every kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.output import plain, print_line
from connector.cli.sandbox_options import file_of, file_option
from connector.cli.shared_options import PORTS, Command, common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.sandbox_kit.workspace import Workspace

PORT = 4020


@click.command(cls=Command)
@click.option("--port", type=PORTS, default=PORT, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--allow-remote", is_flag=True, help="Allow a --host that other hosts can reach.")
@click.option("--seed", metavar="FILE", help="Initial state of a new sandbox, as written by dump.")
@click.option(
    "--fault", "faults", multiple=True, metavar="FAULT", help="Simulate a fault, such as rate-limit:5/min or drop:0.05."
)
@click.option("--assume", "assumptions", multiple=True, metavar="NAME=VALUE", help="Set an assumption.")
@click.option("--token", help="Admin token.  [default: random]")
@click.option("--in-memory", is_flag=True, help="Keep state in memory only.")
@click.option("--fixed", is_flag=True, help="Create the same IDs, keys and times in every run.")
@file_option
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    port: int,
    host: str,
    allow_remote: bool,
    seed: str | None,
    faults: Sequence[str],
    assumptions: Sequence[str],
    token: str | None,
    in_memory: bool,
    fixed: bool,
    file: str | None,
) -> None:
    r"""Serve the sandbox over HTTP until Ctrl-C, and print its URL and token.

    \b
    connector sandbox serve
    connector sandbox serve --in-memory --fault rate-limit:5/min --fault drop:0.05
    connector sandbox serve --assume slug-taken=409
    """
    from connector.sandbox_kit.app import SandboxApp
    from connector.sandbox_kit.asgi_server import require_server, run
    from connector.sandbox_kit.sandbox import sandbox_of
    from connector.sandbox_kit.workspace import Workspace

    if in_memory and file:
        raise UsageError("--in-memory and --file cannot be used together", hint="Leave out one of them.")
    require_server()
    component = component_of(context)
    workspace = Workspace(
        sandbox_of(component),
        None if in_memory else file_of(component, file, os.environ),
        seed=Path(seed).expanduser() if seed else None,
        faults=faults,
        assume=_values_by_name(assumptions),
        token=token,
        fixed=fixed,
    )
    with closing(workspace):
        run(
            SandboxApp([workspace]),
            host=host,
            port=port,
            allow_remote=allow_remote,
            ready=lambda url: _print_access(component, workspace, url),
            log=print_line if sys.stderr.isatty() else None,
        )


def _values_by_name(assumptions: Iterable[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in assumptions]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f'invalid --assume "{name}": expected NAME=VALUE')
    return {name: value for name, _, value in pairs}


def _print_access(component: Component, workspace: Workspace, url: str) -> None:
    from connector.component.connections import environment_names

    connection = workspace.connection(url)
    names = environment_names(component.connection(connection["key"]))
    lines = [f"export {names[key]}={value}" for key, value in connection["fields"].items() if key in names]
    access = [f"url               {url}", f"token             {workspace.token}"]
    access.append(f"restricted token  {workspace.restricted_token}")
    click.echo(plain("\n".join([*access, "", *lines])))
    sys.stdout.flush()
