"""The changes that make mutants of a module, and the statement that each change is in."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

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


class Mutant(NamedTuple):
    """One planted fault.

    Attributes:
        file: Path of the module, from the root of the checkout.
        line: Line of the change.
        first: First line of the statement that it is in; of a compound statement, its head only.
        last: Last line of it.
        source: The text of the line.
        description: What was changed.
        code: The changed module.
    """

    file: str
    line: int
    first: int
    last: int
    source: str
    description: str
    code: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.description}: {self.source}"


def mutants(root: Path, file: str) -> Iterator[Mutant]:
    """Yield all mutants of a file."""
    text = (root / file).read_text(encoding="utf-8")
    lines, tree = text.splitlines(), ast.parse(text)
    heads = dict(_heads(tree))
    ignored = set(_ignored(tree))
    for position, node in enumerate(ast.walk(tree)):
        if node in ignored:
            continue
        for description in changes(node):
            changed = copy.deepcopy(tree)
            apply(next(each for number, each in enumerate(ast.walk(changed)) if number == position), description)
            code = ast.unparse(ast.fix_missing_locations(changed))
            line = getattr(node, "lineno", 1)
            yield Mutant(file, line, *heads[node], lines[line - 1].strip(), description, code)


def _ignored(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what only a checker or a reader notices: how a dataclass is stored, and imports for types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                yield from ast.walk(decorator)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield node


def _heads(tree: ast.Module) -> Iterator[tuple[ast.AST, tuple[int, int]]]:
    """Yield each node with the first and last line of its statement."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt):
            continue
        body = getattr(statement, "body", None)
        end = statement.end_lineno or statement.lineno
        last = max(statement.lineno, body[0].lineno - 1) if body else end
        pending: list[ast.AST] = [statement]
        while pending:
            node = pending.pop()
            yield node, (statement.lineno, last)
            pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


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
        case ast.Constant(value=int(value) | float(value)):
            yield f"{value} becomes {value + 1}"
        case ast.BinOp(op=ast.Add()):
            yield "+ becomes -"
        case ast.BinOp(op=ast.Sub()):
            yield "- becomes +"
        case ast.If() | ast.IfExp() | ast.While():
            yield "condition false"
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield "returns None"


def _is_nothing(value: ast.expr) -> bool:
    """Return True for None, and for False, which is the same to most callers."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)


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
