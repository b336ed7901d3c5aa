"""The page about the benchmarks says what was measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import clients, iterate_once, samples
from benchmarks.loopback import serving
from benchmarks.report import PAGE, page
from benchmarks.samples import Ratio, interleaved

ROOT = Path(__file__).parents[1]


def test_page_has_the_figures_of_the_kept_samples() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert page(text) == text


def test_changed_sample_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    text, sections = PAGE.read_text(encoding="utf-8"), samples.kept()
    ours = sections["two sources"]["ours"]
    sections["two sources"]["ours"] = [2 * value for value in ours]
    monkeypatch.setattr("benchmarks.report.kept", lambda: sections)

    assert page(text) != text


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "docs"])
def test_figures_of_speed_stand_on_that_page_only(name: str) -> None:
    files = [ROOT / name] if name.endswith(".md") else set((ROOT / name).rglob("*.md")) - {PAGE}

    speed = re.compile(r"\b\d[\d.]* (?:times|x) (?:as fast|faster|slower|requests)")
    figures = [match for file in files for match in speed.findall(file.read_text(encoding="utf-8"))]

    assert figures == []


def test_ratio_is_that_of_the_medians_with_the_quartiles_of_the_rounds() -> None:
    ratio = Ratio.of([1.0, 2.0, 3.0, 4.0, 50.0], [2.0, 2.0, 2.0, 2.0, 10.0])

    assert ratio == Ratio(1.5, 1.0, 2.0)


def test_measures_take_turns_and_the_first_round_is_not_kept() -> None:
    calls: list[str] = []

    def measure(name: str) -> float:
        calls.append(name)
        return len(calls)

    stored = interleaved({"a": lambda: measure("a"), "b": lambda: measure("b")}, 2)

    assert calls == ["b", "a", "a", "b", "b", "a"]
    assert stored == {"a": [3, 6], "b": [4, 5]}


def test_every_installed_client_fetches_the_same() -> None:
    with serving() as url:
        fetches = clients.opened(url)
        first_records = [next(sources(url)) for sources in iterate_once.ITERATIONS.values()]

    assert {"ours", "requests", "urllib3 with pydantic-core"} <= fetches.keys()
    assert first_records[0] == first_records[1]
