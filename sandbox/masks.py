"""Masks of secret settings, as live workspaces show them."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from connector.sandbox_kit import RequestContext

from . import api

api.assumption(
    "secret-names",
    "Which settings of a destination are secret: as seen for its type in live data, else by their name; or those with "
    "the usual names; or `apiKey` alone",
    ("by-type", "usual", "apiKey"),
    "374 exported destinations: the usual names are right for 42 of 55 settings",
)
api.assumption(
    "secret-settings",
    "Secret settings of a destination are returned as ten bullets and their last four characters, as ten bullets, or "
    "unmasked",
    ("last-four", "bullets", "plain"),
    "147 of 149 exported values have the last four characters, two have none; assumed: short values have none",
)

BULLETS = "•" * 10
SHORTEST_WITH_TAIL = 8
_USUAL_NAME = re.compile(
    r"(api[-_]?key|api[-_]?secret|password|passphrase|token|private[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key"
    r"|client[-_]?secret)$",
    re.IGNORECASE,
)


def masked_settings(context: RequestContext, settings: dict[str, Any], type_id: str | None) -> dict[str, Any]:
    """Return the settings of a destination as responses show them."""
    usual = {name for name, value in settings.items() if value and _USUAL_NAME.search(name)}
    by_type = {name for name in _secret_names(context, settings, type_id, usual) if settings[name]}
    if not usual and not by_type:
        return settings
    choice = context.assume("secret-names")
    secret = by_type if choice == "by-type" else {name for name in usual if choice == "usual" or name == "apiKey"}
    form = context.assume("secret-settings") if secret else "plain"
    if form == "plain":
        return settings
    return {
        name: _mask(value, tail=form == "last-four") if name in secret else value for name, value in settings.items()
    }


def _secret_names(context: RequestContext, settings: dict[str, Any], type_id: str | None, usual: set[str]) -> set[str]:
    seen = _seen_in_live_data().get(type_id or "", {})
    sensitive: set[str] = set()
    for function in context.store.find("functions", type_id) if type_id else ():
        sensitive = {setting["name"] for setting in function.get("settings", []) if setting["sensitive"]}
        usual = set()  # a function says itself which of its settings are secret
    names = (usual | sensitive | set(seen.get("masked", ()))) - set(seen.get("plain", ()))
    return {name for name in names if name in settings}


@functools.lru_cache(maxsize=1)
def _seen_in_live_data() -> dict[str, dict[str, list[str]]]:
    seen: dict[str, dict[str, list[str]]] = json.loads(
        (Path(__file__).parent / "masked_settings.json").read_text(encoding="utf-8")
    )
    return seen


def _mask(value: Any, *, tail: bool) -> str:
    # The tail of a short secret would be most of it.
    return BULLETS + (value[-4:] if tail and isinstance(value, str) and len(value) >= SHORTEST_WITH_TAIL else "")
