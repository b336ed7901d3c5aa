"""Keys as the platform spells them, and what somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def camel_case(name: str) -> str:
    """`source_id` becomes `sourceId`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`"Did you mean a or b?"`, or an empty text when nothing is near; case does not count."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(given.casefold(), by_folded, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(by_folded[name] for name in near)}?" if near else ""
