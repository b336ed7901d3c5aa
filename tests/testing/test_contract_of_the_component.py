from __future__ import annotations

import connector
from connector.testing import ComponentContract


class TestSegment(ComponentContract):
    component = connector.load_component()
