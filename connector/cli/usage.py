"""Errors of the command line parser in the words of this package."""

from __future__ import annotations

import re

import click

from connector.common.text import did_you_mean
from connector.errors import UsageError


def usage_error(error: click.ClickException) -> UsageError:
    """Return the error for one that click raised."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"See {context.command_path} --help." if context is not None else ""
    if isinstance(error, click.NoSuchOption):
        options = [name for each in context.command.get_params(context) for name in each.opts] if context else []
        text = f'unknown option "{error.option_name}"'
        return UsageError(text, hint=did_you_mean(error.option_name, options) or hint)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _missing(error.param, hint)
    return UsageError(_reworded(error.format_message()), hint=hint)


def _missing(parameter: click.Parameter, hint: str) -> UsageError:
    if isinstance(parameter, click.Argument):
        name = f"argument {parameter.human_readable_name}"
    else:
        name = f"option {parameter.opts[0]}"
    choices = getattr(parameter.type, "choices", ())
    return UsageError(f"missing {name}", hint=f"Choose one of {', '.join(choices)}." if choices else hint)


def _reworded(message: str) -> str:
    text = re.sub(r" \(env var: [^)]*\)", "", " ".join(message.split())).removesuffix(".")
    text = re.sub(r"(?<![\w])'([^']*)'(?![\w])", r'"\1"', text)
    return text[:1].lower() + text[1:]
