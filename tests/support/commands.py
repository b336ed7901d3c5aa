"""Servers of the command line, as programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments: str, tmp_path: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command and end it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONNECTOR_STATE_HOME": str(tmp_path), **variables}
    command = [sys.executable, "-m", "connector", *arguments]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def access(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return what a server prints when it is ready, by name."""
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    printed = {}
    for line in lines:
        name, _, value = line.strip().partition(" ")
        printed[name] = value.strip()
        if name == "curl":
            break
    return printed
