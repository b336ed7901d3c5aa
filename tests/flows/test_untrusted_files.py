"""Untrusted files are rejected or bounded, and never cause a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.component.component import Component
from connector.errors import ConnectorError, FlowLimitError, InvalidFlowError
from connector.flows import Flow, Run
from tests.flows.support import WORKSHOP, ServerResponse, Service, document, step

SOUND = document(
    step("List", "workshop.listThings", {"connection": "#Workshop"}),
    step(
        "Loop",
        "loop.loopOverItems",
        {"items": "=list.results.things"},
        steps=[
            step(
                "Echo",
                "workshop.echo",
                {"value": "~{{$loop.currentItem.name}}", "pairs": {"type": "complex", "value": []}},
            )
        ],
        errorConfig={"errorHandlerType": "retry", "maxAttempts": 1},
    ),
    config=[{"key": "Env", "dataType": "picklist", "pickList": ["a"], "defaultValue": "a"}],
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [place for key, part in value.items() for place in places(part, (*at, key))]
    elif isinstance(value, list):
        inner = [place for key, part in enumerate(value) for place in places(part, (*at, key))]
    return [at, *inner] if at else inner


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    head, *rest = at
    if isinstance(value, dict):
        return {key: replaced(part, tuple(rest), new) if key == head else part for key, part in value.items()}
    return [replaced(part, tuple(rest), new) if key == head else part for key, part in enumerate(value)]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
ODD = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.sampled_from(["type", "value", "name", "key", "x"]), SCALARS, max_size=3),
    st.sampled_from(
        ["{{$", "{{$a..b}}", "a[", "trigger", "trigger.results", "{{#Workshop}}", "list.results.things.-1"]
    ),
)


@settings(max_examples=100)
@given(place=st.sampled_from(places(SOUND)), new=ODD)
def test_mutated_file_is_checked_or_rejected(workshop: Component, place: tuple[Any, ...], new: Any) -> None:
    try:
        text = yaml.safe_dump(replaced(SOUND, place, new), allow_unicode=True)
        reported = Flow.parse(text).check(workshop)
    except InvalidFlowError as error:
        problems = error.problems
    else:
        problems = tuple(problem.to_problem() for problem in reported)
    assert all(problem.location and problem.message for problem in problems)


@settings(max_examples=60)
@given(text=st.text(max_size=200))
def test_random_text_is_rejected_with_problems(text: str) -> None:
    with pytest.raises(InvalidFlowError) as caught:
        Flow.parse(text)
    assert caught.value.problems


@settings(max_examples=25)
@given(
    payload=st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    )
)
def test_random_payload_runs_or_fails_clearly(workshop: Component, payload: Any) -> None:
    flow = Flow.parse(
        yaml.safe_dump(
            document(
                step("Echo", "workshop.echo", {"value": "~{{$trigger.results.body.data}}"}),
                step(
                    "Loop",
                    "loop.loopOverItems",
                    {"items": "=trigger.results.body.data"},
                    steps=[step("In", "log.writeLog")],
                ),
            )
        )
    )
    connection = {"Workshop": {"fields": {"apiKey": "x", "baseUrl": "http://127.0.0.1:1"}}}
    with suppress(ConnectorError):
        assert flow.run(workshop, connections=connection, payload=payload, journal=False).status == "done"


def test_payload_that_is_too_deep_or_cyclic_is_rejected(workshop: Component) -> None:
    flow = Flow.parse(yaml.safe_dump(document()))
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    for payload in (json.loads("[" * 300 + "]" * 300), cyclic):
        with pytest.raises(FlowLimitError, match="payload is nested more than 200 levels deep"):
            flow.run(workshop, payload=payload)


def test_deeply_nested_response_does_not_break_a_trace(
    run: Callable[..., Run], service: Service, tmp_path: Path
) -> None:
    service.answers["GET"] = [ServerResponse(b"[" * 150 + b"]" * 150)]
    assert run(step("List", "workshop.listThings"), trace=tmp_path / "trace").status == "done"
    assert b'"..."' in (tmp_path / "trace").read_bytes()


def test_loading_and_checking_does_not_import_the_http_library(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(yaml.safe_dump(document(step("List", "workshop.listThings"))))
    program = f"""
import sys
from connector import load_component
from connector.flows import Flow
Flow.load({str(tmp_path / "flow.yaml")!r}).check(load_component({str(WORKSHOP)!r}, installed_plugins=False))
print([name for name in ("requests", "rich", "click", "starlette", "jsonpath_ng") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
