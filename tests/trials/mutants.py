"""Small faults planted into the code, one at a time: some test has to notice each of them.

    python -m tests.trials.mutants --mutants 100 --seed 1
    python -m tests.trials.mutants --group flows --mutants 130

Each mutant changes one operator, number, condition, or result in a copy of the checkout. First, one run of the tests
notes which tests run which lines, and how long each takes; then each mutant meets all tests that run its line, those
first that run little else, until one fails. A survivor is either equivalent, or a rule that no test of the group holds.
The equivalent and the cosmetic ones are listed in `equivalent_mutants.txt`, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest

from tests.trials.mutations import Mutant, mutants

ROOT = Path(__file__).parents[2]
CALLS = (
    *(f"connector/rest/{name}.py" for name in ("exchange", "transport", "rate_limits", "api_errors", "client")),
    *(f"connector/rest/{name}.py" for name in ("hosts", "adapter", "http_messages", "endpoint")),
    "connector/common/redaction.py",
    *(f"connector/component/{name}.py" for name in ("policy", "plugins", "foreign_code", "inputs")),
    *(f"connector/component/{name}.py" for name in ("input_problems", "coercion")),
    "connector/errors.py",
)
TESTS_OF_CALLS = (
    "tests/rest",
    "tests/common/test_redaction.py",
    "tests/test_errors.py",
    *(f"tests/component/test_{name}.py" for name in ("raw_request", "masked_secrets", "policy", "runner", "plugins")),
    *(f"tests/component/test_{name}.py" for name in ("described_actions", "foreign_code", "inputs", "schema")),
    *(f"tests/component/test_{name}.py" for name in ("connection", "data_sources", "toolset", "async_runner")),
    "tests/flows/test_events.py",
    "tests/cli/test_exit_codes.py",
    "tests/cli/test_reference.py",
)
FLOWS = tuple(
    str(path.relative_to(ROOT))
    for folder in ("connector/journal", "connector/flows/run")
    for path in sorted((ROOT / folder).glob("*.py"))
)
TESTS_OF_FLOWS = (
    "tests/journal",
    "tests/workers",
    "tests/flows/steps",
    "tests/testing/test_run_flow.py",
    *(f"tests/cli/test_flow_{name}.py" for name in ("run", "resume_undo", "connection_options", "stubs")),
    *(f"tests/flows/test_{name}.py" for name in ("branches", "connections", "described_steps", "events", "failures")),
    *(f"tests/flows/test_{name}.py" for name in ("journal", "kills", "persistence", "retention", "run", "run_by_id")),
    *(f"tests/flows/test_{name}.py" for name in ("settle", "stubs", "undo", "webhook_request")),
)
GROUPS = {"calls": (CALLS, TESTS_OF_CALLS), "flows": (FLOWS, TESTS_OF_FLOWS)}
"""The files of each group, and the tests that have to notice a fault in them."""

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")
LIBRARIES = ("jsonpath_ng.parser", "pluggy", "pydantic", "requests", "responses", "starlette", "yaml")
"""Imported before the forks, which then do not have to."""

FIRST_TESTS = 12
MIN_SECONDS = 60
MAX_MEMORY = 4 * 2**30


@dataclass
class Map:
    """What one run of the tests showed.

    Attributes:
        tests: Which tests run a line, by file and line; those of the import are under the empty name.
        seconds: How long each test took.
    """

    tests: Mapping[str, Mapping[str, Collection[str]]]
    seconds: Mapping[str, float]

    def __post_init__(self) -> None:
        self._breadth = Counter(name for lines in self.tests.values() for names in lines.values() for name in names)

    def of(self, mutant: Mutant) -> list[str]:
        """Return tests that run the statement of a mutant: those of its module first, then those that run little else.

        A statement of the import is run by none of them. Its value may be seen by those that run other lines of the
        file, and by those that run no line, since they compare values.
        """
        lines = self.tests.get(mutant.file, {})
        statement = [str(line) for line in range(mutant.first, mutant.last + 1)]
        names = {name for line in statement for name in lines.get(line, ())}
        if names == {""}:
            names = {name for tests in lines.values() for name in tests} | (self.seconds.keys() - self._breadth.keys())
        own = f"test_{Path(mutant.file).stem}.py::"
        return sorted(names - {""}, key=lambda name: (own not in name, self._breadth[name], self.seconds[name]))


class _Observer:
    """A pytest plugin that notes lines and times of each test, and which ones fail."""

    def __init__(self, measurement: coverage.Coverage) -> None:
        self.measurement = measurement
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        began = time.perf_counter()
        self.measurement.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.measurement.switch_context("")
            self.seconds[item.nodeid] = time.perf_counter() - began


class _Chosen:
    """A pytest plugin that runs some tests in a given order, and notes the one that fails."""

    def __init__(self, names: Collection[str]) -> None:
        self.positions = {name: position for position, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.positions]
        items.sort(key=lambda item: self.positions[item.nodeid])


def observe(path: Path, group: str) -> None:
    """Run all tests once and write the map; in a process of its own, before the package is imported."""
    files, tests = GROUPS[group]
    data = path.with_suffix(".coverage")
    measurement = coverage.Coverage(data_file=data, include=list(files), config_file=False)
    measurement.start()
    observer = _Observer(measurement)
    pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[observer])
    measurement.stop()
    lines = {}
    for file in files:
        contexts = measurement.get_data().contexts_by_lineno(str(Path(file).resolve()))
        # A test that fails without any mutant says nothing about one.
        lines[file] = {str(line): sorted(set(names) - observer.failed) for line, names in contexts.items()}
    path.write_text(json.dumps({"tests": lines, "seconds": observer.seconds}))


class _Testing(NamedTuple):
    """Tests of a mutant that are running, and those that follow if all of them pass."""

    mutant: Mutant
    checkout: Path
    original: str
    limit: float
    rest: list[str]


class Run:
    """The test runs of some mutants, several at a time, each in a forked process and a checkout of its own."""

    def __init__(self, tests: Map, checkouts: list[Path]) -> None:
        self.tests = tests
        self.idle = checkouts
        self.running: dict[int, _Testing] = {}
        self.survivors: list[Mutant] = []

    def all(self, chosen: list[Mutant], most: int | None = None) -> list[Mutant]:
        """Run the tests against each mutant, the first ones or all, and return the survivors."""
        for mutant in chosen:
            self.start(mutant, self.tests.of(mutant)[:most])
        while self.running:
            self.collect()
        return self.survivors

    def start(self, mutant: Mutant, names: list[str]) -> None:
        """Begin tests of a mutant as soon as a checkout is free."""
        if not names:
            self._finish(mutant, "no test runs it", is_killed=False)
            return
        while not self.idle:
            self.collect()
        checkout = self.idle.pop()
        file = checkout / mutant.file
        original = file.read_text(encoding="utf-8")
        file.write_text(mutant.code, encoding="utf-8")
        for stale in file.parent.glob(f"__pycache__/{file.stem}.*"):
            stale.unlink()  # two mutants of one second and size look the same to the import system
        # The first ones notice most mutants, and to collect all tests takes longer than to run a few.
        self._test(mutant, checkout, original, names[:FIRST_TESTS], names[FIRST_TESTS:])

    def _test(self, mutant: Mutant, checkout: Path, original: str, names: list[str], rest: list[str]) -> None:
        process = os.fork()
        if process == 0:
            _test(checkout, names)
        limit = time.monotonic() + MIN_SECONDS + 3 * sum(self.tests.seconds[name] for name in names)
        self.running[process] = _Testing(mutant, checkout, original, limit, rest)

    def collect(self) -> None:
        """Wait a moment for runs that end, or last too long."""
        time.sleep(0.02)
        for process, each in list(self.running.items()):
            is_late = time.monotonic() > each.limit
            if is_late:
                os.killpg(process, signal.SIGKILL)
            ended, status = os.waitpid(process, 0 if is_late else os.WNOHANG)
            if ended:
                del self.running[process]
                if status == 0 and each.rest:
                    self._test(each.mutant, each.checkout, each.original, each.rest, [])
                else:
                    (each.checkout / each.mutant.file).write_text(each.original, encoding="utf-8")
                    self.idle.append(each.checkout)
                    self._finish(each.mutant, "" if status else "survives", is_killed=status != 0)

    def _finish(self, mutant: Mutant, reason: str, *, is_killed: bool) -> None:
        if not is_killed:
            self.survivors.append(mutant)
        if reason and mutant.description != "unchanged":
            print(f"{mutant}: {reason}", flush=True)


def _test(checkout: Path, names: list[str]) -> None:
    """Run tests in a forked process and end it: with 0 if all pass."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    os.chdir(checkout)
    sys.path[0] = str(checkout)
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    output = os.open(checkout / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 1
    try:
        files = sorted({name.partition("::")[0] for name in names})
        code = int(pytest.main(["-q", "-x", "--tb=line", "-p", "no:cacheprovider", *files], plugins=[_Chosen(names)]))
    finally:
        sys.stdout.flush()
        os._exit(0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else code)


def known() -> set[tuple[str, str, str]]:
    """Return file, change, and source of each mutant that is equivalent or cosmetic."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines()
    return {tuple(line.split(": ", 2)) for line in lines if line and not line.startswith(("#", " "))}  # type: ignore[misc]


def unchanged(file: str) -> Mutant:
    """Return a mutant without any fault; if a test fails even so, the trial says nothing."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return Mutant(file, 1, 1, text.count("\n"), "", "unchanged", ast.unparse(ast.parse(text)))


def run(chosen: list[Mutant], processes: int, path: Path | None, group: str) -> list[Mutant]:
    """Run the tests against each mutant and return the survivors; an existing map is used, else it is written."""
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        checkouts = [Path(folder) / str(number) for number in range(processes)]
        for checkout in checkouts:
            shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".venv", ".git", ".*_cache", "__pycache__"))
        path = (path or Path(folder) / "map.json").resolve()
        if not path.exists():
            command = [sys.executable, "-m", __spec__.name, "--observe", str(path), "--group", group]
            subprocess.run(command, cwd=checkouts[0], check=True)
        tests = Map(**json.loads(path.read_text()))
        controls = [unchanged(file) for file in GROUPS[group][0]]
        if len(Run(tests, checkouts).all(controls, most=20)) < len(controls):
            raise SystemExit("the tests fail without any mutant")
        return Run(tests, checkouts).all(chosen)


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", choices=GROUPS, default="calls")
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--map", type=Path, help="Keep the lines of each test in this file, and take them from there.")
    parser.add_argument(
        "--observe", type=Path, help="Only run the tests once, and write which lines each of them runs."
    )
    options = parser.parse_args()
    if options.observe:
        observe(options.observe, options.group)
        return
    equivalent = known()
    candidates = [mutant for file in GROUPS[options.group][0] for mutant in mutants(ROOT, file)]
    chosen = random.Random(options.seed).sample(candidates, min(options.mutants, len(candidates)))
    relevant = [each for each in chosen if (each.file, each.description, each.source) not in equivalent]
    survivors = run(relevant, options.processes, options.map, options.group)
    killed = len(relevant) - len(survivors)
    print(
        f"seed {options.seed}: {killed} of {len(relevant)} mutants killed ({100 * killed / len(relevant):.1f} %); "
        f"{len(chosen) - len(relevant)} more are equivalent or cosmetic"
    )


if __name__ == "__main__":
    main()
