"""The formats in which `connector flow check` prints problems."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from connector import __version__
from connector.cli.output import counted, has_colors, plain, write, write_json

if TYPE_CHECKING:
    from connector.flows import FlowProblem

FORMATS = ("text", "json", "github", "sarif")
COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}
_LOCATION = re.compile(r"(?P<file>.*?)(:(?P<line>\d+))?(:\d+)?\Z", re.DOTALL)


def text(problems: Sequence[FlowProblem]) -> str:
    """Return problems in the format of compilers, in which editors find the location: `file:line: error: ...`."""
    notes = [problem for problem in problems if problem.severity == "note"]
    lines = [_line(problem) for problem in problems if problem.severity != "note"]
    lines += _note_lines(notes)
    severities = [problem.severity for problem in problems]
    counts = [counted(severities.count(noun), noun) for noun in ("error", "warning", "note") if noun in severities]
    return "\n".join([*lines, ", ".join(counts) or "No problems found."])


def _line(problem: FlowProblem, suffix: str = "") -> str:
    path = " / ".join(filter(None, (problem.flow, problem.step)))
    severity: str = problem.severity
    if has_colors(sys.stdout):
        severity = click.style(severity, fg=COLORS[problem.severity], bold=True)
    message = f"{path}: {problem.message}" if path else problem.message
    line = plain(f"{problem.location}: ") + severity + plain(f": {message}{suffix}")
    return f"{line}\n    hint: {plain(problem.hint)}" if problem.hint else line


def _note_lines(notes: Sequence[FlowProblem]) -> Iterator[str]:
    """Yield one line for all notes with the same message, since most exports have many steps of one component."""
    by_message: dict[str, list[FlowProblem]] = {}
    for note in notes:
        by_message.setdefault(note.message, []).append(note)
    for same in by_message.values():
        yield _line(same[0], f" ({counted(len(same), 'step')})" if len(same) > 1 else "")


def print_problems(problems: Sequence[FlowProblem], form: str) -> None:
    """Print problems to standard output in one of `FORMATS`."""
    if form == "json":
        write_json([problem.to_dict() for problem in problems])
    elif form == "sarif":
        write_json(sarif(problems))
    elif form == "github":
        write("".join(f"{line}\n" for line in github(problems)).encode())
    else:
        click.echo(text(problems).encode("utf-8", "backslashreplace"))


def github(problems: Sequence[FlowProblem]) -> Iterator[str]:
    """Yield problems as workflow commands, which GitHub Actions shows as annotations in the changed files."""
    commands = {"error": "error", "warning": "warning", "note": "notice"}
    for problem in problems:
        yield f"::{commands[problem.severity]} {_properties(problem)}::{_escaped(_full_text(problem))}"


def _properties(problem: FlowProblem) -> str:
    file, line = split_location(problem.location)
    properties = {"file": file, "line": line, "title": problem.rule}
    return ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in properties.items() if value)


def _escaped(value: str, more: str = "") -> str:
    # GitHub has no escapes of its own: percent-encoding is part of its command format.
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in value)


def sarif(problems: Sequence[FlowProblem]) -> dict[str, Any]:
    """Return problems as SARIF 2.1.0, which code-scanning services import."""
    rules = [{"id": rule} for rule in sorted({problem.rule for problem in problems})]
    driver = {"name": "connector flow check", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_sarif_result(problem) for problem in problems]}],
    }


def _sarif_result(problem: FlowProblem) -> dict[str, Any]:
    file, line = split_location(problem.location)
    region = {"region": {"startLine": line}} if line else {}
    location = {"physicalLocation": {"artifactLocation": {"uri": quote(PurePath(file).as_posix())}, **region}}
    return {
        "ruleId": problem.rule,
        "level": problem.severity,
        "message": {"text": _full_text(problem)},
        "locations": [location],
    }


def _full_text(problem: FlowProblem) -> str:
    parts = [*filter(None, (problem.flow, problem.step))]
    message = f"{' / '.join(parts)}: {problem.message}" if parts else problem.message
    return f"{message}\n{problem.hint}" if problem.hint else message


def split_location(location: str) -> tuple[str, int | None]:
    """Return the file and the line of `file:line` or `file:line:column`; a file that cannot be read has no line."""
    match = _LOCATION.match(location)
    assert match is not None  # noqa: S101 - every part of the pattern is optional
    return match["file"], int(match["line"]) if match["line"] else None
