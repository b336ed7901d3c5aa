"""The constraints for the oldest allowed versions come from pyproject.toml itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.oldest_versions import constraints

ROOT = Path(__file__).parents[1]


def test_lower_bounds_become_constraints() -> None:
    project = {
        "dependencies": ["click>=8.1", "PyYAML>=6"],
        "optional-dependencies": {
            "server": ["httptools>=0.6.3; platform_python_implementation == 'CPython'", "mcp>=2.3,<3"],
            "dev": ["ours[server]", "types-PyYAML", "coverage[toml] >= 7.10"],
        },
    }

    assert constraints(project) == [
        "PyYAML==6",
        "click==8.1",
        "coverage==7.10",
        "httptools==0.6.3; platform_python_implementation == 'CPython'",
        "mcp==2.3",
    ]


def test_script_prints_constraints_of_this_project() -> None:
    program = [sys.executable, str(ROOT / "scripts" / "oldest_versions.py")]

    printed = subprocess.run(program, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()

    assert {line.partition("==")[0] for line in printed} >= {"click", "pydantic", "requests", "pytest", "uvicorn"}
