"""The line that shows the progress of a command on a terminal."""

from __future__ import annotations

import io
import time

import pytest

from connector.cli import progress
from connector.cli.output import print_line, write
from connector.cli.progress import ProgressLine, duration
from tests.cli.conftest import Terminal


def terminal(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Make standard error a terminal in this test; a fixture would do it before pytest sets its own."""
    content = io.BytesIO()
    monkeypatch.setattr("sys.stderr", Terminal(content, write_through=True))
    monkeypatch.setattr(progress, "REFRESH", 0.01)
    return content


def began(line: ProgressLine) -> float:
    return line._began


def test_line_has_counts_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    line = ProgressLine("rows", 10_000)
    assert line.text(began(line)) == "rows: 0 of 10,000"
    line(1_000)
    line(0, failed=2)

    assert line.text(began(line) + 10) == "rows: 1,000 of 10,000, 2 failed, 100 per s, 1 min 30 s left"


def test_rows_of_an_earlier_process_do_not_count_for_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    line = ProgressLine("rows", 1_000)
    line(0, earlier=900)
    line(5)

    assert line.text(began(line) + 60) == "rows: 905 of 1,000, 5 per min, 19 min left"


def test_total_that_is_not_known_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    line = ProgressLine("records")
    line(400)

    assert line.text(began(line) + 2) == "records: 400, 200 per s"


def test_wait_is_counted_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    line = ProgressLine("rows", 10)
    line.wait(60, "rate limit")
    now = time.monotonic()

    assert line.text(now) == "rows: 0 of 10, rate limited, retrying in 60 s"
    assert line.text(now + 58.6) == "rows: 0 of 10, rate limited, retrying in 1 s"
    assert line.text(now + 61) == "rows: 0 of 10"


def test_narrow_terminal_gets_the_first_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    line = ProgressLine("rows", 10_000)
    line(1_000)

    assert line.text(began(line) + 10) == "rows: 1,000 of 10,000"


def test_lines_are_not_glued_to_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    with progress.progress("rows") as line:
        line(3)
        until = time.monotonic() + 5
        while b"rows: 3" not in screen.getvalue() and time.monotonic() < until:
            time.sleep(0.005)
        print_line("a note")
        write(b"{}\n")

    text = screen.getvalue().decode()
    assert "rows: 3\r\x1b[2Ka note\n" in text
    assert text.endswith(("\r\x1b[2K", "a note\n"))


def test_wait_of_a_single_call_is_counted_down_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    progress.report_wait(0.05, "rate limit")
    until = time.monotonic() + 5
    while progress._lines and time.monotonic() < until:
        time.sleep(0.005)

    text = screen.getvalue().decode()
    assert "rate limited, retrying in 1 s" in text
    assert text.endswith("\r\x1b[2K")
    assert not progress._lines


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (601, "10 min"), (3_900, "1 h 5 min"), (-1, "0 s")],
)
def test_duration_has_its_two_largest_units(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected
