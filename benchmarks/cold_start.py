"""Cold start against importing the four libraries bare: `python -m benchmarks.cold_start`.

Whole processes, in turn; the first round, which warms caches, is not counted. Quoted are medians of user + system CPU.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.loopback import serving

FLOOR = "import requests, pluggy, jsonpath_ng; from pydantic import BaseModel"
CASES = {
    "the four libraries": [sys.executable, "-c", FLOOR],
    "import connector": [sys.executable, "-c", "import connector"],
    "import connector, load component and manifest": [
        sys.executable,
        "-c",
        "import connector; connector.load_component()",
    ],
    "load and the inputs of a described action": [
        sys.executable,
        "-c",
        "import connector; connector.load_component().action('listAudiences').inputs.definitions()",
    ],
    "connector run listSources": [sys.executable, "-m", "connector", "run", "listSources"],
}
ROUNDS = 12


def cpu_of(command: list[str], environment: dict[str, str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    with serving() as url:
        environment = {**os.environ, "SEGMENT_API_KEY": "benchmark", "SEGMENT_BASE_URL": url}
        figures: dict[str, list[float]] = {name: [] for name in CASES}
        for turn in range(ROUNDS + 1):
            for name, command in CASES.items():
                spent = cpu_of(command, environment)
                if turn:
                    figures[name].append(spent)
    floor = statistics.median(figures["the four libraries"])
    for name, values in figures.items():
        median = statistics.median(values)
        print(f"{name}: {median * 1000:.0f} ms of CPU, {median / floor:.2f} x")


if __name__ == "__main__":
    main()
