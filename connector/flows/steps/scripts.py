"""Runs scripts in processes of their own, which are killed when they take too long."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from connector.common.private_files import parse_line
from connector.errors import MissingExtraError

WORKER = Path(__file__).with_name("script_worker.py")

MEMORY = 128 * 2**20
"""Bytes that a script may use."""

OUTPUT = 16 * 2**20
"""Characters of the results and the log of a script."""

_idle: list[_Worker] = []


class ScriptTimeoutError(Exception):
    """A script took too long and was ended."""


class _Worker:
    """A process that performs one job after another."""

    def __init__(self) -> None:
        self._is_ended = False
        # An environment of its own, so that no variable of this process can be read there.
        environment = {"TZ": "UTC", **({"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {})}
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-X", "utf8", str(WORKER), *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def perform(self, job: bytes, seconds: float) -> bytes:
        """Return the line with the results of a job; empty if the process died.

        Raises:
            ScriptTimeoutError: If the job takes longer than the seconds; the process is ended.
        """
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            output = self._exchange(job)
        finally:
            timer.cancel()
            timer.join()
        if self._is_ended:
            raise ScriptTimeoutError
        return output

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def forget(self) -> None:
        """Let go of the process, which belongs to the process that this one was forked from."""
        self._process.returncode = 0
        self._close_pipes()

    def _exchange(self, job: bytes) -> bytes:
        assert self._process.stdin and self._process.stdout  # noqa: PT018, S101 - both are pipes
        try:
            self._process.stdin.write(job + b"\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except OSError:
            return b""

    def _end(self) -> None:
        self._is_ended = True
        self._process.kill()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            # A job that the process did not read is still in the buffer of its pipe.
            with suppress(OSError):
                assert pipe  # noqa: S101 - see _exchange
                pipe.close()


def is_installed(module: str) -> bool:
    """Return True if a module of the extra `code` is installed."""
    return importlib.util.find_spec(module) is not None


def check_installed(module: str) -> None:
    """Raise MissingExtraError if a module of the extra `code` is not installed."""
    if not is_installed(module):
        raise MissingExtraError(
            f"the step needs the package {module}", hint="Run: pip install 'segment-connector[code]'"
        )


def perform_job(job: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Perform a job in a process and return its results; see `script_worker`.

    Raises:
        ScriptTimeoutError: If it takes longer than the seconds.
    """
    line = _line_of({**job, "memory": MEMORY, "output": OUTPUT})
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    try:
        output = worker.perform(line, seconds)
        results = _results_in(output)
    except BaseException:
        worker.close()
        raise
    if "limit" in results:
        worker.close()
    else:
        _idle.append(worker)
    return results


def _line_of(job: dict[str, Any]) -> bytes:
    try:
        return to_json(job, inf_nan_mode="null", fallback=str)
    except ValueError:
        return json.dumps(job, default=str).encode()  # pydantic's to_json rejects lone surrogates


def _results_in(output: bytes) -> dict[str, Any]:
    """Return the results in a line, which a hostile script may have formed."""
    try:
        results = parse_line(output) if output.endswith(b"\n") else None
    except (ValueError, RecursionError):
        results = None
    if isinstance(results, dict) and all(_is_entry(entry) for entry in results.get("logs", ())):
        return results
    return {"limit": "engine"}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)


def close_workers() -> None:
    """End the processes that wait for a job."""
    while _idle:
        _idle.pop().close()


def _forget_workers() -> None:
    """Forget the workers in a forked process, which must not write to the pipes of its parent."""
    while _idle:
        _idle.pop().forget()


atexit.register(close_workers)

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
