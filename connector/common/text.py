"""Keys as Prismatic spells them, and suggestions for misspelled names."""

from __future__ import annotations

from collections.abc import Iterable


def camel_case(name: str) -> str:
    """Return `sourceId` for `source_id`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `Did you mean a or b?`, or an empty string if no known name is similar. Case is ignored."""
    from difflib import get_close_matches

    by_folded = {known_name.casefold(): known_name for known_name in known}
    matches = get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(by_folded[match] for match in matches)}?" if matches else ""
