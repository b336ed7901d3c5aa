"""Putting stars in the place of secrets."""

from __future__ import annotations

from collections.abc import Iterable

STARS = "***"


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with stars for each secret in it: the longest first, since one may be a part of another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, STARS)
    return text
