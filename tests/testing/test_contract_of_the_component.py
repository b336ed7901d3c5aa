from __future__ import annotations

import connector
from connector.testing import ComponentContract
from tests.support.amount import WHOLE


class TestSegment(ComponentContract):
    component = connector.load_component()
    if not WHOLE:
        test_rule_is_kept = None  # type: ignore[assignment]  # one test of `connector check` tries every rule
