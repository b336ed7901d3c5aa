"""Compare a built Prismatic package with the component in Python: what each sends and returns for the same inputs.

    connector export prismatic --to DIR
    cd DIR && npm ci && npm run build
    python -m tests.engines.compare_prismatic DIR            # all groups, a few minutes
    python -m tests.engines.compare_prismatic DIR odd pages  # some of them

Every difference is printed, and the exit code is 1 if there is one.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import connector
from tests.engines.prismatic import Exported, comparable, fields_for, in_python, wire
from tests.engines.prismatic_cases import GROUPS, SEGMENT, Case
from tests.support.server import LoopbackServer

Observed = tuple[dict[str, Any], list[Any]]


def played(
    server: LoopbackServer, case: Case, call: Callable[[dict[str, str]], dict[str, Any]]
) -> tuple[Observed, float]:
    """Return the outcome of one call and the requests that it sent, and the seconds that it took."""
    server.requests.clear()
    server.script = case.answers if callable(case.answers) else None
    if server.script is None:
        server.answer(*(case.answers if isinstance(case.answers, list) else [case.answers]))
    began = time.monotonic()
    outcome = comparable(call(case.fields or fields_for(server.url)))
    return (outcome, [wire(request) for request in server.requests]), time.monotonic() - began


def python_call(case: Case, fields: dict[str, str]) -> dict[str, Any]:
    try:
        runner = connector.Runner(SEGMENT, {"key": "apiKey", "fields": fields})
    except connector.ConnectorError as error:
        return {"error": f"{case.key}: {error}", "name": type(error).__name__}
    with runner:
        return in_python(runner, case.key, case.inputs, case.kind)


def compared(exported: Exported, server: LoopbackServer, case: Case, *, bare: bool = True) -> str:
    """Return what differs in one case; empty if nothing does."""
    one, seconds = played(server, case, lambda fields: python_call(case, fields))
    other, other_seconds = played(
        server,
        case,
        lambda fields: exported.call(case.key, case.inputs, fields, case.kind, bare=bare and case.kind == "action"),
    )
    if json.loads(json.dumps(one[0])) != other[0]:
        return f"Python     {one[0]}\n     TypeScript {other[0]}"
    if one[1] != other[1]:
        return f"Python     sends {one[1]}\n     TypeScript sends {other[1]}"
    return f"took {seconds:.1f} s and {other_seconds:.1f} s" if abs(seconds - other_seconds) > 1.5 else ""


def main() -> int:
    package, *names = sys.argv[1:]
    counts: Counter[str] = Counter()
    with Exported(Path(package)) as exported, LoopbackServer().running() as server:
        for name in names or GROUPS:
            for case in GROUPS[name]():
                difference = compared(exported, server, case)
                counts[f"{name}: {'different' if difference else 'equal'}"] += 1
                if difference:
                    print(f"  {name}: {case.key} {json.dumps(case.inputs)[:160]}\n     {difference}"[:1500])
    print("\n".join(f"{line} {count}" for line, count in counts.items()))
    return 1 if any("different" in line for line in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
