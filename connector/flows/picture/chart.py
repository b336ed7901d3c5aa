"""The timeline of a run as SVG: bars for steps, hatched waits, and a dot for each failed attempt."""

from __future__ import annotations

import math
from collections.abc import Iterator

from connector.flows.picture.markup import Markup, tag
from connector.flows.picture.words import description, duration, name_of
from connector.flows.run_timeline import Timeline, TimelineRow
from connector.flows.show import STATE_MARKS

LEFT, LINE, HEAD = 260, 24, 22

HATCH = tag(
    "defs",
    tag(
        "pattern",
        tag("rect", width=6, height=6, class_="hatch-back"),
        tag("path", d="M0 6L6 0", class_="hatch"),
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    ),
)


class TimelineChart:
    """Draws the rows of a timeline.

    Args:
        timeline: The timeline.
        width: Width of the picture.
        is_interactive: Whether a row can be chosen: it gets the role of a button, `data-path`, and `data-of`, its step.
    """

    def __init__(self, timeline: Timeline, *, width: int = 1250, is_interactive: bool = False) -> None:
        self._timeline = timeline
        self._width = width
        self._is_interactive = is_interactive
        self._span = max(timeline.seconds, 0.001)
        self.rows = timeline.rows
        self.height = HEAD + LINE * len(self.rows) + 6

    def svg(self) -> Markup:
        """Return the picture as an element of a page."""
        return tag(
            "svg",
            tag("title", self.title),
            *self.parts(),
            viewBox=f"0 0 {self._width} {self.height}",
            class_="chart timeline",
            role="group" if self._is_interactive else "img",
            aria_label=self.title,
        )

    @property
    def title(self) -> str:
        """What the picture shows."""
        return f"Timeline of the run: {len(self.rows)} rows, {duration(self._span)}."

    def parts(self) -> Iterator[Markup]:
        """Yield the elements of the picture."""
        yield HATCH
        yield from self._scale()
        for number, row in enumerate(self.rows):
            yield self._row(row, HEAD + number * LINE)

    def _x(self, seconds: float) -> float:
        return LEFT + (self._width - LEFT - 16) * min(1.0, max(0.0, seconds / self._span))

    def _scale(self) -> Iterator[Markup]:
        step = nice_step(self._span / 5)
        for number in range(int(self._span / step) + 1):
            x = self._x(number * step)
            yield tag("line", x1=x, x2=x, y1=HEAD - 4, y2=self.height - 4, class_="grid")
            yield tag(
                "text", duration(number * step) if number else "0", x=x, y=12, text_anchor="middle", class_="tick"
            )
        for moment in self._timeline.resumed:
            x = self._x(moment)
            note = tag("title", f"resumed at {duration(moment)}")
            yield tag("line", note, x1=x, x2=x, y1=HEAD - 4, y2=self.height - 4, class_="resumed")

    def _row(self, row: TimelineRow, y: float) -> Markup:
        ends_at = row.ended if row.ended is not None else self._timeline.seconds
        begin, end = self._x(row.began or 0), self._x(ends_at)
        indent = 4 + 18 * len(row.iterations)
        parts = [
            *([] if self._is_interactive else [tag("title", description(row))]),
            tag("rect", x=0, y=y, width=self._width, height=LINE, class_="row"),
            tag("text", name_of(row), x=indent, y=y + 16, class_="name"),
            _bar(begin, end, y, f"span {row.outcome}{' loop' if row.is_loop else ''}"),
            *(_bar(self._x(wait.began), self._x(wait.began + wait.seconds), y, "wait") for wait in row.waits),
            *(tag("circle", cx=self._x(moment), cy=y + LINE / 2, r=3, class_="retry") for moment in row.retries),
            " ",
            self._label(row, begin, end, y + 16),
        ]
        if not self._is_interactive:
            return tag("g", *parts)
        data = {"data_path": row.path, "data_of": row.step, "tabindex": 0, "role": "button"}
        # It begins with what is visible, as voice control needs it.
        label = f"{name_of(row)} {_words(row)}, {description(row)}"
        return tag("g", *parts, class_="line", aria_label=label, **data)

    def _label(self, row: TimelineRow, begin: float, end: float, y: float) -> Markup:
        words = _words(row)
        if end + 6 + 7 * len(words) < self._width:
            return tag("text", words, x=end + 6, y=y, class_="tick")
        return tag("text", words, x=begin - 6, y=y, text_anchor="end", class_="tick")


def _words(row: TimelineRow) -> str:
    count = sum(row.ends.values())
    mark = "" if row.outcome == "done" else f"{STATE_MARKS.get(row.outcome, '…')} "
    return mark + duration(row.seconds) + (f" · {count:,}x" if count > 1 else "")


def _bar(begin: float, end: float, y: float, classes: str) -> Markup:
    return tag("rect", x=begin, y=y + 5, width=max(2.5, end - begin), height=LINE - 10, rx=3, class_=classes)


def nice_step(value: float) -> float:
    """Return the next round number that is not less than a positive one."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value * 0.999)
