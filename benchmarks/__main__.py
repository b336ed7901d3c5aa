"""Measure everything that the page about the benchmarks quotes, and write the page: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("calls", "threads", "iteration", "cold_start", "large_inputs", "flows", "sandbox", "report")

if __name__ == "__main__":
    for part in PARTS:  # in processes of their own: none inherits memory, connections, or the processor of another
        subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=True)
