"""The page about Prismatic's own steps that run locally."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from connector.component.component import Component
from connector.describe.docs import NOTE
from connector.flows.run.components import components_by_key
from connector.flows.run.stubs import HTTP
from connector.flows.steps.builtin_steps import BUILT_IN, UNSUPPORTED
from connector.flows.steps.persisted_values import SCOPES

INTRODUCTION = """\
# Steps

Besides the actions of installed components, a local run performs these steps of Prismatic's own components. Required
inputs are bold. A step of any other component needs a [stub](../flows.md), or a component of your own.

Steps marked with * need the extra `code`: `pip install 'segment-connector[code]'`. Their JavaScript and JSON Schemas
run in a process of their own, with limits of time, memory, and output, and without access to files or the network.
"""

SCOPE = "SCOPE"
"""Stands for a scope of persisted values, of which each action has a variant."""


def steps_page() -> str:
    """Return the page in Markdown."""
    lines = [NOTE, "", INTRODUCTION]
    for component, kinds in groupby(BUILT_IN, key=lambda kind: kind.partition(".")[0]):
        lines += [f"## {component}", "", *_table(_built_in(kinds)), ""]
        if component == "persist-data":
            lines += [f"`{SCOPE}` is {', '.join(f'`{scope}`' for scope in SCOPES)}.", ""]
    http = components_by_key([])[HTTP]
    lines += [f"## {HTTP}", "", *_table(_actions(http)), "", *_connections(http), ""]
    lines += [
        "## Not supported",
        "",
        "A step of these components needs a stub.",
        "",
        "| component | reason |",
        "|---|---|",
    ]
    lines += [f"| `{component}` | {reason} |" for component, reason in UNSUPPORTED.items()]
    return "\n".join(lines) + "\n"


Row = tuple[str, str, str]
"""An action, what it does, and its inputs."""


def _table(rows: Iterable[Row]) -> list[str]:
    unique = dict.fromkeys(rows)
    return ["| action | what it does | inputs |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in unique)]


def _built_in(kinds: Iterable[str]) -> Iterator[Row]:
    for kind in kinds:
        component, _, action = kind.partition(".")
        step = BUILT_IN[kind]
        if component == "persist-data":
            for scope in SCOPES:
                action = action.replace(scope, SCOPE)
        mark = " *" if step.needs else ""
        inputs = "any" if step.inputs is None else _inputs(step.required, step.inputs - step.required)
        yield f"`{action}`{mark}", step.label, inputs


def _actions(component: Component) -> Iterator[Row]:
    for key, action in component.actions.items():
        required = action.inputs.required_keys()
        inputs = _inputs(required, action.inputs.definitions().keys() - required)
        label = component.manifest.actions[key].description.rstrip(".")
        yield f"`{key}`", label[0].lower() + label[1:], f"{inputs}, `connection`"


def _connections(component: Component) -> Iterator[str]:
    """Yield the lines about the connections. Only the field `origin` is not one that a user passes."""
    yield from ("A step without a connection sends no credentials.", "")
    yield from ("| connection | what it is | fields |", "|---|---|---|")
    for key, connection in component.connections.items():
        fields = connection.fields.definitions().keys() - {"origin"}
        if fields:
            required = connection.fields.required_keys()
            label = component.manifest.connections[key].description.rstrip(".")
            yield f"| `{key}` | {label[0].lower() + label[1:]} | {_inputs(required, fields - required)} |"


def _inputs(required: Iterable[str], optional: Iterable[str]) -> str:
    return ", ".join([*(f"**`{key}`**" for key in sorted(required)), *(f"`{key}`" for key in sorted(optional))])
