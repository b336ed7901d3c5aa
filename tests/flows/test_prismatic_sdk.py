"""Conditions and conversions are those of Prismatic's SDK, where it and Node.js are there to compare with."""

from __future__ import annotations

import pytest

from tests.flows.prismatic_sdk import FOLDER, differences, sdk_folder

SDK = sdk_folder()


@pytest.mark.skipif(SDK is None, reason=f"{FOLDER} names no folder with Prismatic's SDK, or there is no node")
def test_conditions_and_conversions_are_those_of_the_sdk() -> None:
    assert SDK is not None
    lines, count = differences(SDK)

    assert lines == []
    assert count > 60_000
