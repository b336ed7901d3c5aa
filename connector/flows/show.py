"""Draw flows and traces of runs: as a tree for the terminal, or as mermaid for documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.flows.file.model import FlowDefinition, Step

Trace = Sequence[Mapping[str, Any]]
"""The lines of a trace; see `connector.flows.run.trace.read_trace`."""

STATE_MARKS = {"done": "✓", "failed": "✗", "ignored": "!", "reused": "=", "skipped": "-", "running": "…", "killed": "?"}


class _StepSummary:
    """Summary of one step in a trace."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self.waited = 0.0
        self.attempts = 0
        self.state = ""
        self.error = ""
        self.pages_left = False
        self.stubbed = False

    def add(self, line: Mapping[str, Any]) -> None:
        self.count += line.get("count", 1)
        self.pages_left |= line.get("pagesLeft", False)
        self.stubbed |= line.get("stubbed", False)
        self.seconds += line["seconds"]
        self.waited += line["waited"]
        self.attempts += line["attempts"]
        worse = {"failed": 3, "ignored": 2, "done": 1, "reused": 0}
        if worse.get(line["state"], 0) >= worse.get(self.state, 0):
            self.state = line["state"]
            self.error = line.get("error", "") or self.error

    def text(self) -> str:
        parts = [STATE_MARKS.get(self.state, "?")]
        if self.count > 1:
            parts.append(f"{self.count}x")
        parts.append(f"{self.seconds:.2f} s")
        if self.waited >= 0.005:
            parts.append(f"waiting {self.waited:.2f} s")
        if self.attempts > self.count:
            parts.append(f"{self.attempts} attempts")
        if self.stubbed:
            parts.append("stubbed")
        if self.pages_left:
            parts.append("more pages left")
        if self.error:
            parts.append(self.error.splitlines()[0])
        return "  ".join(parts)


def tree(flow: FlowDefinition, trace: Trace = ()) -> str:
    """Return a flow as an indented tree.

    Args:
        flow: Flow to draw.
        trace: Trace of a run of this flow. Adds state, duration, and attempts to each step.
    """
    ran = _by_step(trace)
    lines = [flow.name, *_tree_lines(flow.steps, "", ran, traced=bool(trace))]
    lines += [f"{line['state']} in {line.get('seconds', 0):.2f} s" for line in trace if _is_end(line)]
    return "\n".join(lines)


def _tree_lines(steps: Sequence[Step], indent: str, ran: Mapping[str, _StepSummary], *, traced: bool) -> Iterator[str]:
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        yield indent + ("└─ " if last else "├─ ") + _label(step, ran, traced=traced)
        inner = indent + ("   " if last else "│  ")
        yield from _tree_lines(step.steps, inner, ran, traced=traced)
        for number, branch in enumerate(step.branches):
            ends = number == len(step.branches) - 1
            yield inner + ("└─ " if ends else "├─ ") + f"[{branch.name}]"
            yield from _tree_lines(branch.steps, inner + ("   " if ends else "│  "), ran, traced=traced)


def _label(step: Step, ran: Mapping[str, _StepSummary], *, traced: bool) -> str:
    text = f"{step.name} ({step.kind})"
    if step.on_error.kind != "fail":
        text += f" [on error: {step.on_error.kind}]"
    if step.name in ran:
        return f"{text}  {ran[step.name].text()}"
    return f"{text}  - not run" if traced and not step.is_trigger else text


def mermaid(flow: FlowDefinition, trace: Trace = ()) -> str:
    """Return a flow as a mermaid flowchart.

    Args:
        flow: Flow to draw.
        trace: Trace of a run of this flow. Failed steps become red, steps that did not run become gray.
    """
    drawing = _Mermaid(_by_step(trace))
    drawing.steps(flow.steps, [])
    lines = ["flowchart TD", *drawing.lines]
    if trace:
        lines += ["classDef failed fill:#f9d0d0,stroke:#c00", "classDef skipped fill:#eee,stroke:#999,color:#666"]
        lines += drawing.classes
    return "\n    ".join(lines)


class _Mermaid:
    def __init__(self, ran: Mapping[str, _StepSummary]) -> None:
        self.ran = ran
        self.lines: list[str] = []
        self.classes: list[str] = []
        self._count = 0

    def steps(self, steps: Sequence[Step], sources: list[str]) -> list[str]:
        """Draw steps in order and return the open arrows at their end."""
        for step in steps:
            node = self._node(step)
            self.lines += [f"{source} {node}" for source in sources]
            sources = self._inside(step, node)
        return sources

    def _node(self, step: Step) -> str:
        self._count += 1
        name = f"s{self._count}"
        shape = '(["{}"])' if step.is_trigger else '{{"{}"}}' if step.branches else '["{}"]'
        label = step.name.replace('"', "#quot;")
        if step.name in self.ran:
            label += f"<br/>{self.ran[step.name].seconds:.2f} s"
        self.lines.append(name + shape.replace("{{", "{").replace("}}", "}").replace("{}", label, 1))
        state = self.ran[step.name].state if step.name in self.ran else "skipped"
        if state in {"failed", "skipped"} and not step.is_trigger:
            self.classes.append(f"class {name} {state}")
        return name

    def _inside(self, step: Step, node: str) -> list[str]:
        if step.steps:
            ends = self.steps(step.steps, [f'{node} -- "each" -->'])
            self.lines += [f'{end.split(" ")[0]} -. "next" .-> {node}' for end in ends]
            return [f'{node} -- "after" -->']
        if not step.branches:
            return [f"{node} -->"]
        ends = []
        for branch in step.branches:
            label = branch.name.replace('"', "#quot;")
            ends += self.steps(branch.steps, [f'{node} -- "{label}" -->'])
        return ends


def _by_step(trace: Iterable[Mapping[str, Any]]) -> dict[str, _StepSummary]:
    by_step: dict[str, _StepSummary] = {}
    for line in trace:
        if line["type"] == "step":
            by_step.setdefault(line["step"], _StepSummary()).add(line)
    return by_step


def _is_end(line: Mapping[str, Any]) -> bool:
    return bool(line["type"] == "run" and line["state"] != "started")
