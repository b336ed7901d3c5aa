"""The commands by name; a command's module is imported when it is used."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import click

from connector.common.text import did_you_mean


class Lazy(NamedTuple):
    """A command before it is imported: `module:name`, and its line in the help."""

    place: str
    help: str


COMMANDS = {
    "list": Lazy("connector.cli.catalog:command", "Show what the component offers."),
    "show": Lazy("connector.cli.show:command", "Show one action, data source or connection."),
    "run": Lazy("connector.cli.run:command", "Perform an action and print its payload."),
    "options": Lazy("connector.cli.choices:command", "Print the choices of a data source."),
    "test-connection": Lazy("connector.cli.check_connection:command", "Ask the service who the credentials belong to."),
    "manifest": Lazy("connector.cli.manifest:command", "Print the component's manifest, or export it."),
    "check": Lazy("connector.cli.check:command", "Find mismatches of manifest, code, examples and docs."),
    "docs": Lazy("connector.cli.docs:command", "Write the component's documentation page."),
    "sandbox": Lazy("connector.cli.sandbox.group:group", "Run the service of the component on this machine."),
    "flow": Lazy("connector.cli.flow.group:group", "Check, run and draw flows of the platform."),
    "completion": Lazy("connector.cli.completion:command", "Print the script that completes commands in a shell."),
}


class LazyGroup(click.Group):
    """A group whose commands stand in a table and are imported one by one."""

    def __init__(self, *args: Any, lazy: dict[str, Lazy], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if cmd_name not in self.lazy:
            return None
        module, _, name = self.lazy[cmd_name].place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with.

        Raises:
            UsageError: There is none; the message names the nearest.
        """
        if args[0] not in self.lazy and not ctx.resilient_parsing:
            near = did_you_mean(args[0], self.lazy) or f"The commands are {', '.join(self.lazy)}."
            ctx.fail(f'there is no command "{args[0]}". {near}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table as a part of the help, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self.lazy.items()])


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    envvar="CONNECTOR_MANIFEST",
    show_envvar=True,
    help="Use the component of this manifest.yaml instead of the bundled one.",
)
@click.option("--debug", is_flag=True, expose_value=False, help="Log requests, redacted, and show tracebacks.")
@click.option(
    "--error-format",
    type=click.Choice(["text", "json"]),
    envvar="CONNECTOR_ERROR_FORMAT",
    show_envvar=True,
    expose_value=False,
    help="How errors are written to standard error.",
)
@click.option("--version", is_flag=True, help="Print the version and stop.")
@click.pass_context
def cli(context: click.Context, manifest: Path | None, version: bool) -> None:
    """Run the actions of a component from the shell.

    Credentials come from --connection FILE, from JSON in CONNECTOR_CONNECTION, or from one variable
    a field, which `connector show CONNECTION` names.
    """
    del manifest  # commands find it in the context
    if version:
        import connector

        click.echo(f"connector {connector.__version__}")
        context.exit()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
