"""`connector completion`: commands, keys and input names completed by the shell."""

from __future__ import annotations

import click

from connector.cli.shared_options import Command, common_options


@click.command(cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@common_options
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    r"""Print the completion script for SHELL: bash, zsh, or fish.

    \b
    eval "$(connector completion bash)"
    eval "$(connector completion zsh)"
    connector completion fish | source
    """
    from click.shell_completion import get_completion_class

    from connector.cli.bash_completion import use_whole_words

    use_whole_words()
    root = context.find_root()
    name = root.info_name or "connector"
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices are the shells that click knows
    click.echo(kind(root.command, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE").source())
