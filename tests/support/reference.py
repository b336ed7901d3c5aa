"""What is documented of the component, and of the API behind it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from connector.component.api_description import ApiDescription

TESTS = Path(__file__).parents[1]
API = ApiDescription(TESTS.parent / "api.json")


@cache
def documented_definitions() -> dict[str, Any]:
    """Labels, descriptions and inputs of Prismatic's component, as its documentation and its manifest state them."""
    definitions: dict[str, Any] = json.loads((TESTS / "documented_definitions.json").read_text(encoding="utf-8"))
    return definitions


def documented_payload(kind: str, key: str) -> Any:
    """The documented example payload of an action or a data source."""
    return json.loads((TESTS / "documented_payloads" / kind / f"{key}.json").read_text(encoding="utf-8"))
