"""The differences between two sets of facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Difference = tuple[Literal["added", "removed", "changed"], str, str]
"""What happened, to which thing, and how."""


def compare(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Yield the things that were added, removed, or changed, with the facts that changed.

    Args:
        before: Facts by thing.
        after: Facts by thing.
    """
    for thing in [*before, *(thing for thing in after if thing not in before)]:
        if thing not in after:
            yield "removed", thing, ""
        elif thing not in before:
            yield "added", thing, ""
        elif before[thing] != after[thing]:
            facts = {*before[thing], *after[thing]}
            changed = [fact for fact in sorted(facts) if before[thing].get(fact) != after[thing].get(fact)]
            pairs = (f"{fact} {_text(before[thing], fact)} is now {_text(after[thing], fact)}" for fact in changed)
            yield "changed", thing, ", ".join(pairs)


def _text(facts: Mapping[str, Any], fact: str) -> str:
    return json.dumps(facts[fact], ensure_ascii=False) if fact in facts else "not set"
