"""The timeline of a run as SVG: work plain, waits hatched, failed attempts as dots."""

from __future__ import annotations

from markupsafe import Markup

from connector.explorer.charts import duration, nice_step, tag
from connector.flows import Timeline, TimelineRow

LEFT, LINE, HEAD, WIDTH = 260, 24, 22, 1250
INNER = WIDTH - LEFT - 12


def timeline_picture(run: Timeline) -> Markup:
    """Return the timeline of a run; each row is a button for its step."""
    rows = [row for row in run.rows if row.began is not None]
    span = max(run.seconds, 0.001)
    height = HEAD + LINE * len(rows) + 6
    pattern = tag(
        "pattern",
        tag("rect", width=6, height=6, class_="hatch-back"),
        tag("path", d="M0 6L6 0", class_="hatch"),
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    )
    parts = [tag("defs", pattern), *_scale(span, height)]
    parts += [_row(row, HEAD + number * LINE, span) for number, row in enumerate(rows)]
    title = f"Timeline of the run: {len(rows)} rows, {duration(span)}."
    return tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 0 {WIDTH} {height}",
        class_="chart timeline",
        role="group",
        aria_label=title,
    )


def _x(moment: float, span: float) -> float:
    return LEFT + INNER * min(1.0, max(0.0, moment / span))


def _scale(span: float, height: int) -> list[Markup]:
    step = nice_step(span / 5)
    parts = []
    for number in range(int(span * 1.001 / step) + 1):
        x = _x(number * step, span)
        parts.append(tag("line", x1=x, x2=x, y1=HEAD - 4, y2=height - 4, class_="grid"))
        parts.append(tag("text", duration(number * step), x=x, y=12, text_anchor="middle", class_="tick"))
    return parts


def _row(row: TimelineRow, y: int, span: float) -> Markup:
    began = row.began or 0.0
    ended = span if row.ended is None else row.ended
    left, right = _x(began, span), _x(ended, span)
    turns = "".join(f" · {number}" for number in row.iterations)
    name = row.step if len(row.step) <= 34 else f"{row.step[:33]}…"
    count = sum(row.ends.values())
    text = duration(ended - began) + (f" · {count}x" if count > 1 else "")
    fits = right + 8 * len(text) < WIDTH
    parts = [
        tag("rect", x=0, y=y, width=WIDTH, height=LINE, class_="row"),
        tag("text", name + turns, x=4 + 18 * len(row.iterations), y=y + 16, class_="name"),
        _bar(left, right, y, f"span {row.state}{' loop' if row.is_loop else ''}"),
        *(_bar(_x(wait.began, span), _x(wait.began + wait.seconds, span), y, "wait") for wait in row.waits),
        *(tag("circle", cx=_x(moment, span), cy=y + LINE / 2, r=3, class_="retry") for moment in row.retries),
        " ",
        tag(
            "text",
            text,
            x=right + 6 if fits else left - 6,
            y=y + 16,
            text_anchor="start" if fits else "end",
            class_="tick",
        ),
    ]
    waited = f", {row.waited:.1f} s of it waiting" if row.waited else ""
    retried = f", {len(row.retries)} retries" if row.retries else ""
    # It begins with what is visible, as voice control needs it.
    label = f"{name}{turns} {text}, {row.state}{waited}{retried}. {row.text}".strip()
    return tag(
        "g", *parts, class_="line", data_path=row.path, data_of=row.step, tabindex=0, role="button", aria_label=label
    )


def _bar(left: float, right: float, y: int, kind: str) -> Markup:
    return tag("rect", x=left, y=y + 5, width=max(2.5, right - left), height=LINE - 10, rx=3, class_=kind)
