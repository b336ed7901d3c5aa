"""The differences between two sets of facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Difference = tuple[Literal["added", "removed", "changed"], str, str]
"""What happened, to which thing, and how."""

LONGEST_TEXT = 200
"""Longer values are cut: a reader looks them up."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        kind: What happened.
        subject: The thing, such as `sources "web"`.
        detail: The old and the new values.
    """

    kind: str
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        """Return the change as one line."""
        return f"{self.kind} {self.subject}{self.detail and f': {self.detail}'}"

    def to_dict(self) -> dict[str, str]:
        """Return the change as JSON."""
        return {"kind": self.kind, "subject": self.subject, "detail": self.detail}


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
    if fact not in facts:
        return "not set"
    text = json.dumps(facts[fact], ensure_ascii=False)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}... ({len(text):,} characters)"
