"""How a command ends: its exit code, and what is said about errors, signals and closed pipes."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

from connector.errors import ConnectorError, UsageError

PIPE_CLOSED = 128 + 13
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
NAME = "connector"


class Switches(NamedTuple):
    """The options that are needed before, and even when, a command line cannot be parsed.

    With `--events` every line on standard error is JSON, errors included.
    """

    debug: bool
    json_errors: bool

    @classmethod
    def of(cls, args: list[str]) -> Switches:
        """Find them in the arguments, the form of errors in `CONNECTOR_ERROR_FORMAT` too."""
        wanted = os.environ.get("CONNECTOR_ERROR_FORMAT", "text")
        for position, argument in enumerate(args):
            name, equals, value = argument.partition("=")
            if name == "--events":
                wanted = "json"
            elif name == "--error-format":
                wanted = value if equals else "".join(args[position + 1 : position + 2])
        return cls("--debug" in args, wanted == "json")


def run(args: list[str]) -> int:
    """Run one command line; see `connector.cli.main`."""
    switches = Switches.of(args)
    _open_streams()
    try:
        with _terminating(), _logging(switches):
            code = _invoke(args)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        _say('{"error": {"type": "Interrupted", "message": "interrupted"}}' if switches.json_errors else "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # what is left in the buffer has no reader, and flushing it at exit would fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except ConnectorError as error:
        return _report(error, switches)
    except OSError as error:
        hint = "What was asked for may have been done, without its output: look before repeating it."
        return _report(ConnectorError(f"the system refused: {error.strerror or error}.", hint=hint), switches)
    except Exception as error:
        if switches.debug:
            import traceback

            traceback.print_exc()
        hint = "This is a bug of this program. Repeat it with --debug to see where it comes from, and report it."
        return _report(ConnectorError(f"unexpected {type(error).__name__}: {error}", hint=hint), switches)


def _open_streams() -> None:
    """Let messages go nowhere where whoever started the process closed its output."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end


def _invoke(args: list[str]) -> int:
    import click

    from connector.cli.root import cli

    name = _program_name()
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    if instruction := os.environ.get(variable):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, name, variable, instruction)
    try:
        with cli.make_context(name, args) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise _usage_error(error) from None
    return code if isinstance(code, int) else 0


def _usage_error(error: object) -> UsageError:
    import click

    assert isinstance(error, click.ClickException)  # noqa: S101 - narrows for the type checker
    text = error.format_message().strip()
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"See {context.command_path} --help." if context is not None else ""
    return UsageError(text[:1].lower() + text[1:], hint=hint)


def _program_name() -> str:
    name = Path(sys.argv[0]).stem
    return name if name.endswith(NAME) else NAME


def _report(error: ConnectorError, switches: Switches) -> int:
    if switches.json_errors:
        import json

        _say(json.dumps(error.to_dict(), default=str))
    else:
        from click import style

        from connector.cli.output import colours

        _say((style("error:", fg="red", bold=True) if colours(sys.stderr) else "error:") + f" {error}")
    return error.exit_code


def _say(text: str) -> None:
    try:
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        return


@contextmanager
def _terminating() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


@contextmanager
def _logging(switches: Switches) -> Iterator[None]:
    """Messages of this package on standard error: warnings, and with --debug everything."""
    logger = logging.getLogger(NAME)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if switches.debug else logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
