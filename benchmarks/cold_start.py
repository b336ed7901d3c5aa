"""CPU of whole processes, compared with importing the four libraries: `python -m benchmarks.cold_start`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial

from benchmarks.loopback import serving
from benchmarks.samples import interleaved, keep

LIBRARIES = "importing the four libraries"
CASES = {
    LIBRARIES: ["-c", "import requests, pluggy, jsonpath_ng; from pydantic import BaseModel"],
    "import connector": ["-c", "import connector"],
    "import connector, and load the component": ["-c", "import connector; connector.load_component()"],
    "the same, and the inputs of a described action": [
        "-c",
        "import connector; connector.load_component().action('listAudiences').inputs.definitions()",
    ],
    "connector run listSources": ["-m", "connector", "run", "listSources"],
}
ROUNDS = 20


def cpu(arguments: list[str], environment: dict[str, str]) -> float:
    """Return the seconds of user and system CPU of a Python process."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return usage.ru_utime + usage.ru_stime


def measure() -> None:
    """Measure and keep the samples of all cases."""
    with serving() as url, tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "SEGMENT_API_KEY": "benchmark", "SEGMENT_BASE_URL": url}
        # The first round compiles all modules, as pip does when it installs a package.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["PYTHONPYCACHEPREFIX"] = bytecode
        cases = {name: partial(cpu, arguments, environment) for name, arguments in CASES.items()}
        keep("cold start", interleaved(cases, ROUNDS))


if __name__ == "__main__":
    measure()
