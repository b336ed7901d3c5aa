"""The end of a command: its exit code, and its message about errors, signals and closed pipes."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from connector.errors import ConnectorError

PIPE_CLOSED = 128 + 13
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
NAME = "connector"


class Switches(NamedTuple):
    """The options that are needed before, and even if, a command line cannot be parsed.

    With `--events` every line on standard error is JSON, errors included.
    """

    debug: bool
    json_errors: bool

    @classmethod
    def from_args(cls, args: list[str]) -> Switches:
        """Find the options in the arguments, the format of errors also in `CONNECTOR_ERROR_FORMAT`."""
        error_format = os.environ.get("CONNECTOR_ERROR_FORMAT", "text")
        for position, argument in enumerate(args):
            name, equals, value = argument.partition("=")
            if name == "--events":
                error_format = "json"
            elif name == "--error-format":
                error_format = value if equals else "".join(args[position + 1 : position + 2])
        return cls("--debug" in args, error_format == "json")


def run(args: list[str]) -> int:
    """Run one command line; see `connector.cli.main`."""
    switches = Switches.from_args(args)
    _open_streams()
    try:
        with _terminating(), _logging(switches), _payload_alone():
            code = _invoke(args)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt as interrupt:
        _report_interrupt(str(interrupt) or "interrupted", switches)
        return INTERRUPTED
    except BrokenPipeError:
        # What is left in the buffer has no reader, and flushing it at exit would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except ConnectorError as error:
        if switches.debug and error.__cause__ is not None:  # an exception of a component or plugin
            import traceback

            traceback.print_exception(error.__cause__)
        return _report(error, switches)
    except Exception as error:
        if switches.debug:
            import traceback

            traceback.print_exc()
        return _report(_unexpected(error), switches)


def _unexpected(error: Exception) -> ConnectorError:
    """Return the error about an exception that nothing caught: of a component's own code, of the system, or a bug."""
    text = f"{type(error).__name__}: {error}"
    if location := _foreign_location(error):
        hint = "Run again with --debug to see the traceback."
        return ConnectorError(f"{location}: {text}", hint=hint)
    if isinstance(error, OSError):
        text = f"cannot write the output: {(error.strerror or str(error)).lower()}"
        return ConnectorError(text, hint="The action may have been applied.")
    hint = "This is a bug. Run again with --debug and report the traceback."
    return ConnectorError(f"internal error: {text}", hint=hint)


def _foreign_location(error: Exception) -> str:
    """Return file and line of the last call in a component or plugin that is not a part of this package."""
    import sysconfig
    import traceback

    package = Path(__file__).parents[1]
    paths = sysconfig.get_paths()
    libraries = [Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    bundled = [package.parent / name for name in ("actions", "connections", "datasources", "sandbox")]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_file() and not any(file.is_relative_to(folder) for folder in (package, *libraries, *bundled)):
            return f"{file}:{frame.lineno}" if file.suffix == ".py" else ""
    return ""


def _open_streams() -> None:
    """Replace the streams that the parent process closed, so that messages go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end


class _Output:
    """Standard output, in whose place what a component or a plugin prints goes to standard error."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        foreign_code = sys.modules.get("connector.component.foreign_code")
        is_foreign = foreign_code is not None and foreign_code.RUNS_FOREIGN_CODE.get()
        return getattr(sys.stderr if is_foreign else self._stream, name)


@contextmanager
def _payload_alone() -> Iterator[None]:
    """Keep standard output for the payload."""
    stream = sys.stdout
    sys.stdout = _Output(stream)
    try:
        yield
    finally:
        sys.stdout = stream


def _invoke(args: list[str]) -> int:
    import click

    from connector.cli.root import cli

    name = _program_name()
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    if instruction := os.environ.get(variable):
        from click.shell_completion import shell_complete

        from connector.cli.bash_completion import use_whole_words

        use_whole_words()
        return shell_complete(cli, {}, name, variable, instruction)
    try:
        with cli.make_context(name, args) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        from connector.cli.usage import usage_error

        raise usage_error(error) from None
    return code if isinstance(code, int) else 0


def _program_name() -> str:
    name = Path(sys.argv[0]).stem
    return name if name.endswith(NAME) else NAME


_OPTIONS = {"max_wait": "--max-wait", "deadline": "--deadline"}
"""Options of the command line by the arguments that hints in Python name."""

_PYTHON_DECISION = re.compile(r" \(unknown=[^)]*\)")
"""What a hint about a write in doubt says for Python, after the option of the command line."""


def _report(error: ConnectorError, switches: Switches) -> int:
    from connector.cli.output import has_colors, plain

    error.hint = re.sub(r"(?<=raise )(max_wait|deadline)\b", lambda match: _OPTIONS[match[1]], error.hint, flags=re.I)
    error.hint = _PYTHON_DECISION.sub("", error.hint)
    if switches.json_errors:
        import json

        _print(json.dumps(error.to_dict(), default=str))
    else:
        from click import style

        prefix = style("error:", fg="red", bold=True) if has_colors(sys.stderr) else "error:"
        _print(f"{prefix} {plain(str(error))}")
    return error.exit_code


def _report_interrupt(text: str, switches: Switches) -> None:
    if switches.json_errors:
        import json

        text = json.dumps({"error": {"type": "Interrupted", "message": text}})
    _print(text)


def _print(text: str) -> None:
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
    """Log messages of this package to standard error: warnings, with --debug all messages."""
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
