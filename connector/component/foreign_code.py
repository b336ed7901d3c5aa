"""Calls into code of others: its exceptions become errors that name whose code it is, and where it failed."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.component.definitions import location_of
from connector.errors import ConnectorError, HandlerError, PluginError

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.definitions import Action, DataSource

Hook = Callable[..., Any]

RUNS_FOREIGN_CODE: ContextVar[bool] = ContextVar("runs foreign code", default=False)
"""Whether code of others runs now: a program may send elsewhere what it prints."""

_PACKAGE = str(Path(__file__).parents[1])


@contextmanager
def foreign_code() -> Iterator[None]:
    """Say that the block runs code of others."""
    running = RUNS_FOREIGN_CODE.set(True)
    try:
        yield
    finally:
        RUNS_FOREIGN_CODE.reset(running)


class handler_errors:  # noqa: N801 - used as a function; a class costs a call less than a generator
    """Turn what a handler raises of its own into a HandlerError.

    Raises:
        HandlerError: If code of the component raises anything but an error of this package.
    """

    __slots__ = ("_context", "_definition", "_running")

    def __init__(self, definition: Action[Any] | DataSource[Any], context: Context) -> None:
        self._definition = definition
        self._context = context

    def __enter__(self) -> None:
        self._running = RUNS_FOREIGN_CODE.set(True)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        RUNS_FOREIGN_CODE.reset(self._running)
        if error is None or isinstance(error, ConnectorError) or not isinstance(error, Exception | SystemExit):
            return
        location = _raised_at(error, self._definition.location)
        if location:
            text = self._context.connection.redact(f"{location}: {_summary(error)}")
            hint = "This is an error in the component."
            raise HandlerError(text, action=self._definition.key, hint=hint) from error


def is_foreign_exit(error: BaseException) -> bool:
    """Return False for the SystemExit that this package raises on a signal while code of others runs."""
    frames = traceback.extract_tb(error.__traceback__)
    return not (isinstance(error, SystemExit) and frames and frames[-1].filename.startswith(_PACKAGE))


def guarded(function: Hook, hook: str, plugin: str) -> Hook:
    """Return a hook whose own exceptions and invalid results become PluginErrors that name the plugin."""
    guard = _guarded_wrapper if inspect.isgeneratorfunction(function) else _guarded_function
    return guard(function, hook, plugin)


def _guarded_function(function: Hook, hook: str, plugin: str) -> Hook:
    @wraps(function)
    def call(*args: Any) -> Any:
        with _hook_errors(function, hook, plugin):
            result = function(*args)
        return result if result is None else _checked(result, hook, plugin)

    return call


def _guarded_wrapper(function: Hook, hook: str, plugin: str) -> Hook:
    # The wrapper is driven by hand: an exception of the code that it wraps passes through it, and must come out as it
    # was, while one of its own must not.
    @wraps(function)
    def call(*args: Any) -> Generator[Any, Any, Any]:
        generator = function(*args)
        with _hook_errors(function, hook, plugin):
            yielded = next(generator)
        passing: BaseException | None = None
        result: Any = None
        try:
            result = yield yielded
        except BaseException as error:
            passing = error
        try:
            with _hook_errors(function, hook, plugin, passing):
                generator.send(result) if passing is None else generator.throw(passing)
        except StopIteration as stop:
            return _checked(stop.value, hook, plugin)
        raise PluginError(f"hook {hook} of plugin {plugin} yielded twice", hint=f"See {location_of(function)}.")

    return call


@contextmanager
def _hook_errors(function: Hook, hook: str, plugin: str, passing: BaseException | None = None) -> Iterator[None]:
    running = RUNS_FOREIGN_CODE.set(True)
    try:
        yield
    except ConnectorError:
        raise
    except StopIteration:
        raise
    except (Exception, SystemExit) as error:
        location = _raised_at(error, location_of(function))
        if error is passing or not location:
            raise
        text = f"{location}: {_summary(error)} (hook {hook} of plugin {plugin})"
        raise PluginError(text, hint="This is an error in the plugin.") from error
    finally:
        RUNS_FOREIGN_CODE.reset(running)


def _checked(result: Any, hook: str, plugin: str) -> Any:
    if hook == "perform_action" and not isinstance(result, dict):
        text = f"hook {hook} of plugin {plugin} returned a {type(result).__name__}, not a payload"
        raise PluginError(text, hint="Return the payload, or None to leave the action to the next plugin.")
    return result


def _summary(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _raised_at(error: BaseException, location: str) -> str:
    """Return `file:line` in the folder of a function where an exception comes from; empty if it comes from elsewhere.

    Frames of libraries count for their callers. An exception of this package is not the function's. An exit is
    the function's only if raised there: a signal handler of the program raises SystemExit wherever the main thread is.
    """
    folder = str(Path(location).parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.startswith(folder):
            return f"{frame.filename}:{frame.lineno}"
        if frame.filename.startswith(_PACKAGE) or isinstance(error, SystemExit):
            return ""
    return ""
