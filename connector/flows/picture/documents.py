"""Whole files: a flow or a run as one HTML page, or as one SVG picture."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from connector.flows.file.model import FlowDefinition, Step
from connector.flows.picture.chart import HATCH, TimelineChart
from connector.flows.picture.markup import Markup, joined, shortened, tag
from connector.flows.picture.steps import StepFacts, flow_html, problem_html
from connector.flows.picture.words import duration, facts_of, state_of
from connector.flows.run_timeline import Timeline

WIDTH, MARGIN, BOX, INDENT = 1250, 20, 44, 26
FLOW_TOP = 64
NAME_LENGTH = 70

_LEGEND = (("span done", "done"), ("span failed", "failed"), ("span ignored", "failed, ignored"), ("wait", "waiting"))


def html_document(flow: FlowDefinition, facts: StepFacts, timeline: Timeline | None = None) -> str:
    """Return a flow, and a run of it, as an HTML page that needs no other file.

    Args:
        flow: The flow.
        facts: What to say about its steps.
        timeline: Timeline of the run.
    """
    parts = [
        tag("h1", tag("bdi", shortened(flow.name, NAME_LENGTH))),
        tag("p", *_summary(flow, timeline), class_="sub"),
    ]
    parts += [problem_html(problem) for problem in facts.problems.get("", ())]
    parts.append(_section("Steps of the flow", flow_html(flow, facts), class_="card canvas"))
    if timeline is not None:
        chart = TimelineChart(timeline).svg()
        parts.append(_section("Timeline", tag("h2", "Timeline"), _legend(), chart))
        if timeline.error:
            parts.append(tag("section", tag("h2", "Error"), tag("p", tag("bdi", timeline.error)), class_="card"))
    head = joined(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", shortened(flow.name, NAME_LENGTH)),
        tag("style", Markup(_style("picture.css"))),
    )
    body = tag("body", tag("main", *parts))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>{body}</html>\n'


def svg_document(flow: FlowDefinition, facts: StepFacts, timeline: Timeline | None = None) -> str:
    """Return a flow, and a run of it, as one SVG picture; see `html_document`."""
    rows, parts = list(_rows(flow.steps, 0)), [Markup(HATCH)]
    parts += [_title_text(flow), tag("text", *_summary(flow, timeline), x=MARGIN, y=50, class_="sub")]
    parts += list(_edges(rows))
    parts += [_box(row, number, facts) for number, row in enumerate(rows)]
    height = FLOW_TOP + BOX * len(rows) + MARGIN
    if timeline is not None:
        chart = TimelineChart(timeline, width=WIDTH - 2 * MARGIN)
        parts.append(tag("text", "Timeline", x=MARGIN, y=height + 14, class_="step-name"))
        parts.append(tag("g", *chart.parts(), transform=f"translate({MARGIN} {height + 26})"))
        height += 26 + chart.height + MARGIN
    svg = tag(
        "svg",
        tag("title", _name(flow)),
        tag("desc", _description(rows, facts, timeline)),
        tag("style", Markup(_style("picture_svg.css"))),
        tag("rect", width=WIDTH, height=height, class_="paper"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
        role="img",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg}\n'


def _section(label: str, *content: Markup, class_: str = "card") -> Markup:
    # A section can be wider than the screen, and is then scrolled by keyboard too.
    return tag("section", *content, class_=class_, aria_label=label, tabindex=0)


class _Row:
    """One line of the picture: a step, or the name of a branch."""

    def __init__(self, depth: int, step: Step | None, label: str = "") -> None:
        self.depth = depth
        self.step = step
        self.label = label


def _rows(steps: Sequence[Step], depth: int) -> Iterator[_Row]:
    for step in steps:
        yield _Row(depth, step)
        yield from _rows(step.steps, depth + 1)
        for branch in step.branches:
            yield _Row(depth + 1, None, branch.name)
            yield from _rows(branch.steps, depth + 2)


def _edges(rows: Sequence[_Row]) -> Iterator[Markup]:
    """Yield a line from each row to the one that leads to it: the last before it that is not deeper."""
    last: dict[int, int] = {}
    for number, row in enumerate(rows):
        same = last.get(row.depth)
        parent = last.get(row.depth - 1)
        is_next = row.step is not None and same is not None and (parent is None or same > parent)
        before = same if is_next else parent
        last[row.depth] = number
        if before is None:
            continue
        top, middle = FLOW_TOP + before * BOX + (BOX - 8 if rows[before].step else 26), FLOW_TOP + number * BOX + 16
        x = _left(rows[before]) + 10
        yield tag("path", d=f"M{x} {top}V{middle}H{_left(row)}", class_="edge")


def _left(row: _Row) -> int:
    return MARGIN + min(row.depth, 20) * INDENT


def _box(row: _Row, number: int, facts: StepFacts) -> Markup:
    x, y = _left(row), FLOW_TOP + number * BOX
    if row.step is None:
        return tag("text", f"[{shortened(row.label, NAME_LENGTH)}]", x=x + 8, y=y + 20, class_="step-name")
    step = row.step
    of_run = None if facts.rows is None else facts.rows.get(step.name)
    state = "" if of_run is None else f"{state_of(of_run)}  {facts_of(of_run)}"
    if of_run is None and facts.rows is not None and not step.is_trigger:
        state = "- not run"
    problems = [f"{problem.severity}: {problem.message}" for problem in facts.problems.get(step.name, ())]
    note = "; ".join(filter(None, [step.kind, state, *problems]))
    return tag(
        "g",
        tag("title", f"{shortened(step.name, NAME_LENGTH)}: {note}"),
        tag("rect", x=x, y=y, width=520, height=BOX - 8, rx=7, class_="box"),
        tag("rect", x=x, y=y, width=4, height=BOX - 8, class_=f"effect {facts.effects.get(step.name, '')}".strip()),
        tag("text", shortened(step.name, NAME_LENGTH), x=x + 14, y=y + 16, class_="step-name"),
        tag("text", shortened(step.kind, NAME_LENGTH), x=x + 14, y=y + 30, class_="sub"),
        tag("text", shortened("  ".join([state, *problems]).strip(), 90), x=x + 532, y=y + 21),
    )


def _title_text(flow: FlowDefinition) -> Markup:
    return tag("text", shortened(flow.name, NAME_LENGTH), x=MARGIN, y=32, class_="title")


def _name(flow: FlowDefinition) -> str:
    return f"Flow {shortened(flow.name, NAME_LENGTH)}"


def _description(rows: Sequence[_Row], facts: StepFacts, timeline: Timeline | None) -> str:
    names = [shortened(row.step.name, NAME_LENGTH) for row in rows if row.step is not None]
    sentence = f"Steps: {', '.join(names[:30])}{' and others' if len(names) > 30 else ''}."
    if timeline is None or facts.rows is None:
        return sentence
    states = [f"{shortened(row.step, NAME_LENGTH)} {state_of(row)}" for row in list(facts.rows.values())[:30]]
    return f"{sentence} The run is {timeline.status}: {', '.join(states)}."


def _summary(flow: FlowDefinition, timeline: Timeline | None) -> Iterator[Markup | str]:
    if timeline is None:
        yield shortened(flow.description, 400)
        return
    if timeline.started is None:
        yield f"Run {timeline.id}: {timeline.status}, submitted {_date(timeline.created)}"
        return
    resumed = f", resumed {len(timeline.resumed)}x" if timeline.resumed else ""
    undone = f", {timeline.undone} writes undone" if timeline.undone else ""
    took, started = duration(timeline.seconds), _date(timeline.started)
    yield f"Run {timeline.id}: {timeline.status} in {took}{resumed}{undone}, started {started}"


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))


def _legend() -> Markup:
    entries = [
        tag("li", tag("svg", tag("rect", width=14, height=10, class_=classes), width=14, height=10), words)
        for classes, words in _LEGEND
    ]
    dot = tag("svg", tag("circle", cx=5, cy=5, r=3, class_="retry"), width=10, height=10)
    return tag("ul", *entries, tag("li", dot, "failed attempt"), class_="legend", aria_hidden="true")


def _style(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
