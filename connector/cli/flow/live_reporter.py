"""The live view of a run on a terminal: a line for each finished step, and below them the running ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.console import Console, RenderableType
from rich.live import Live as Screen
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from connector.cli.flow.reporters import Reporter, format_database_wait, shortened
from connector.cli.output import plain
from connector.flows.run.events import LogEvent, RunEvent, StepEvent

if TYPE_CHECKING:
    from connector.flows.run.events import Event

MARKS = {
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "ignored": ("!", "yellow"),
    "reused": ("=", "cyan"),
    "skipped": ("-", "dim"),
}
LEVELS = {"warn": "yellow", "error": "red"}


@dataclass(slots=True, eq=False)
class _RunningStep:
    """A running step."""

    event: StepEvent
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int | None = None
    ignored: int = 0
    waits: str = ""
    until: float = 0

    def note(self, now: float) -> str:
        """Return what the step does besides running."""
        if now < self.until:
            return f"waiting {self.until - now:.0f} s: {self.waits}"
        attempt = f"attempt {self.event.attempt}" if (self.event.attempt or 1) > 1 else ""
        count = "" if self.total is None else f"{self.done} of {self.total}"
        ignored = f"{self.ignored} ignored" if self.ignored else ""
        return ", ".join(part for part in (count, ignored, attempt) if part)


class LiveReporter(Reporter):
    """Shows the steps of a run while they run."""

    def __init__(self) -> None:
        super().__init__()
        self._running: dict[str, _RunningStep] = {}
        self._spinner = Spinner("dots")
        self._console = Console(stderr=True, highlight=False)
        self._screen = Screen(
            get_renderable=self._view,
            console=self._console,
            transient=True,
            redirect_stdout=False,
            refresh_per_second=10,
        )

    def __enter__(self) -> Self:
        self._screen.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._screen.stop()

    def report(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, LogEvent) and event.level != "debug":
            message = plain(shortened(event.message))
            self._console.print(Text(f"  {event.level}: {message}", style=LEVELS.get(event.level, "")))
        if isinstance(event, RunEvent) and event.state == "waiting":
            self.print_line(format_database_wait(event.seconds, event.reason))
        if isinstance(event, StepEvent):
            self._step(event)

    def print_line(self, text: str) -> None:
        """Show a line."""
        self._console.print(Text(plain(text)))

    def _step(self, event: StepEvent) -> None:
        step = self._running.get(event.path)
        match event.state:
            case "running":
                self._running[event.path] = _RunningStep(event, step.began if step else time.monotonic())
            case "progress" if step:
                step.done, step.total = event.done or 0, event.total
            case "waiting" if step:
                step.waits, step.until = event.reason, time.monotonic() + (event.seconds or 0)
            case "done" | "failed" | "ignored" | "reused" | "skipped":
                self._ended(event, self._running.pop(event.path, None))

    def _ended(self, event: StepEvent, step: _RunningStep | None) -> None:
        around = self._running.get(event.path.loop or "")
        if around is not None:
            around.ignored += event.state == "ignored"
            return
        mark, color = MARKS[event.state]
        line = Text.assemble((mark, color), " ", plain(event.step))
        parts = [step.note(float("inf")) if step else "", "" if event.seconds is None else f"{event.seconds:.2f} s"]
        if event.error or event.state == "skipped":
            parts.append(plain((event.error or event.reason).partition("\n")[0]))
        self._console.print(line.append("".join(f"  {part}" for part in parts if part), "dim"))

    def _view(self) -> RenderableType:
        """Return the running steps, those of loops below their loop."""
        table = Table.grid(padding=(0, 1))
        now = time.monotonic()
        for step in list(self._running.values()):
            table.add_row(*self._row(step, now))
        return table

    def _row(self, step: _RunningStep, now: float) -> Iterator[RenderableType]:
        yield self._spinner
        yield Text("  " * step.event.path.depth + plain(step.event.step))
        yield ProgressBar(total=step.total, completed=step.done, width=20) if step.total else Text("")
        yield Text(step.note(now), "yellow" if now < step.until else "dim")
        yield Text(f"{now - step.began:.0f} s", "dim")
