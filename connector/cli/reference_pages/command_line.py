"""The page about all commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from connector.cli.root import cli
from connector.describe.docs import NOTE

COMMON = ("--component", "--debug", "--error-format")


def command_line_page() -> str:
    """Return the page about all commands, in Markdown."""
    root = click.Context(cli, info_name="connector")
    lines = [NOTE, "", "# Command line", "", "Every command also takes:", ""]
    shared = [option for option in _options(cli) if "--version" not in option.opts and "--manifest" not in option.opts]
    lines += [*_table(shared), "| `-h`, `--help` | Print the help and exit. |", ""]
    lines += ["These options come before the command:", ""]
    lines += [*_table([option for option in _options(cli) if option not in shared]), ""]
    return "\n".join([*lines, *_group(cli, root)]).rstrip() + "\n"


def _group(group: click.Command, context: click.Context) -> Iterator[str]:
    assert isinstance(group, click.Group)  # noqa: S101 - only groups get here
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None  # noqa: S101 - the group listed it
        child = click.Context(command, info_name=name, parent=context)
        yield from _command(command, child)
        if isinstance(command, click.Group):
            yield from _group(command, child)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    level = "##" if context.parent and context.parent.parent is None else "###"
    yield from (f"{level} {context.command_path}", "")
    if not isinstance(command, click.Group):
        arguments = [_argument(each) for each in command.get_params(context) if isinstance(each, click.Argument)]
        yield from (f"    {' '.join([context.command_path, '[OPTIONS]', *arguments])}", "")
    yield from _help(command.help or "")
    options = [option for option in _options(command, context) if not set(COMMON) & set(option.opts)]
    if options:
        yield from (*_table(options), "")


def _options(command: click.Command, context: click.Context | None = None) -> list[click.Option]:
    parameters = command.params if context is None else command.get_params(context)
    return [each for each in parameters if isinstance(each, click.Option) and "--help" not in each.opts]


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _help(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those whose lines must stay become code."""
    for paragraph in text.split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines[:1] == ["\b"]:
            yield from (*(f"    {line}" for line in lines[1:]), "")
        elif lines and lines != [""]:
            yield from (" ".join(lines), "")


def _table(options: list[click.Option]) -> Iterator[str]:
    yield from ("| Option | Description |", "|---|---|")
    for option in options:
        yield f"| {_names(option)} | {_cell(_description(option))} |"


def _names(option: click.Option) -> str:
    metavar = "" if option.is_flag else option.metavar or _type(option.type)
    separator = "" if metavar.startswith("[=") else " "
    last = f"{option.opts[-1]}{separator}{metavar}".strip()
    return ", ".join(f"`{_cell(name)}`" for name in [*option.opts[:-1], last])


def _type(kind: Any) -> str:
    choices = getattr(kind, "choices", None)
    return "[" + "|".join(choices) + "]" if choices else str(kind.name).partition(" ")[0].upper()


def _description(option: click.Option) -> str:
    text = " ".join((option.help or "").split())
    if option.show_default and option.default is not None:
        default = f"{option.default:g}" if isinstance(option.default, float) else option.default
        text += f" [default: {default}]"
    if option.show_envvar and option.envvar:
        text += f" [env: {option.envvar}]"
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
