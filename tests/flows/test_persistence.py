"""What persist-data steps keep, and for how long."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.component.component import Component
from connector.errors import StepError
from connector.flows import Run
from connector.flows.steps.persist_data import actions
from tests.flows.support import TRIGGER, flow_of, step

Runs = Callable[..., Run]


def keep(name: str, action: str, **inputs: Any) -> dict[str, Any]:
    names = {"key": "keyInput", "value": "valueInput", "default": "defaultValueInput", "amount": "amountInput"}
    return step(name, f"persist-data.{action}", {names[key]: part for key, part in inputs.items()})


def results(done: Run, *names: str) -> list[Any]:
    return [done.steps[name].results for name in names]


def test_value_lives_as_long_as_the_run(run: Runs) -> None:
    steps = (
        keep("Before", "getExecutionValue", key="k", default="none"),
        keep("Save", "saveExecutionValue", key="k", value="kept"),
        keep("After", "getExecutionValue", key="k", default="none"),
    )
    for _ in range(2):
        assert results(run(*steps), "Before", "After") == ["none", "kept"]


def test_value_of_a_flow_lives_on_and_is_not_seen_by_other_flows(workshop: Component, run: Runs) -> None:
    flow = flow_of(
        flows=[
            {"name": "One", "steps": [TRIGGER, keep("Count", "incrementInstanceValue", key="n", amount="2")]},
            {"name": "Two", "steps": [TRIGGER, keep("Get", "getInstanceValue", key="n")]},
        ]
    )
    assert [flow.run(workshop, flow="One").results for _ in range(3)] == [2, 4, 6]
    assert flow.run(workshop, flow="Two").results is None


def test_value_of_all_flows_is_seen_by_all(workshop: Component) -> None:
    flow = flow_of(
        flows=[
            {"name": "One", "steps": [TRIGGER, keep("Save", "saveCrossFlowValue", key="k", value="v")]},
            {"name": "Two", "steps": [TRIGGER, keep("Get", "getCrossFlowValue", key="k")]},
        ]
    )
    flow.run(workshop, flow="One")
    assert flow.run(workshop, flow="Two").results == "v"


def test_several_values_are_saved_at_once(run: Runs) -> None:
    values = {"type": "complex", "value": [{"name": "b", "type": "value", "value": "2"}]}
    done = run(
        step("Save", "persist-data.saveExecutionValue", {"keyInput": "a", "valueInput": "1", "dynamicValues": values}),
        keep("Keys", "listExecutionKeys"),
        keep("Other", "getExecutionValue", key="b"),
    )
    assert results(done, "Save", "Keys", "Other") == ["1", ["b", "a"], "2"]


def test_lists_sets_and_counters(run: Runs) -> None:
    done = run(
        keep("Append", "appendExecutionValueToList", key="list", value="a"),
        keep("Again", "appendExecutionValueToList", key="list", value="a"),
        keep("Less", "removeExecutionValueFromList", key="list", value="a"),
        keep("Add", "addExecutionValueToSet", key="set", value="a"),
        keep("Twice", "addExecutionValueToSet", key="set", value="a"),
        keep("Up", "incrementExecutionValue", key="n"),
        keep("Down", "decrementExecutionValue", key="n", amount="0.5"),
        keep("Keys", "listExecutionKeys"),
        keep("Remove", "removeExecutionValue", key="n"),
        keep("Time", "saveExecutionCurrentTime", key="t"),
        keep("Clear", "removeExecutionState"),
        keep("None", "listExecutionKeys"),
    )
    assert results(done, "Append", "Again", "Less", "Add", "Twice") == [["a"], ["a", "a"], [], ["a"], ["a"]]
    assert results(done, "Up", "Down", "Keys", "Remove", "None") == [1, 0.5, ["list", "set", "n"], 0.5, []]
    assert done.steps["Time"].results.endswith("Z")


def test_persisted_values_are_in_a_private_file(run: Runs, state_home: Path) -> None:
    run(keep("Save", "saveInstanceValue", key="k", value="v"))
    (file,) = (state_home / "connector" / "state").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Tests", "tests-e5c9d703.json"),
        ("Größe: Ärger & Co. " * 4, "gr-e-rger-co-gr-e-rger-co-gr-e-rger-co-g-dd76c89d.json"),
    ],
)
def test_file_of_persisted_values_keeps_its_name(workshop: Component, state_home: Path, name: str, file: str) -> None:
    flow_of(keep("Save", "saveInstanceValue", key="k", value="v"), name=name).run(workshop)
    (stored,) = (state_home / "connector" / "state").glob("*.json")
    assert stored.name == file


def test_dry_run_keeps_nothing(run: Runs, state_home: Path) -> None:
    done = run(
        keep("Save", "saveInstanceValue", key="k", value="v"), keep("Get", "getInstanceValue", key="k"), dry_run=True
    )
    assert done.results == "v"
    assert not state_home.exists()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [keep("Save", "saveExecutionValue", key="k", value="v"), keep("A", "appendExecutionValueToList", key="k")],
            "is not a list",
        ),
        (
            [keep("Save", "saveExecutionValue", key="k", value="v"), keep("A", "incrementExecutionValue", key="k")],
            "is not a number",
        ),
        ([keep("Get", "getExecutionValue", key="~{{$trigger.results.missing}}")], '"keyInput" is empty'),
    ],
)
def test_value_of_the_wrong_kind_is_an_error(run: Runs, steps: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(StepError, match=message):
        run(*steps)


def test_damaged_file_of_persisted_values_is_named(run: Runs, state_home: Path) -> None:
    run(keep("Save", "saveInstanceValue", key="k", value="v"))
    (file,) = (state_home / "connector" / "state").glob("*.json")
    for content in ("{", "[]"):
        file.write_text(content)
        with pytest.raises(StepError, match="persisted values"):
            run(keep("Get", "getInstanceValue", key="k"))


def test_there_are_twelve_actions_in_each_of_four_scopes() -> None:
    assert len(set(actions())) == 48
    assert {"appendExecutionValueToList", "getCrossFlowValue", "removeInstanceState", "listIntegrationKeys"} <= set(
        actions()
    )
