"""Small faults planted into the code, one at a time: the tests of each module have to notice them.

    python -m tests.trials.mutants --mutants 100 --seed 1

Each mutant changes one operator, number, condition, or result in a copy of the checkout and runs the tests of its
module. It prints every survivor with its line. A survivor is either equivalent, or a rule that no test holds.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
REST = ("tests/rest", "tests/test_http.py", "tests/test_raw_request.py", "tests/test_masked_secrets.py")
TESTS = {
    "connector/rest/exchange.py": REST,
    "connector/rest/transport.py": REST,
    "connector/rest/rate_limits.py": REST,
    "connector/rest/api_errors.py": REST,
    "connector/rest/client.py": REST,
    "connector/rest/hosts.py": REST,
    "connector/rest/http_messages.py": REST,
    "connector/rest/endpoint.py": REST,
    "connector/common/redaction.py": ("tests/test_redaction.py", "tests/rest", "tests/flows/test_events.py"),
    "connector/component/policy.py": (
        "tests/test_policy.py",
        "tests/test_runner.py",
        "tests/test_described_actions.py",
    ),
    "connector/component/plugins.py": ("tests/test_plugins.py", "tests/test_foreign_code.py"),
    "connector/component/foreign_code.py": (
        "tests/test_plugins.py",
        "tests/test_foreign_code.py",
        "tests/test_runner.py",
    ),
    "connector/component/inputs.py": ("tests/test_inputs.py", "tests/test_schema.py", "tests/test_runner.py"),
    "connector/component/coercion.py": ("tests/test_inputs.py", "tests/test_wire.py"),
    "connector/errors.py": ("tests/test_errors.py", "tests/test_http.py", "tests/cli/test_reference.py"),
}
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SECONDS = 120


class Mutant(NamedTuple):
    """One planted fault."""

    file: str
    line: int
    description: str
    code: str


def mutants(file: str) -> Iterator[Mutant]:
    """Yield all mutants of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for position, node in enumerate(ast.walk(tree)):
        for description in changes(node):
            changed = copy.deepcopy(tree)
            target = next(each for number, each in enumerate(ast.walk(changed)) if number == position)
            apply(target, description)
            yield Mutant(file, getattr(node, "lineno", 0), description, ast.unparse(ast.fix_missing_locations(changed)))


def changes(node: ast.AST) -> Iterator[str]:
    """Yield the names of the changes that fit a node; texts stay, since they are read by people."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield f"{type(operator).__name__} becomes {COMPARISONS[type(operator)].__name__}"
        case ast.BoolOp():
            yield "and/or swapped"
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped"
        case ast.Constant(value=bool()):
            yield "boolean swapped"
        case ast.Constant(value=int() | float()):
            yield "number + 1"
        case ast.BinOp(op=ast.Add()):
            yield "+ becomes -"
        case ast.BinOp(op=ast.Sub()):
            yield "- becomes +"
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition false"
        case ast.Return(value=ast.expr()):
            yield "returns None"


def apply(node: ast.AST, description: str) -> None:
    """Make a change in place."""
    match node:
        case ast.Compare():
            node.ops = [COMPARISONS[type(node.ops[0])]()]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value) | float(value)):
            node.value = value + 1
        case ast.BinOp():
            node.op = ast.Sub() if description.startswith("+") else ast.Add()
        case ast.If() | ast.IfExp() | ast.While():
            node.test = ast.Constant(value=False)
        case ast.Return():
            node.value = ast.Constant(value=None)


def is_killed(mutant: Mutant, checkout: Path) -> bool:
    """Run the tests of a module against a mutant in a copy of the checkout."""
    file = checkout / mutant.file
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant.code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS[mutant.file]]
    try:
        run = subprocess.run(command, cwd=checkout, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(original, encoding="utf-8")
    return run.returncode != 0


def run(count: int, seed: int, processes: int) -> list[Mutant]:
    """Plant mutants and return the survivors."""
    candidates = [mutant for file in TESTS for mutant in mutants(file)]
    chosen = random.Random(seed).sample(candidates, min(count, len(candidates)))
    checkouts: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(processes):
            checkout = Path(folder) / str(number)
            shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache"))
            checkouts.put(checkout)

        def attempt(mutant: Mutant) -> bool:
            checkout = checkouts.get()
            try:
                return is_killed(mutant, checkout)
            finally:
                checkouts.put(checkout)

        with ThreadPoolExecutor(processes) as pool:
            killed = list(pool.map(attempt, chosen))
    return [mutant for mutant, is_dead in zip(chosen, killed, strict=True) if not is_dead]


def main() -> None:
    """Run the trial from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    survivors = run(options.mutants, options.seed, options.processes)
    for each in sorted(survivors):
        print(f"{each.file}:{each.line}: {each.description}")
    print(f"seed {options.seed}: {options.mutants - len(survivors)} of {options.mutants} mutants killed")


if __name__ == "__main__":
    main()
