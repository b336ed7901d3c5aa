"""Conditions in Segment's filter language, as far as the sandbox checks them."""

from __future__ import annotations

import re

from connector.sandbox_kit import RequestContext, invalid

from . import api

api.assumption("invalid-fql", "An empty `if`, or one with unbalanced quotes or parentheses", ("accept", "422"))


def check_condition(context: RequestContext, condition: str | None) -> None:
    """Check the field `if` of a body; None is a body without it.

    Raises:
        ApiError: 422, if it cannot be FQL and `invalid-fql` is 422.
    """
    if condition is not None and not _is_balanced(condition) and context.assume("invalid-fql") == "422":
        raise invalid("if", "must be valid FQL")


def _is_balanced(condition: str) -> bool:
    unquoted = re.sub(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", "", condition)
    if not condition.strip() or "'" in unquoted or '"' in unquoted:
        return False
    depth = 0
    for character in unquoted:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0
