"""The page about errors and exit codes."""

from __future__ import annotations

from collections.abc import Iterator

from connector.describe.docs import NOTE
from connector.errors import OUTCOMES, ConnectorError

EXIT_CODES = {
    0: "success",
    1: "unexpected error, problems found by a check, or a condition that you asked for is not met",
    2: "invalid usage or input",
    3: "setup or connection",
    4: "rejected by the API",
    5: "temporary failure, try again later",
    6: "write with an unknown outcome: check before you run it again",
    130: "interrupted by Ctrl-C",
    143: "ended by SIGTERM",
}


def errors_page() -> str:
    """Return the page about all errors, in Markdown."""
    lines = [NOTE, "", "# Errors and exit codes", ""]
    lines += [
        "Every error of the package is a `connector.ConnectorError`. Catch a class of `connector.errors`, or look"
    ]
    lines += ["at `error.repeatable`: may a program simply run the same call again? The HTTP status is the one with"]
    lines += ["which `connector serve` returns.", "", "| Class | Meaning | Exit code | HTTP status | Repeatable |"]
    lines += ["|---|---|---|---|---|", *_rows(ConnectorError, 0), ""]
    lines += ["A step of a flow ends with the exit code of its cause.", "", "## Exit codes", ""]
    lines += ["| Code | Meaning |", "|---|---|", *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())]
    lines += ["", "## JSON", ""]
    lines += [
        "`error.to_dict()`, `--error-format json`, and `connector serve` use one shape. Empty parts are left out:"
    ]
    lines += ["", "```json"]
    lines += ['{"error": {"type": "NotFoundError", "message": "not found (404)", "hint": "Check the IDs ...",']
    lines += ['           "action": "getSource", "repeatable": false, "method": "GET", "path": "/sources/x",']
    lines += ['           "status": 404, "errors": [{"type": "not-found", "message": "..."}]}}', "```"]
    return "\n".join(lines) + "\n"


def _rows(kind: type[ConnectorError], depth: int) -> Iterator[str]:
    outcome = OUTCOMES[kind]
    meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    indent = "&nbsp;&nbsp;" * depth
    repeatable = "yes" if outcome.repeatable else "no"
    exit_code = "its cause's" if kind.__name__ == "StepError" else outcome.exit_code
    yield f"| {indent}`{kind.__name__}` | {meaning} | {exit_code} | {outcome.http_status} | {repeatable} |"
    # A class with two bases, such as TLSError, is listed below the one that says what to do about it.
    for child in (each for each in OUTCOMES if _parent(each) is kind):
        yield from _rows(child, depth + 1)


def _parent(kind: type[ConnectorError]) -> type[ConnectorError] | None:
    bases = [base for base in kind.__bases__ if base in OUTCOMES]
    return bases[-1] if bases else next((base for base in kind.__mro__[1:] if base in OUTCOMES), None)
