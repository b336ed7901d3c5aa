"""One line on a terminal that shows how far a command is, and the countdown of a wait."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from connector.cli.output import has_colors, print_line, wait_reason

REFRESH = 0.2
CLEAR = "\r\x1b[2K"

_lock = threading.RLock()
_lines: list[ProgressLine] = []


class ProgressLine:
    """Counts finished things and shows them in one line, which is cleared at the end.

    Args:
        noun: What is counted; without one, only waits are shown.
        total: Number of all things, if it is known.
    """

    def __init__(self, noun: str = "", total: int | None = None) -> None:
        self.total = total
        self.failed = 0
        self._noun = noun
        self._done = self._earlier = 0
        self._began = time.monotonic()
        self._waits_until = 0.0
        self._reason = ""
        self._is_drawn = False
        self._ended = threading.Event()

    def __call__(self, done: int = 1, *, failed: int = 0, earlier: int = 0) -> None:
        """Add to the counts; what was done earlier does not count for the rate."""
        self._done += done + earlier
        self._earlier += earlier
        self.failed += failed

    def wait(self, seconds: float, reason: str) -> None:
        """Count down a wait that begins now."""
        until = time.monotonic() + seconds
        if until > self._waits_until:
            self._waits_until, self._reason = until, wait_reason(reason)

    def text(self, now: float) -> str:
        """Return the line, with as many of its parts as a terminal has room for."""
        parts = self._counts(now) if self._noun else []
        if now < self._waits_until:
            parts.insert(1, f"{self._reason}, retrying in {max(1, round(self._waits_until - now))} s")
        width = shutil.get_terminal_size().columns - 1
        while len(parts) > 1 and len(", ".join(parts)) > width:
            parts.pop()
        return ", ".join(parts)[:width]

    def show(self) -> None:
        """Redraw the line until `close`, or the end of the wait that is all it shows."""
        thread = threading.Thread(target=self._refresh, daemon=True)
        thread.start()

    def clear(self) -> None:
        """Remove the line from the screen."""
        if self._is_drawn:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
            self._is_drawn = False

    def close(self) -> None:
        """Remove the line for good."""
        self._ended.set()
        with _lock:
            self.clear()
            if self in _lines:
                _lines.remove(self)

    def _counts(self, now: float) -> list[str]:
        of_total = f" of {self.total:,}" if self.total is not None else ""
        parts = [f"{self._noun}: {self._done:,}{of_total}"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        finished, elapsed = self._done - self._earlier, now - self._began
        if finished and elapsed >= 1:
            rate = finished / elapsed
            parts.append(f"{rate:,.0f} per s" if rate >= 1 else f"{60 * rate:,.0f} per min")
            if self.total is not None:
                parts.append(f"{duration((self.total - self._done) / rate)} left")
        return parts

    def _refresh(self) -> None:
        while not self._ended.is_set():
            now = time.monotonic()
            with _lock:
                if not self._ended.is_set() and (text := self.text(now)):
                    sys.stderr.write(CLEAR + text)
                    sys.stderr.flush()
                    self._is_drawn = True
            if not self._noun and now >= self._waits_until:
                self.close()
            self._ended.wait(REFRESH)


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: `1 h 5 min`, `4 min`, or `20 s`."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes >= 10 else f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def progress(noun: str, total: int | None = None, *, prints: bool = True) -> Iterator[ProgressLine]:
    """Show a running count on standard error, if that is a terminal to which nothing else is printed."""
    line = ProgressLine(noun, total)
    if has_colors(sys.stderr) and not (prints and sys.stdout.isatty()):
        _lines.append(line)
        line.show()
    try:
        yield line
    finally:
        line.close()


@contextmanager
def hidden() -> Iterator[None]:
    """Remove the line from the screen while a block writes to the terminal."""
    with _lock:
        for line in _lines:
            line.clear()
        yield


def report_wait(seconds: float, reason: str) -> None:
    """Count down a wait on a terminal; elsewhere print its length."""
    if not has_colors(sys.stderr):
        print_line(f"{wait_reason(reason).capitalize()}, retrying in {seconds:.3g} s")
        return
    with _lock:
        if not _lines:
            _lines.append(ProgressLine())
            _lines[-1].show()
        for line in _lines:
            line.wait(seconds, reason)
