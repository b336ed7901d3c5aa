"""Pictures as SVG without script and style: colors by class, and a text for those who cannot see them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.flows.picture.chart import nice_step
from connector.flows.picture.markup import Markup, tag

COLORS = 6
"""Number of colors of series in the style sheet."""

Link = Callable[[str, str, str], str]
"""From `source` or `target`, the name of a group, and its kind to the address of its link."""


def bars(times: Sequence[str], series: Mapping[str, Sequence[int]], *, width: int = 1090, height: int = 210) -> Markup:
    """Return stacked bars over time.

    Args:
        times: Start of each bar, in ISO 8601.
        series: Numbers by name, one for each time.
        width: Width of the picture.
        height: Height of the picture.
    """
    totals = [sum(values[number] for values in series.values()) for number in range(len(times))]
    top = nice_step(max(totals, default=0) or 1)
    left, upper = 46, 8
    inner_width, inner_height = width - left - 4, height - 22 - upper
    step = inner_width / max(1, len(times))
    parts = list(_scale(top, left=left, right=width - 4, upper=upper, height=inner_height))
    every = max(1, math.ceil(len(times) / 8))
    for number, time in enumerate(times):
        values = {name: counts[number] for name, counts in series.items()}
        x = left + number * step
        parts.append(
            _bar(
                time,
                values,
                x=x + step * 0.12,
                width=step * 0.76,
                bottom=upper + inner_height,
                scale=inner_height / top,
            )
        )
        if number % every == 0:
            text = time[5:10] if len(times) <= 60 else time[5:16]
            parts.append(tag("text", text, x=x + step / 2, y=height - 6, text_anchor="middle", class_="tick"))
    title = f"Numbers over time: {len(times)} bars, {sum(totals):,} in all, {max(totals, default=0):,} at most."
    return tag("svg", tag("title", title), *parts, viewBox=f"0 0 {width} {height}", role="img", class_="chart")


def _scale(top: float, *, left: int, right: int, upper: int, height: int) -> Iterable[Markup]:
    for quarter in range(5):
        y = upper + height * (1 - quarter / 4)
        yield tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid")
        yield tag("text", short_number(top * quarter / 4), x=left - 6, y=y + 3.5, text_anchor="end", class_="tick")


def _bar(time: str, values: Mapping[str, int], *, x: float, width: float, bottom: float, scale: float) -> Markup:
    parts, y = [], bottom
    for number, count in enumerate(values.values()):
        tall = count * scale
        y -= tall
        color = f"s{number % COLORS}"
        parts.append(tag("rect", x=x, y=y, width=max(1.0, width), height=max(0.0, tall), class_=color))
    listed = ", ".join(f"{name} {count:,}" for name, count in values.items())
    title = f"{time[:16].replace('T', ' ')}: {sum(values.values()):,} ({listed})"
    return tag("g", tag("title", title), *parts, class_="bar")


@dataclass
class _Node:
    """A group on one side of the ribbons; `next` is where its next ribbon begins."""

    name: str
    kind: str
    count: int
    y: float
    height: float
    next: float


GAP, LEAST, COLUMN = 10, 16, 250


def ribbons(
    sources: Sequence[tuple[str, int]],
    targets: Sequence[tuple[str, str, int]],
    ways: Mapping[tuple[str, str], tuple[int, int]],
    *,
    link: Link | None = None,
    into: str = "",
    width: int = 1090,
) -> Markup:
    """Return which groups of sources lead to which targets; the width of a ribbon is the number of ways.

    Args:
        sources: Name and number of each group on the left.
        targets: Name, kind, and number of each group on the right. The kind is a class of the style sheet:
            `destination`, `warehouse`, or `nothing`.
        ways: Number of ways, and of those that are disabled, by the names of both groups.
        link: Returns the address of the link on a group.
        into: `data-into` of these links, such as `#matches`.
        width: Width of the picture.
    """
    rows = max(len(sources), len(targets))
    height = max(160.0, 30.0 * rows + 20)
    total = max(1, sum(count for _, count in sources), sum(count for *_, count in targets))
    scale = max(0.0, height - GAP * (rows - 1) - LEAST * rows) / total
    left = _stack([(name, "source", count) for name, count in sources], height, scale)
    right = _stack(targets, height, scale)
    drawn = []
    for (source, target), (count, disabled) in sorted(ways.items(), key=lambda way: -way[1][0]):
        of_source = sum(way[0] for (name, _), way in ways.items() if name == source)
        drawn.append(
            _ribbon(left[source], right[target], count=count, disabled=disabled, of_source=of_source, width=width)
        )
    nodes = [_drawn_node(node, width, link, into, on_left=True) for node in left.values()]
    nodes += [_drawn_node(node, width, link, into, on_left=False) for node in right.values()]
    listed = "; ".join(f"{source} to {target}: {count:,}" for (source, target), (count, _) in list(ways.items())[:12])
    title = tag("title", f"Map of the workspace. {listed}")
    return tag("svg", title, *drawn, *nodes, viewBox=f"0 0 {width} {height:.0f}", class_="chart map")


def _stack(groups: Iterable[tuple[str, str, int]], height: float, scale: float) -> dict[str, _Node]:
    entries = list(groups)
    tall = sum(LEAST + count * scale for *_, count in entries) + GAP * (len(entries) - 1)
    y, nodes = (height - tall) / 2, {}
    for name, kind, count in entries:
        size = LEAST + count * scale
        nodes[name] = _Node(name, kind, count, y, size, y)
        y += size + GAP
    return nodes


def _drawn_node(node: _Node, width: int, link: Link | None, into: str, *, on_left: bool) -> Markup:
    x = COLUMN if on_left else width - COLUMN - 8
    name = node.name if len(node.name) <= 30 else f"{node.name[:29]}…"
    text = tag(
        "text",
        name,
        tag("tspan", f"  {node.count:,}", class_="count"),
        x=x - 8 if on_left else x + 16,
        y=node.y + node.height / 2 + 4,
        text_anchor="end" if on_left else "start",
        class_=f"name {node.kind}",
    )
    box = tag("rect", x=x, y=node.y, width=8, height=node.height, rx=2, class_=f"node {node.kind}")
    group = tag("g", tag("title", f"{node.name}: {node.count:,}"), box, text)
    if link is None:
        return group
    return tag("a", group, href=link("source" if on_left else "target", node.name, node.kind), data_into=into or None)


def _ribbon(source: _Node, target: _Node, *, count: int, disabled: int, of_source: int, width: int) -> Markup:
    begins = source.height * count / max(1, of_source)
    ends = target.height * count / max(1, target.count)
    left, right, middle = COLUMN + 8, width - COLUMN - 8, width / 2
    upper, lower = source.next, target.next
    source.next += begins
    target.next += ends
    path = (
        f"M{left} {upper:.1f}C{middle} {upper:.1f} {middle} {lower:.1f} {right} {lower:.1f}"
        f"L{right} {lower + ends:.1f}C{middle} {lower + ends:.1f} {middle} {upper + begins:.1f} {left} "
        f"{upper + begins:.1f}Z"
    )
    note = f"{source.name} to {target.name}: {count:,}" + (f", {disabled:,} of them disabled" if disabled else "")
    kind = "disabled" if target.kind != "nothing" and disabled * 2 > count else target.kind
    return tag("path", tag("title", note), d=path, class_=f"ribbon {kind}")


def short_number(number: float) -> str:
    """Return a number in four characters or so, such as `1.5k`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"
