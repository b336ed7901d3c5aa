"""The commands by name; the module of a command is imported when it is used."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import click

from connector.cli.shared_options import complete_components, component_of
from connector.common.text import did_you_mean
from connector.errors import ConnectorError, UsageError


class Lazy(NamedTuple):
    """A command before its import: `module:name`, and its line in the help."""

    location: str
    help: str


COMMANDS = {
    "list": Lazy("connector.cli.catalog:command", "List actions, data sources, and connections."),
    "show": Lazy("connector.cli.show:command", "Show one action, data source, or connection."),
    "run": Lazy("connector.cli.run:command", "Run an action and print its payload."),
    "choices": Lazy("connector.cli.choices:command", "List the choices of a data source."),
    "snapshot": Lazy("connector.cli.snapshot:snapshot", "Write the set-up of a workspace to files."),
    "diff": Lazy("connector.cli.snapshot:diff", "Print what changed in a workspace."),
    "test-connection": Lazy("connector.cli.check_connection:command", "Test the credentials."),
    "login": Lazy("connector.cli.login:command", "Save credentials as a profile."),
    "logout": Lazy("connector.cli.logout:command", "Remove a profile."),
    "profiles": Lazy("connector.cli.profiles:command", "List the profiles."),
    "export": Lazy("connector.cli.export:command", "Export the component for other platforms."),
    "check": Lazy("connector.cli.check:command", "Check the component for problems."),
    "new": Lazy("connector.cli.new.group:group", "Create a component, or add a resource to one."),
    "plugins": Lazy("connector.cli.plugins:command", "List the plugins."),
    "docs": Lazy("connector.cli.docs:command", "Generate the reference pages."),
    "sandbox": Lazy("connector.cli.sandbox.group:group", "Run a local copy of the service."),
    "explore": Lazy("connector.cli.explore:command", "Explore the component in the browser."),
    "serve": Lazy("connector.cli.serve:command", "Serve the component over HTTP for workflow engines."),
    "mcp": Lazy("connector.cli.mcp:command", "Offer the actions as tools to a language model."),
    "worker": Lazy("connector.cli.worker:command", "Perform submitted runs of flows."),
    "flow": Lazy("connector.cli.flow.group:group", "Check, run, and draw Prismatic flows."),
    "completion": Lazy("connector.cli.completion:command", "Print a shell completion script."),
}


class LazyGroup(click.Group):
    """A group whose commands are in a table and are imported one by one; without a command it prints its help."""

    def __init__(self, *args: Any, lazy: dict[str, Lazy], **settings: Any) -> None:
        super().__init__(*args, **settings | {"invoke_without_command": True})
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        if cmd_name not in self.lazy:
            return None
        module, _, name = self.lazy[cmd_name].location.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with.

        Raises:
            UsageError: If the command is unknown.
        """
        if args[0] not in self.lazy and not ctx.resilient_parsing:
            raise UsageError(f'unknown command "{args[0]}"', hint=self.hint_for(ctx, args))
        return super().resolve_command(ctx, args)

    def hint_for(self, ctx: click.Context, args: list[str]) -> str:
        """Return what to do instead of an unknown command."""
        if args[0] == "help":
            command = next((name for name in args[1:] if name in self.lazy), "")
            return f"Run `{' '.join(filter(None, (ctx.command_path, command, '--help')))}`."
        return did_you_mean(args[0], self.lazy) or f"Available commands: {', '.join(self.lazy)}."

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, or print the help if there is none."""
        outcome = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return outcome

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table as a part of the help, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in self.lazy.items()])


class RootGroup(LazyGroup):
    """The group of all commands, whose help names the component and its credentials."""

    def hint_for(self, ctx: click.Context, args: list[str]) -> str:
        """Return what to do instead of an unknown command; the key of an action or data source is a frequent one."""
        key = args[0]
        try:
            component = component_of(ctx)
        except ConnectorError:
            return super().hint_for(ctx, args)
        if component.find_action(key) is not None:
            return f"Run `{ctx.command_path} run {key}`."
        if key in component.data_sources:
            return f"Run `{ctx.command_path} choices {key}`."
        return super().hint_for(ctx, args)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text above the options."""
        self.help = _help(ctx)
        super().format_help_text(ctx, formatter)


def _help(context: click.Context) -> str:
    from connector.cli.shared_options import component_of
    from connector.component.connections import environment_names

    label, setting = "a component's", "Pass --connection FILE."
    try:
        component = component_of(context)
    except ConnectorError:
        pass
    else:
        label = component.manifest.display.label
        for definition in component.connections.values():
            required = definition.fields.required_keys()
            names = [name for key, name in environment_names(definition).items() if key in required]
            setting = f"Set {' and '.join(names)}, or pass --connection FILE." if names else setting
            break
    return (
        f"Run {label} actions and Prismatic flows from the command line.\n\n"
        f"{setting} To try it without an account, add --sandbox."
    )


@click.group(cls=RootGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    is_eager=True,  # the help names the component
    envvar="CONNECTOR_MANIFEST",
    show_envvar=True,
    help="Use the component of this manifest.yaml.  [default: the bundled component]",
)
@click.option(
    "--component",
    metavar="KEY",
    is_eager=True,
    envvar="CONNECTOR_COMPONENT",
    shell_complete=complete_components,
    show_envvar=True,
    help="Use the installed component with this key.",
)
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Log redacted requests to standard error, and show tracebacks.",
)
@click.option(
    "--error-format",
    type=click.Choice(["text", "json"]),
    envvar="CONNECTOR_ERROR_FORMAT",
    show_envvar=True,
    expose_value=False,
    help="Error format.",
)
@click.option("--version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def cli(context: click.Context, manifest: Path | None, component: str | None, version: bool) -> None:
    """Run a component's actions and Prismatic flows from the command line."""
    del manifest, component  # commands find them in the context
    if version:
        import connector

        click.echo(f"connector {connector.__version__}")
        context.exit()
