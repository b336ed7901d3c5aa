"""`connector sandbox serve`: the sandbox for clients of every kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.output import say
from connector.cli.sandbox_options import file_of, file_option
from connector.cli.shared_options import common_options, component_of
from connector.errors import UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.sandbox_kit.sandbox import Workspace

PORT = 4020


@click.command()
@click.option("--port", default=PORT, show_default=True, help="The port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to bind.")
@click.option("--allow-remote", is_flag=True, help="Let --host be an address that other machines reach.")
@click.option("--seed", metavar="FILE", help="What a new sandbox holds, as dump writes it.")
@click.option("--fault", "faults", multiple=True, help="Play a failure: rate-limit:5/min, drop:0.05, ...")
@click.option("--assume", "assumed", multiple=True, metavar="NAME=VALUE", help="Switch an assumption.")
@click.option("--token", help="The token that may do everything, instead of a random one.")
@click.option("--memory", is_flag=True, help="Keep it in memory: it is gone at the end.")
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
    assumed: Sequence[str],
    token: str | None,
    memory: bool,
    file: str | None,
) -> None:
    r"""Serve the sandbox over HTTP, until Ctrl-C, and print how to reach it.

    \b
    connector sandbox serve
    connector sandbox serve --memory --fault rate-limit:5/min --fault drop:0.05
    connector sandbox serve --assume slug-taken=409
    """
    from connector.sandbox_kit.asgi_server import require_server, run
    from connector.sandbox_kit.sandbox import sandbox_of

    if memory and file:
        raise UsageError("--memory and --file exclude each other.", hint="Leave out one of them.")
    require_server()
    component = component_of(context)
    workspace = sandbox_of(component).open_workspace(
        None if memory else file_of(component, file, os.environ),
        seed=Path(seed).expanduser() if seed else None,
        faults=faults,
        assume=_assumed(assumed),
        token=token,
    )
    with closing(workspace):
        run(
            workspace.app,
            host=host,
            port=port,
            allow_remote=allow_remote,
            ready=lambda url: _tell(component, workspace, url),
            log=say if sys.stderr.isatty() else None,
        )


def _assumed(assumed: Iterable[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in assumed]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise UsageError(f"--assume {wrong[0]} has no value.", hint="Write --assume NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _tell(component: Component, workspace: Workspace, url: str) -> None:
    from connector.component.connections import environment_names

    connection = workspace.connection(url)
    names = environment_names(component.connection(connection["key"]))
    lines = [f"export {names[key]}={value}" for key, value in connection["fields"].items() if key in names]
    click.echo("\n".join([f"url    {url}", f"token  {workspace.token}", "", *lines]))
    sys.stdout.flush()
