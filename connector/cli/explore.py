"""`connector explore`: pages in the browser to try actions, look at a workspace, and run flows."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connector.cli.connection_options import ConnectionOptions, check_no_connection, connection_options
from connector.cli.connections import default_connection
from connector.cli.output import plain, print_line
from connector.cli.progress import report_wait
from connector.cli.sandbox_options import FAULTS, file_to_use
from connector.cli.shared_options import PORTS, Command, common_options, component_of, selection
from connector.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.runner import Runner
    from connector.explorer.site import Target

INSTALL = "Run: pip install 'segment-connector[explore]'"
GRACE_SECONDS = 5.0


@click.command(cls=Command)
@click.option("--flows", type=click.Path(path_type=Path), help="Folder of flow files.  [default: the current folder]")
@click.option("--write", is_flag=True, help="Allow writes to a real service; the sandbox always allows them.")
@click.option("--port", type=PORTS, default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Print the link instead of opening it.")
@connection_options
@common_options
@click.pass_context
def command(
    context: click.Context,
    *,
    flows: Path | None,
    write: bool,
    port: int,
    no_browser: bool,
    connecting: ConnectionOptions,
) -> None:
    r"""Explore the component in the browser until Ctrl-C.

    \b
    connector explore
    connector explore --profile eu --flows flows
    connector explore --profile eu --write

    Without credentials, it uses the sandbox. The link works once; a new one is printed when it was used.
    """
    _require_explorer()
    from connector.explorer.app import Explorer
    from connector.explorer.guard import Guard
    from connector.sandbox_kit.asgi_server import run

    folder = (flows or Path()).expanduser()
    if not folder.is_dir():
        raise UsageError(f'--flows: "{folder}" is not a folder')
    target = _target(context, connecting, folder, write=write)
    explorer = Explorer(target)
    guard = Guard(explorer.asgi(), _print_link)

    def open_browser(url: str) -> None:
        _print_target(target)
        link = guard.bind(url)
        if not no_browser:
            click.launch(link)

    run(guard, port=port, ready=open_browser, grace=GRACE_SECONDS, stopping=explorer.drain)


def _require_explorer() -> None:
    """Check that the extra `explore` is installed.

    Raises:
        MissingExtraError: If it is not.
    """
    from importlib.util import find_spec

    missing = [name for name in ("jinja2", "starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"the explorer needs {' and '.join(missing)}", hint=INSTALL)


def _target(context: click.Context, connecting: ConnectionOptions, flows: Path, *, write: bool) -> Target:
    from connector.explorer.site import Target

    component = component_of(context)
    chosen = selection(context)
    load = "connector.load_component()"
    if "manifest" in chosen:
        load = f"connector.load_component({chosen['manifest']!r})"
    elif "component" in chosen:
        load = f"connector.components()[{chosen['component']!r}]"
    before = [part for name, value in chosen.items() for part in (f"--{name}", value)]
    file = file_to_use(component, _sandbox_option(component, connecting), os.environ)
    if file is not None:
        check_no_connection(connecting)
        from connector.sandbox_kit.sandbox import serve

        sandbox = context.with_resource(serve(component, file, faults=os.environ.get(FAULTS, "").split()))
        runner = sandbox.runner(max_wait=connecting.max_wait, on_wait=report_wait)
        option = connecting.sandboxes[-1] if connecting.sandboxes else ""
        arguments = (*before, f"--sandbox={option}" if option else "--sandbox")
        return Target(
            runner=runner, name="Sandbox: nothing is real", sandbox=sandbox, arguments=arguments, load=load, flows=flows
        )
    opened = connecting.open(component, read_only=not write)
    profile = connecting.profiles[-1] if connecting.profiles else ""
    return Target(
        runner=opened.runner,
        name=f"{_workspace_name(opened.runner) or opened.runner.connection.endpoint(None).host}"
        + (f" · {opened.resolved.origin}" if opened.resolved.origin else ""),
        arguments=(*before, *connecting.arguments),
        load=load,
        profile=profile,
        flows=flows,
    )


def _sandbox_option(component: Component, connecting: ConnectionOptions) -> str | None:
    """Return the value of `--sandbox`, which is also used if nothing else is configured."""
    if connecting.sandboxes:
        return connecting.sandboxes[-1]
    is_configured = connecting.connections or connecting.profiles or default_connection(component).origin
    return None if is_configured or component.manifest.sandbox is None else ""


def _workspace_name(runner: Runner) -> str:
    """Test the connection, and return the name in the response; empty if it has none.

    Raises:
        ConnectorError: If the credentials do not work.
    """
    if runner.connection.definition.test is None:
        return ""
    values = [runner.test_connection().get("data")]
    while values:
        value = values.pop(0)
        if isinstance(value, dict):
            if isinstance(value.get("name"), str):
                return str(value["name"])
            values.extend(value.values())
    return ""


def _print_target(target: Target) -> None:
    mode = "read-only; add --write to allow writes" if target.is_read_only else "writes are allowed"
    print_line(f"Exploring {target.name}" + ("" if target.sandbox else f" ({mode})"))
    if target.sandbox is None:
        return
    from connector.component.connections import environment_names

    # The snippets of the page read these variables; the page itself never has the token.
    names = environment_names(target.runner.connection.definition)
    for key, value in target.sandbox.connection["fields"].items():
        if key in names and key in type(target.runner.connection.fields).secret_keys():
            print_line(f"export {names[key]}={value}")


def _print_link(link: str) -> None:
    click.echo(plain(link))
    sys.stdout.flush()
