"""Snapshots of runs: what each step got and returned, without what differs from run to run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.flows import Run

PARTS = ("path", "step", "action", "state", "stubbed", "branch", "reason", "inputs", "results", "error")
"""Parts of a line of a trace that a snapshot has; times and numbers of attempts are left out."""

_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
_LOOPBACK = re.compile(r"\b(?:127\.0\.0\.1|localhost|\[::1\]):\d+")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_TOKEN = re.compile(r"\b(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])[A-Za-z0-9]{20,27}\b")
_RUN = re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b")


def assert_snapshot(run: Run, path: str | Path) -> None:
    """Compare the steps of a run with those in a file; without the file, write it and fail.

    Times are replaced by `<time>`, hosts on loopback by `<host>`, and IDs by `<id 1>`, `<id 2>`, ... in the order in
    which they appear, so that an ID that is passed on can be recognized. IDs are what the sandboxes of the run
    generated, UUIDs, and IDs like Segment's of 20 to 27 letters and digits. To accept a change, delete the file, run
    the test, and review the new file.

    Args:
        run: A run of `run_flow`.
        path: File of the snapshot.

    Raises:
        AssertionError: If the steps differ, or there was no file.
    """
    file = Path(path)
    text = snapshot(run)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        msg = f"wrote the snapshot {file}; review it, and run the test again"
        raise AssertionError(msg)
    expected = file.read_text(encoding="utf-8")
    if text != expected:
        lines = unified_diff(expected.splitlines(), text.splitlines(), str(file), "this run", lineterm="")
        msg = "\n".join(["the run differs from its snapshot; delete the file to accept the change", *lines])
        raise AssertionError(msg)


def snapshot(run: Run) -> str:
    """Return the steps of a run as JSON, normalized; see `assert_snapshot`."""
    lines = [{part: line[part] for part in PARTS if part in line} for line in run.trace if line["type"] == "step"]
    return json.dumps(_Normalized(run.generated).value(lines), indent=2, ensure_ascii=False) + "\n"


class _Normalized:
    """Replaces what differs from run to run."""

    def __init__(self, generated: frozenset[str]) -> None:
        self._ids: dict[str, str] = {}
        # A prefix such as `tp_` stays, and so does a word in which a short generated text is only a part.
        choices = "|".join(map(re.escape, sorted(generated)))
        self._generated = re.compile(rf"(?<![A-Za-z0-9])(?:{choices or '(?!)'})(?![A-Za-z0-9])")

    def value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.value(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        replacements: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
            (_TIME, "<time>"),
            (_LOOPBACK, "<host>"),
            (_RUN, "<run>"),
            (self._generated, self._id),
            (_UUID, self._id),
            (_TOKEN, self._id),
        )
        for pattern, replacement in replacements:
            text = pattern.sub(replacement, text)
        return text

    def _id(self, match: re.Match[str]) -> str:
        return self._ids.setdefault(match[0], f"<id {len(self._ids) + 1}>")
