"""Writes the page about the benchmarks from the kept samples: `python -m benchmarks.report`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable
from pathlib import Path

from benchmarks.clients import CLIENTS, ORIGIN
from benchmarks.cold_start import LIBRARIES
from benchmarks.flows import ALONE, START
from benchmarks.large_inputs import ENCODING
from benchmarks.samples import Ratio, Samples, kept, table

PAGE = Path(__file__).parents[1] / "docs" / "background" / "benchmarks.md"


def page(text: str) -> str:
    """Return the page with the tables of the samples between the comments that name them."""
    sections = kept()
    for name, lines in tables(sections).items():
        pattern = rf"(?s)(<!-- {re.escape(name)} -->\n\n).*?(<!-- end -->)"
        text, count = re.subn(pattern, lambda match, lines=lines: f"{match[1]}{lines}\n\n{match[2]}", text)  # type: ignore[misc]
        assert count == 1, f"the page has no place for {name}"
    return text


def tables(sections: dict[str, Samples]) -> dict[str, str]:
    """Return each table by its name."""
    calls = ["two sources", "page of 200"]
    threads = ["1 threads", "8 threads", "64 threads"]
    cpu, memory = sections["iteration over 200 pages"], sections["iteration over 200 pages, MiB"]
    slow = Ratio.of(sections["iteration over slow pages"]["ahead=1"], sections["iteration over slow pages"]["ahead=0"])
    return {
        "calls": table(["Client", "Two sources", "Page of 200"], _by_client(sections, calls)),
        "threads": table(["Client", "1 thread", "8 threads", "64 threads"], _by_client(sections, threads)),
        "lists": table(
            ["Client", "CPU", "Peak memory, MiB"],
            [(name, Ratio.of(cpu[name], cpu[ORIGIN]), f"{statistics.median(memory[name]):.0f}") for name in cpu],
        ),
        "ahead": f"Wall time with `ahead=1`: {slow} of the time without.",
        "cold start": _against(sections["cold start"], LIBRARIES),
        "large input": _against(sections["large input"], ENCODING),
        "flows": table(["A step", f"Compared with {ALONE}"], _steps(sections["1,000 steps of a flow"])),
    }


def _by_client(sections: dict[str, Samples], names: list[str]) -> Iterable[Iterable[object]]:
    for client in CLIENTS:
        samples = [sections[name] for name in names]
        if any(client in section for section in samples):
            yield client, *(Ratio.of(part[client], part[ORIGIN]) if client in part else "" for part in samples)


def _against(samples: Samples, base: str) -> str:
    rows = [(name, Ratio.of(values, samples[base])) for name, values in samples.items()]
    return table(["What", f"Compared with {base}"], rows)


def _steps(samples: Samples) -> Iterable[Iterable[object]]:
    for name in samples:
        if name in {ALONE, START}:
            continue
        steps = [run - start for run, start in zip(samples[name], samples[START], strict=True)]
        yield f"with {name}", Ratio.of(steps, samples[ALONE])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
