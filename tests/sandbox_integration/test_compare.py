"""The sandbox against the real API, played here by a second sandbox with other assumptions."""

from __future__ import annotations

import json

import pytest

import connector
import sandbox as segment_sandbox
from connector.sandbox_kit import serve
from connector.sandbox_kit.compare import CONFIRMED, CONTRADICTED, OPEN, Comparison, compare
from tests.support.amount import sample_of

OTHERWISE = {
    "last-page": "null",
    "missing-in-path": "422",
    "error-types": "ValidationFailure",
    "secret-settings": "bullets",
    "rate-limit-budget": "200",
}


def compared(segment: connector.Component, **assume: str) -> tuple[Comparison, str]:
    with serve(segment, assume={name.replace("_", "-"): value for name, value in assume.items()}) as real:
        before = real.dump()
        report = compare(segment_sandbox.api, real.runner(read_only=True))
        assert real.dump() == before
        assert {each.method for each in real.requests} == {"GET"}
        values = json.dumps(report.to_dict())
        assert all(record["id"] not in values for record in real.sources + real.destinations)
        return report, values


def verdicts(report: Comparison, verdict: str) -> set[str]:
    return {each.name for each in report.assumptions if each.verdict == verdict}


def test_same_assumptions_are_confirmed_or_open(segment: connector.Component) -> None:
    report, _ = compared(segment)
    assert verdicts(report, CONTRADICTED) == set()
    assert set(OTHERWISE) <= verdicts(report, CONFIRMED)
    assert "slug-taken" in verdicts(report, OPEN)
    # The documented examples have two fields that the description lacks.
    assert set(map(str, report.differences)) == {
        "added listTransformations $.data.transformations[].workspaceId",
        "added listTransformations $.data.transformations[].propertyDrops",
    }


def test_exactly_the_assumptions_that_differ_are_contradicted(segment: connector.Component) -> None:
    report, _ = compared(segment, **OTHERWISE)
    assert verdicts(report, CONTRADICTED) == set(OTHERWISE)
    observed = {each.name: each.observed for each in report.assumptions if each.name in OTHERWISE}
    assert observed == OTHERWISE


@pytest.mark.parametrize("name", sample_of(sorted(segment_sandbox.api.probes), 3))
def test_every_probe_sees_another_value(segment: connector.Component, name: str) -> None:
    others = segment_sandbox.api.assumptions[name].choices[1:]
    report, _ = compared(segment, **{name: others[0]})
    assert {name} - verdicts(report, CONTRADICTED) <= {"secret-settings", "warehouse-name"} & verdicts(report, OPEN)


def test_field_that_is_not_described_is_a_difference(segment: connector.Component) -> None:
    seed = {"sources": [{"id": "s", "slug": "s", "metadataId": "IqDTy1TpoU", "novel": 1, "enabled": "yes"}]}
    with serve(segment, seed=seed) as real:
        report = compare(segment_sandbox.api, real.runner(read_only=True))
    assert set(map(str, report.differences)) == {
        "changed listSources $.data.sources[].enabled: is not of type boolean",
        "added listSources $.data.sources[].novel",
    }
