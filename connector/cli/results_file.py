"""The file that `--output` of a bulk run names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.cli.files import STANDARD_INPUT
from connector.cli.output import write
from connector.common.private_files import open_private, reason_of
from connector.errors import UsageError

_RESULT = re.compile(rb'\{"row": ?\d+, ?"status": ?"')
"""The beginning of a line of results; a process that was killed may have cut it off later."""


def check_results_file(path: str | None, read_files: Mapping[str, str]) -> None:
    """Check that a bulk run may replace a file: it is new, empty, or holds earlier results.

    Args:
        path: File of `--output`.
        read_files: Files that other options read, by option.

    Raises:
        UsageError: If another option reads the file, or it holds something else.
    """
    file = Path(path or STANDARD_INPUT).expanduser()
    if path in (None, STANDARD_INPUT) or not file.is_file():
        return
    for option, other in read_files.items():
        if Path(other).expanduser().exists() and file.samefile(Path(other).expanduser()):
            raise UsageError(f"--output is the file of {option}", hint="Choose another file.")
    try:
        with file.open("rb") as content:
            first = content.read(100)
    except OSError as error:
        raise _cannot_write(path, error) from None
    if first and not _RESULT.match(first):
        raise UsageError(f"{path} exists and holds no results", hint="Choose another file, or delete this one.")


@contextmanager
def results_file(path: str | None) -> Iterator[Callable[[bytes], Any]]:
    """Yield the function that writes a line of results. A resumed run writes the lines of all rows again.

    Earlier results are removed when the first line is written, so that a run that is rejected leaves them. A new file
    is removed if an error comes before the first line.

    Raises:
        UsageError: If the file cannot be written.
    """
    if path in (None, STANDARD_INPUT):
        yield write
        return
    target = Path(str(path)).expanduser()
    is_new = not target.exists()
    try:
        # Results can hold secrets, such as the write keys of a new source.
        file = os.fdopen(open_private(target, os.O_WRONLY | os.O_CREAT), "wb")
    except OSError as error:
        raise _cannot_write(path, error) from None
    is_written = False

    def write_line(line: bytes) -> None:
        nonlocal is_written
        if not is_written and file.seekable():
            file.truncate(0)
        is_written = True
        file.write(line)

    try:
        with file:
            yield write_line
            write_line(b"")
    finally:
        if is_new and not is_written:
            target.unlink(missing_ok=True)


def _cannot_write(path: str | None, error: OSError) -> UsageError:
    return UsageError(f"cannot write {path}: {reason_of(error)}", hint="Choose another file.")
