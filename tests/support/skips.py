"""No test is skipped unnoticed: with `--allowed-skips FILE` a run fails when more are skipped than the file allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest


class SkipLimits:
    """A plugin that compares the skipped tests with the allowed numbers."""

    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits
        self.excess: list[str] = []

    @classmethod
    def from_file(cls, path: Path) -> SkipLimits:
        """Read lines of COUNT REASON; `#` begins a comment."""
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        pairs = [line.split(maxsplit=1) for line in lines]
        return cls({reason: int(count) for count, reason in pairs})

    def check(self, reasons: Iterable[str]) -> list[str]:
        """Return a line for each reason that skips more tests than allowed."""
        counts = Counter(self._limit_of(reason) for reason in reasons)
        return [
            f"{count} tests skipped, {self.limits.get(reason, 0)} allowed: {reason}"
            for reason, count in counts.items()
            if count > self.limits.get(reason, 0)
        ]

    def _limit_of(self, reason: str) -> str:
        return next((limit for limit in self.limits if reason.startswith(limit)), reason)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run when too many tests were skipped."""
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:  # a worker, whose controller counts
            return
        self.excess = self.check(reason_of(report) for report in reporter.getreports("skipped"))
        if self.excess and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the number of skipped tests and what is beyond the limits."""
        terminalreporter.write_line(f"skipped tests: {len(terminalreporter.getreports('skipped'))}")
        for line in self.excess:
            terminalreporter.write_line(line, red=True)


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the reason of a skipped report, which is (file, line, "Skipped: REASON")."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
