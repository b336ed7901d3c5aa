"""`connector mcp`: the component as tools of the Model Context Protocol."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.shared_options import Command, common_options, component_of
from connector.cli.toolsets import toolset_of, toolset_option
from connector.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from connector.engines.mcp_server import McpTools

PORT = 4040


@click.command(cls=Command)
@click.option("--write", is_flag=True, help="Offer tools that change something; destructive ones ask the user.")
@click.option("--yes", is_flag=True, help="With --write: run destructive tools without asking.")
@click.option("--tool", "tools", multiple=True, metavar="KEY", help="Offer only this action; repeat for more.")
@toolset_option
@click.option("--http", is_flag=True, help="Serve over HTTP at /mcp instead of standard input and output.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=PORT,
    show_default=True,
    help="With --http: port; 0 takes a free one.",
)
@connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    write: bool,
    yes: bool,
    tools: tuple[str, ...],
    toolset: str,
    http: bool,
    port: int,
    connecting: ConnectionOptions,
) -> None:
    r"""Offer the actions as tools to a language model, read-only unless --write.

    \b
    connector mcp --sandbox
    connector mcp --write --tool listSources --tool updateSource
    connector mcp --http --port 4040
    """
    if yes and not write:
        raise UsageError("--yes requires --write", hint="Add --write.")
    if importlib.util.find_spec("mcp") is None:
        raise MissingExtraError("connector mcp needs the package mcp", hint="Run: pip install 'segment-connector[mcp]'")
    import anyio

    from connector.component.runner import Runner
    from connector.engines.mcp_server import McpTools

    component = component_of(context)
    opened = connecting.open(component, read_only=not write)
    runner = Runner(
        component,
        opened.runner.connection,
        allow=tools or None,
        read_only=not write,
        max_wait=connecting.max_wait,
        toolset=toolset_of(component, toolset),
    )
    offered = McpTools(runner, confirm=not yes)
    left_out = [key for key in tools if key not in offered.actions]
    if left_out:
        raise UsageError(f"{left_out[0]} is not a read, so this server would not offer it", hint="Add --write.")
    if http:
        from connector.sandbox_kit.asgi_server import require_server, run

        require_server()
        run(
            offered.server().streamable_http_app(),
            port=port,
            ready=lambda url: click.echo(f"url  {url}/mcp"),
        )
    else:
        anyio.run(_over_standard_streams, offered)


async def _over_standard_streams(offered: McpTools) -> None:
    from mcp.server.stdio import stdio_server

    server = offered.server()
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())
