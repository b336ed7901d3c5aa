"""Private files: creating, replacing, and locking them."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import IO, Any

from pydantic_core import from_json, to_json


def private_folder(path: Path) -> Path:
    """Make a folder that only its user can read."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its user can read, for `os` functions; one that others could read no longer is."""
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o600)
    mode = os.fstat(handle).st_mode
    # The mode of os.open is for new files only. A device such as /dev/stderr must keep its own.
    if stat.S_ISREG(mode) and mode & 0o077 and hasattr(os, "fchmod"):
        os.fchmod(handle, 0o600)
    return handle


def write_private(path: Path, content: bytes) -> None:
    """Replace a private file. Readers see the old content or the new, even if the process is killed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def lock(file: IO[Any] | int, *, wait: bool = False) -> bool:
    """Lock a file until it is closed or the process ends. Return False if another process holds the lock."""
    handle = file if isinstance(file, int) else file.fileno()
    try:
        _lock(handle, wait=wait)
    except OSError:
        return False
    return True


if sys.platform == "win32":  # pragma: no cover - no Windows in the tests
    import msvcrt

    _BEYOND = 0x7FFF_0000

    def _lock(handle: int, *, wait: bool) -> None:
        position = os.lseek(handle, 0, os.SEEK_CUR)
        os.lseek(handle, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(handle, position, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def reason_of(error: OSError) -> str:
    """Return why the operating system rejected a file: `no such file or directory`."""
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def dump_line(value: Any) -> bytes:
    """Return a value as one line of JSON; values without a JSON form become strings."""
    try:
        return to_json(value, inf_nan_mode="constants", fallback=str) + b"\n"
    except (ValueError, RecursionError):
        import json

        # pydantic's to_json rejects lone surrogates and deep nesting; json accepts both.
        return json.dumps(value, default=str).encode() + b"\n"


def parse_line(line: bytes) -> Any:
    """Return the value of a line of JSON.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return from_json(line)
    except ValueError:
        import json

        return json.loads(line)
