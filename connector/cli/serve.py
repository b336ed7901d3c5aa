"""`connector serve`: the component over HTTP, for workflow engines and generated clients."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectionOptions, connection_options
from connector.cli.database_option import database_option, print_wait
from connector.cli.output import json_bytes, plain, write
from connector.cli.shared_options import PORTS, Command, common_options, component_of
from connector.cli.toolsets import toolset_of, toolset_option
from connector.common.state_dir import state_folder
from connector.component.policy import Policy
from connector.errors import ConnectionInputError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.engines.flow_starts import FlowStarts
    from connector.engines.service import Caller, Service
    from connector.engines.spiffarena import SpiffArena

PORT = 4030
KEY_VARIABLE = "CONNECTOR_SERVE_KEY"
CALLBACK_TOKEN_VARIABLE = "CONNECTOR_CALLBACK_TOKEN"  # noqa: S105 - the name of a variable
CONNECTION_NAME = "main"
GRACE_SECONDS = 60.0
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class ServeGroup(click.Group):
    """The command, which serves unless it is followed by `check`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; the value of `--sandbox` only follows `=`."""
        return super().parse_args(ctx, ["--sandbox=" if each == "--sandbox" else each for each in args])


flows_option = click.option(
    "--flows", type=click.Path(path_type=Path), help="Folder with flows that callers may start."
)


@click.group(cls=ServeGroup, invoke_without_command=True)
@click.option("--profiles", "file", type=click.Path(path_type=Path), help="File with profiles and callers.")
@click.option("--port", type=PORTS, default=PORT, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--allow-remote", is_flag=True, help="Allow a --host that other hosts can reach.")
@click.option("--read-only", is_flag=True, help="Allow reads only.")
@toolset_option
@click.option(
    "--grace", default=GRACE_SECONDS, show_default=True, help="Seconds that calls get to finish after a signal to stop."
)
@click.option(
    "--child", is_flag=True, help="For a parent process: print the URL as JSON, and stop when standard input is closed."
)
@flows_option
@database_option
@click.option("--callback-base", default="", metavar="URL", help="SpiffArena backend that may receive callbacks.")
@connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    file: Path | None,
    port: int,
    host: str,
    allow_remote: bool,
    read_only: bool,
    toolset: str,
    grace: float,
    child: bool,
    flows: Path | None,
    database: str | None,
    callback_base: str,
    connecting: ConnectionOptions,
) -> None:
    r"""Serve the component over HTTP until Ctrl-C, and print its URL and key.

    \b
    connector serve --sandbox
    connector serve --profiles server.toml
    connector serve check server.toml

    Without --profiles there is one connection and one key, which comes from CONNECTOR_SERVE_KEY, else a new
    one is made at each start. With it, SIGHUP reads the callers and their keys again.
    """
    if context.invoked_subcommand:
        return
    from connector.sandbox_kit.asgi_server import require_server, run

    require_server()
    component = component_of(context)
    _watch(component)
    tools = toolset_of(component, toolset)
    service = (
        _file_service(component, file, tools, read_only=read_only)
        if file
        else _own_service(component, connecting, Policy(read_only=read_only, toolset=tools))
    )

    from connector.engines.http_app import HttpApp
    from connector.engines.spiffarena import SpiffArena
    from connector.journal.waiting import reporting_waits

    starts = _flow_starts(context, flows, database, has_profiles=file is not None)
    if starts:
        if file:
            _check_flows(file, starts, service.callers)
        with reporting_waits(print_wait):
            starts.resolve_host()
    app = HttpApp(
        service,
        max_wait=connecting.max_wait,
        reload=_reload(component, file, tools, starts, read_only=read_only) if file else None,
        flows=starts.names_for if starts else lambda _caller: (),
        check_database=starts.check_database if starts else None,
    )
    for name in ("connector.access", "connector.engines"):  # warnings alone would hide who calls
        logging.getLogger(name).setLevel(logging.INFO)
    token = os.environ.get(CALLBACK_TOKEN_VARIABLE, "")
    arena = SpiffArena(
        app, callback_base=callback_base, callback_token=token, folder=state_folder(os.environ) / "callbacks"
    )
    run(
        app.asgi(
            more_routes=[*arena.routes(), *(starts.routes(app) if starts else [])],
            hosts=None if allow_remote else LOOPBACK_HOSTS,
            on_start=arena.deliver_stored,
        ),
        host=host,
        port=port,
        allow_remote=allow_remote,
        ready=_tell_parent if child else lambda url: _print_access(service, url, arena, has_profiles=file is not None),
        grace=grace,
        stopping=app.drain,
    )


@command.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@flows_option
@common_options
@click.pass_context
def check(context: click.Context, *, file: Path, flows: Path | None) -> None:
    """Check FILE, the file of --profiles, and print who may use what."""
    service = _file_service(component_of(context), file, "documented")
    starts = _flow_starts(context, flows, None, has_profiles=True)
    if starts:
        _check_flows(file, starts, service.callers)
        starts.close()
    for caller in service.callers:
        count = len({action.key for action in service.actions(caller.policy)})
        names = starts.names_for(caller) if starts else caller.flows
        parts = [f"{count} actions", *([f"flows {', '.join(names)}"] if names else [])]
        click.echo(plain(f"{caller.name}: {', '.join(caller.connections)} ({'; '.join(parts)})"))
    service.close()


def _own_service(component: Component, connecting: ConnectionOptions, policy: Policy) -> Service:
    from connector.engines.service import Caller, ServedConnection, Service

    served = ServedConnection(connecting.open(component).resolved.connection)
    key = os.environ.get(KEY_VARIABLE) or secrets.token_urlsafe(24)
    caller = Caller("default", key, (CONNECTION_NAME,), policy, None)
    return Service(component, {CONNECTION_NAME: served}, [caller])


def _flow_starts(
    context: click.Context, folder: Path | None, database: str | None, *, has_profiles: bool
) -> FlowStarts | None:
    if folder is None:
        return None
    from connector.cli.flow.options import known_components
    from connector.engines.flow_starts import FlowStarts
    from connector.journal.journals import default_database

    starts = FlowStarts(folder, database or default_database(), known_components(context), names_profiles=has_profiles)
    for name, reason in starts.left_out.items():
        click.echo(plain(f'flow "{name}" is left out: {reason}'), err=True)
    return starts


def _check_flows(file: Path, starts: FlowStarts, callers: Sequence[Caller]) -> None:
    """Check that callers may start the flows that they name.

    Raises:
        ConnectionInputError: If one may not.
    """
    if problems := starts.problems_of(callers):
        raise ConnectionInputError(f"invalid {file}", problems=problems)


def _file_service(
    component: Component, file: Path, toolset: str | Collection[str], *, read_only: bool = False
) -> Service:
    from connector.engines.callers import load_service

    service = load_service(component, file.expanduser(), os.environ, toolset)
    limit = Policy(read_only=read_only)
    service.callers = tuple(replace(caller, policy=caller.policy.narrowed(limit)) for caller in service.callers)
    return service


def _reload(
    component: Component, file: Path, toolset: str | Collection[str], starts: FlowStarts | None, *, read_only: bool
) -> Callable[[], Sequence[Caller]]:
    def load() -> Sequence[Caller]:
        callers = _file_service(component, file, toolset, read_only=read_only).callers
        if starts:
            _check_flows(file, starts, callers)
        return callers

    return load


def _watch(component: Component) -> None:
    from connector.engines import telemetry

    if telemetry.is_available():
        component.add_plugin(telemetry.Telemetry(), "telemetry")


def _tell_parent(url: str) -> None:
    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # until the parent closes it or dies
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
    write(json_bytes({"url": url}, indent=None) + b"\n")


def _print_access(service: Service, url: str, arena: SpiffArena, *, has_profiles: bool) -> None:
    ready = [
        action.key for action in service.component.documented_actions.values() if not action.inputs.required_keys()
    ]
    action = min(ready or service.component.documented_actions, key=len)
    # A key that the program did not make is a secret of its user, and a log may keep what is printed.
    own_key = f"${KEY_VARIABLE}" if os.environ.get(KEY_VARIABLE) else service.callers[0].key
    key = "KEY" if has_profiles else own_key
    lines = [
        f"url        {url}",
        f"callers    {', '.join(each.name for each in service.callers)}" if has_profiles else f"key        {key}",
        f"openapi    {url}/openapi.json",
        *(f"typeahead  {url}{arena.typeahead_path(caller)} ({caller.name})" for caller in service.callers),
        "",
        f"curl -H \"X-Api-Key: {key}\" -d '{{}}' {url}/v1/actions/{action}",
    ]
    click.echo(plain("\n".join(lines)))
    sys.stdout.flush()
