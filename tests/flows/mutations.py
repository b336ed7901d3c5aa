"""Plant faults in integration files: each changes one line and must be reported as an error at that line.

    python -m tests.flows.mutations FOLDER [--seed N] [--each N]

checks the unchanged files of a folder for Prismatic, plants faults of every kind, and prints what was missed.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.common.yaml_source import Place
from connector.component.component import Component, components
from connector.errors import InvalidFlowError
from connector.flows import Flow
from connector.flows.check.references import VisibleSteps
from connector.flows.file.model import FlowDefinition, Integration, Step
from connector.flows.file.step_inputs import name_of
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.values.expressions import Complex, ConfigVariable, Pair, Reference


@dataclass(frozen=True)
class Mutation:
    """A changed file, and the line at which a problem must be reported."""

    text: str
    line: int


@dataclass(frozen=True)
class Source:
    """A file to plant faults in."""

    integration: Integration

    @property
    def lines(self) -> list[str]:
        return self.integration.text.splitlines()

    def line_of(self, place: Place) -> int | None:
        return self.integration.document.lines.get(place)

    def replaced(self, place: Place, old: str, new: str) -> Iterator[Mutation]:
        """Replace a string in the line of a part."""
        line = self.line_of(place)
        if line is None or not old:
            return
        lines = self.lines
        changed = re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", lambda _match: new, lines[line - 1], count=1)
        if changed != lines[line - 1]:
            lines[line - 1] = changed
            yield Mutation("\n".join(lines) + "\n", line)

    def steps(self) -> Iterator[tuple[FlowDefinition, Step]]:
        for flow in self.integration.flows:
            yield from ((flow, step) for step in flow.walk())

    def parts(self) -> Iterator[tuple[FlowDefinition, Step, Reference | ConfigVariable, Place]]:
        """Every reference and config variable of the file, with its path."""
        for flow, step in self.steps():
            visible = VisibleSteps(flow, self.integration)
            for key, expression in step.inputs.items():
                for part, place in visible.located_parts(step, expression, ("inputs", key)):
                    yield flow, step, part, (*step.place, *place)


def renamed_reference(source: Source) -> Iterator[Mutation]:
    for _flow, _step, part, place in source.parts():
        if isinstance(part, Reference):
            yield from source.replaced(place, part.variable, f"{part.variable}Qx")


def unknown_config_variable(source: Source) -> Iterator[Mutation]:
    for _flow, _step, part, place in source.parts():
        if isinstance(part, ConfigVariable) and part.key:
            yield from source.replaced(place, part.key, f"{part.key}Qx")


def item_of_no_loop(source: Source) -> Iterator[Mutation]:
    for _flow, _step, part, place in source.parts():
        if isinstance(part, Reference) and part.path[:1] == ("results",):
            yield from source.replaced(place, f"{part.variable}.results", f"{part.variable}.currentItem")


def connection_as_value(source: Source) -> Iterator[Mutation]:
    variables = source.integration.config_variables
    connections = [variable.key for variable in variables.values() if variable.kind != "value"]
    for _flow, step, part, place in source.parts():
        line = source.lines[(source.line_of(place) or 1) - 1]
        is_value = isinstance(part, ConfigVariable) and part.key in variables and part.key not in connections
        if connections and is_value and (step.kind in BUILT_IN or "{{#" in line):
            yield from source.replaced(place, part.key, connections[0])  # type: ignore[union-attr]


def unknown_action(source: Source) -> Iterator[Mutation]:
    for _flow, step in source.steps():
        if step.kind in BUILT_IN:
            yield from source.replaced((*step.place, "action", "key"), step.action, f"{step.action}Qx")


def _entries(step: Step) -> Iterator[tuple[Pair, Place]]:
    for key in ("conditions", "branchValueMappings"):
        expression = step.inputs.get(key)
        for index, entry in enumerate(expression.items if isinstance(expression, Complex) else ()):
            if isinstance(entry, Pair):
                yield entry, (*step.place, "inputs", key, "value", index)


def wrong_branch(source: Source) -> Iterator[Mutation]:
    for _flow, step in source.steps():
        for entry, place in _entries(step):
            yield from source.replaced((*place, "name"), name_of(entry), f"{name_of(entry)}Qx")


def unknown_operator(source: Source) -> Iterator[Mutation]:
    lines = source.integration.document.lines
    for _flow, step in source.steps():
        for _entry, place in _entries(step):
            for inner in [p for p in lines if p[: len(place)] == place and p[-1] == 0]:
                text = source.lines[lines[inner] - 1]
                operator = re.search(r"\b(equal|exists|isEmpty|isNotEmpty|isTrue|greaterThan|in|doesNotExist)\b", text)
                if operator and not any(p[:-1] == inner for p in lines):
                    yield from source.replaced(inner, operator[0], f"{operator[0]}Qx")


def wrong_expression_type(source: Source) -> Iterator[Mutation]:
    for _flow, step in source.steps():
        for key in step.inputs:
            place = (*step.place, "inputs", key, "type")
            for name in ("value", "reference", "configVar", "template", "complex"):
                line = source.line_of(place)
                if line and re.search(rf"type\W+{name}\b", source.lines[line - 1]):
                    yield from source.replaced(place, name, f"{name}Qx")


def duplicate_step_name(source: Source) -> Iterator[Mutation]:
    for flow, step in source.steps():
        first = flow.steps[0]
        if step is not first:
            yield from source.replaced((*step.place, "name"), step.name, first.name)


def missing_trigger(source: Source) -> Iterator[Mutation]:
    for flow in source.integration.flows:
        yield from source.replaced((*flow.steps[0].place, "isTrigger"), "true", "false")


def missing_required_input(source: Source) -> Iterator[Mutation]:
    for _flow, step in source.steps():
        required = BUILT_IN[step.kind].required if step.kind in BUILT_IN else ()
        for key in required:
            place = (*step.place, "inputs", key)
            line, inputs = source.line_of(place), source.line_of(place[:-1])
            if line and inputs and line != inputs:
                lines = source.lines
                del lines[line - 1 : _end(lines, line)]
                others = len(step.inputs) > 1
                yield Mutation("\n".join(lines) + "\n", inputs) if others else Mutation(source.integration.text, 0)


def step_before_its_source(source: Source) -> Iterator[Mutation]:
    """Move a step to before the step that it refers to."""
    for flow, step, part, place in source.parts():
        siblings = flow.steps
        names = [sibling.variable for sibling in siblings]
        if not isinstance(part, Reference) or step not in siblings or part.variable not in names[1:]:
            continue
        target = siblings[names.index(part.variable)]
        start, line, goal = (source.line_of(p) for p in (step.place, place, target.place))
        if start and line and goal and goal < start:
            lines = source.lines
            block = lines[start - 1 : _end(lines, start)]
            del lines[start - 1 : start - 1 + len(block)]
            lines[goal - 1 : goal - 1] = block
            yield Mutation("\n".join(lines) + "\n", line - start + goal)


def _end(lines: list[str], line: int) -> int:
    """Return the number of lines before the end of the block that begins at a line."""
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    for index in range(line, len(lines)):
        text = lines[index].lstrip()
        if text and len(lines[index]) - len(text) <= indent:
            return index
    return len(lines)


KINDS: Mapping[str, Callable[[Source], Iterator[Mutation]]] = {
    kind.__name__: kind
    for kind in (
        renamed_reference,
        unknown_config_variable,
        item_of_no_loop,
        connection_as_value,
        unknown_action,
        wrong_branch,
        unknown_operator,
        wrong_expression_type,
        duplicate_step_name,
        missing_trigger,
        missing_required_input,
        step_before_its_source,
    )
}


def errors_of(text: str, installed: Mapping[str, Component]) -> dict[int, str]:
    """Return the errors of a file for Prismatic, by line."""
    try:
        problems: list[Any] = [
            p for p in Flow.parse(text, "flow").check(installed, target="prismatic") if p.severity == "error"
        ]
    except InvalidFlowError as error:
        problems = list(error.problems)
    return {int(problem.location.split(":")[1]): problem.message for problem in problems}


def sample(kind: str, sources: list[Source], seed: int, each: int) -> list[Mutation]:
    """Return some mutations of a kind, from as many files as possible."""
    mutations = [[m for m in KINDS[kind](source) if m.line] for source in sources]
    shuffled = random.Random(f"{seed} {kind}")
    for of_file in mutations:
        shuffled.shuffle(of_file)
    chosen: list[Mutation] = []
    while len(chosen) < each and any(mutations):
        files = [of_file for of_file in mutations if of_file]
        shuffled.shuffle(files)
        chosen += [of_file.pop() for of_file in files[: each - len(chosen)]]
    return chosen


def main() -> int:
    """Plant faults in the files of a folder and print what the check missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--each", type=int, default=4)
    options = parser.parse_args()
    installed = components()
    files = sorted(file for file in options.folder.iterdir() if file.suffix in {".yml", ".yaml"})
    sources = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        errors = errors_of(text, installed)
        print(f"{file.name}: {len(errors)} errors")
        for line, message in errors.items():
            print(f"  line {line}: {message}")
        if not errors:
            sources.append(Source(Flow.parse(text).integration))
    missed = 0
    print(f"seed {options.seed}")
    for kind in KINDS:
        planted = sample(kind, sources, options.seed, options.each)
        wrong = [m for m in planted if m.line not in errors_of(m.text, installed)]
        print(f"{kind}: {len(planted)} planted, {len(wrong)} missed")
        for mutation in wrong:
            print(f"  line {mutation.line}: {mutation.text.splitlines()[mutation.line - 1].strip()}")
            print(f"  reported: {errors_of(mutation.text, installed)}")
        missed += len(wrong)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
