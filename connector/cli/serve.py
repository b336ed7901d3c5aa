"""`connector serve`: the component over HTTP, for workflow engines and generated clients."""

from __future__ import annotations

import os
import secrets
import sys
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectionOptions, OpenConnection, connection_options
from connector.cli.output import plain, print_line
from connector.cli.shared_options import Command, common_options, component_of

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.engines.service import Service

PORT = 4030
KEY_VARIABLE = "CONNECTOR_SERVE_KEY"
CONNECTION_NAME = "main"
GRACE_SECONDS = 60.0


@click.command(cls=Command)
@click.option("--port", default=PORT, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--allow-remote", is_flag=True, help="Allow a --host that other hosts can reach.")
@click.option("--read-only", is_flag=True, help="Allow reads only.")
@click.option(
    "--grace", default=GRACE_SECONDS, show_default=True, help="Seconds that calls get to finish after a signal to stop."
)
@click.option("--callback-base", default="", metavar="URL", help="SpiffArena backend that may receive callbacks.")
@connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    port: int,
    host: str,
    allow_remote: bool,
    read_only: bool,
    grace: float,
    callback_base: str,
    connecting: ConnectionOptions,
) -> None:
    r"""Serve the component over HTTP until Ctrl-C, and print its URL and key.

    \b
    connector serve --sandbox
    connector serve --read-only
    curl -H "X-Api-Key: KEY" -d '{"count": 1}' http://127.0.0.1:4030/v1/actions/listSources

    The key comes from CONNECTOR_SERVE_KEY, else a new one is made at each start.
    """
    from connector.sandbox_kit.asgi_server import require_server, run

    require_server()
    component = component_of(context)
    _watch(component)
    opened = connecting.open(component, read_only=read_only)
    key = os.environ.get(KEY_VARIABLE) or secrets.token_urlsafe(24)
    service = _service(component, opened, key)

    from connector.engines.http_app import HttpApp
    from connector.engines.spiffarena import SpiffArena

    app = HttpApp(service, max_wait=connecting.max_wait)
    arena = SpiffArena(app, callback_base=callback_base, callback_token=os.environ.get("CONNECTOR_CALLBACK_TOKEN", ""))

    def drain() -> None:
        app.is_draining = True

    run(
        app.asgi(more_routes=arena.routes(), hosts=None if allow_remote else LOOPBACK_HOSTS),
        host=host,
        port=port,
        allow_remote=allow_remote,
        ready=lambda url: _print_access(component, url, key, arena.typeahead_path(service.callers[0])),
        log=print_line if sys.stderr.isatty() else None,
        grace=grace,
        stopping=drain,
    )


LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def _service(component: Component, opened: OpenConnection, key: str) -> Service:
    from connector.engines.service import Caller, ServedConnection, Service

    served = ServedConnection(opened.resolved.connection, opened.runner.policy)
    return Service(component, {CONNECTION_NAME: served}, [Caller("default", key, (CONNECTION_NAME,))])


def _watch(component: Component) -> None:
    from connector.engines import telemetry

    if telemetry.is_available():
        component.add_plugin(telemetry.Telemetry(), "telemetry")


def _print_access(component: Component, url: str, key: str, typeahead: str) -> None:
    ready = [action.key for action in component.actions.values() if not action.inputs.required_keys()]
    lines = [
        f"url        {url}",
        f"key        {key}",
        f"openapi    {url}/openapi.json",
        f"typeahead  {url}{typeahead}",
        "",
        f"curl -H 'X-Api-Key: {key}' -d '{{}}' {url}/v1/actions/{min(ready or component.actions, key=len)}",
    ]
    click.echo(plain("\n".join(lines)))
    sys.stdout.flush()
