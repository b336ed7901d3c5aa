"""`connector check` names each place that a new action still lacks, in the order of CONTRIBUTING."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
KEY = "getRegulation"
HANDLER = '''
from typing import Annotated

from connector import Context, Input, Payload, action

from .inputs import SegmentInputs


class OneRegulation(SegmentInputs):
    """Inputs."""

    regulate_id: Annotated[str, Input(label="Regulation ID", comments="ID of the regulation.", example="r")]


@action("KEY", operation="OPERATION")
def get_regulation(context: Context, inputs: OneRegulation) -> Payload:
    """GET /regulations/{regulateId}."""
    return context.api.get("regulations", inputs.regulate_id)
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The component with the folders that a checkout has, and with no simulated operation."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("actions", "connections", "datasources", "sandbox", "tests/wire"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("api.json", "icon.png", "manifest.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def write_handler(checkout: Path, key: str = KEY, operation: str = "getRegulation") -> None:
    text = HANDLER.replace("OPERATION", operation).replace("KEY", key)
    (checkout / "actions" / "extra.py").write_text(text)


def write_manifest(checkout: Path, key: str = KEY) -> None:
    with (checkout / "manifest.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  {key}:\n    label: Get It\n    description: Gets it.\n")


def write_example(checkout: Path, key: str = KEY) -> None:
    (checkout / "actions" / "examples" / f"{key}.json").write_text(json.dumps({"data": {"data": {}}}))


def test_complete_checkout_has_no_problems(command: Command, checkout: Path) -> None:
    assert command("--manifest", checkout / "manifest.yaml", "check").out == "No problems found.\n"


def test_check_names_manifest_example_and_test_in_turn(command: Command, checkout: Path) -> None:
    def problems() -> str:
        return command("--manifest", checkout / "manifest.yaml", "check").out

    write_handler(checkout, key="fetchRegulation")
    assert re.search(r"fetchRegulation.*missing from the manifest", problems())
    write_manifest(checkout, key="fetchRegulation")
    assert re.search(r"fetchRegulation: .*example", problems())
    write_example(checkout, key="fetchRegulation")
    assert re.search(r"fetchRegulation: no test names the action\n    hint: .*tests/wire/extra\.py", problems())
    (checkout / "tests" / "wire" / "extra.py").write_text('KEY = "fetchRegulation"\n')
    assert "no test" not in problems()


def test_check_names_an_operation_that_the_api_lacks(command: Command, checkout: Path) -> None:
    write_handler(checkout, operation="getRegulations")
    write_manifest(checkout)
    write_example(checkout)

    printed = command("--manifest", checkout / "manifest.yaml", "check").out

    assert re.search(r'getRegulation: the API has no operation "getRegulations"\n    hint: .*getRegulation', printed)


def test_check_names_an_operation_that_the_sandbox_does_not_simulate(command: Command, checkout: Path) -> None:
    module = checkout / "sandbox" / "functions.py"
    module.write_text(re.sub(r'@api\.operation\("deleteFunction".*\n', "", module.read_text()))

    printed = command("--manifest", checkout / "manifest.yaml", "check").out

    assert "deleteFunction: the sandbox does not simulate deleteFunction" in printed
