"""`connector sandbox`: a local copy of the service of the component."""

from __future__ import annotations

import click

from connector.cli.root import Lazy, LazyGroup
from connector.cli.shared_options import common_options, component_of

COMMANDS = {
    "serve": Lazy("connector.cli.sandbox.serve:command", "Serve the sandbox over HTTP."),
    "path": Lazy("connector.cli.sandbox.state:path", "Print the path of the sandbox file."),
    "reset": Lazy("connector.cli.sandbox.state:reset", "Reset the sandbox to its initial state."),
    "dump": Lazy("connector.cli.sandbox.state:dump", "Dump the state as a seed."),
    "seed": Lazy("connector.cli.sandbox.state:seed", "Replace the state with a seed."),
    "compare": Lazy("connector.cli.sandbox.compare:command", "Compare the sandbox with the real API."),
    "assumptions": Lazy("connector.cli.sandbox.state:assumptions", "List the assumptions about the API."),
}


class SandboxGroup(LazyGroup):
    """The commands of every sandbox, and those of the component's sandbox."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        self._add_own(ctx)
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name."""
        if cmd_name in self.lazy and cmd_name not in COMMANDS:
            from connector.cli.sandbox.state import own_command
            from connector.sandbox_kit.sandbox import sandbox_of

            return own_command(cmd_name, sandbox_of(component_of(ctx)).commands[cmd_name])
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with."""
        if args[0] not in self.lazy:
            self._add_own(ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table as a part of the help."""
        self._add_own(ctx)
        super().format_commands(ctx, formatter)

    def _add_own(self, ctx: click.Context) -> None:
        from connector.sandbox_kit.sandbox import sandbox_of

        component = component_of(ctx)
        if component.manifest.sandbox is None:
            return
        for name, function in sandbox_of(component).commands.items():
            line = (function.__doc__ or "").strip().partition("\n")[0]
            self.lazy = {**self.lazy, name: Lazy("", line)}


@click.group(cls=SandboxGroup, lazy=COMMANDS)
@common_options
def group() -> None:
    """Run a local copy of the service. Needs no account and no network; state is kept in a file.

    `run`, `choices`, `test-connection`, and `flow` use it with --sandbox. Other clients use the URL that `serve`
    prints.
    """
