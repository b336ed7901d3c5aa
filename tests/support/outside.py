"""A project of somebody else: its tests, run by a pytest of their own, with this checkout on the path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
NOT_NEEDED = ("hypothesispytest", "anyio", "xdist", "xdist.looponfail", "cacheprovider")
"""Plugins whose import takes as long as the rest of pytest."""


def run_python(program: str) -> str:
    """What a program prints in a fresh process."""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, env=_environment()
    )
    return run.stdout.strip()


def run_pytest(folder: Path, files: dict[str, str], *options: str, path: Path | None = None) -> str:
    """What pytest prints about these files, with every warning an error."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")
    plugins = [option for name in NOT_NEEDED for option in ("-p", f"no:{name}")]
    command = [sys.executable, "-W", "error", "-m", "pytest", "-W", "error", *plugins, *options]
    run = subprocess.run(
        [*command, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=_environment(path),
    )
    return run.stdout + run.stderr


def _environment(*paths: Path | None) -> dict[str, str]:
    folders = os.pathsep.join(str(path) for path in (ROOT, *paths) if path)
    return {**os.environ, "PYTHONPATH": folders, "COLUMNS": "200", "PY_COLORS": "0"}
