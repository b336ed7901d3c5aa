"""A workspace and a model of it, side by side."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

import sandbox
from connector.sandbox_kit import SandboxApp
from tests.sandbox.support import Api


class Machine(RuleBasedStateMachine):
    """A workspace of its own for each run, and what the model says it holds."""

    url: str
    site: SandboxApp
    seed: dict[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.workspace = sandbox.open_workspace(seed=self.seed)
        self.site.add(self.workspace)
        self.api = Api(self.url, self.workspace.token)
        self.model: dict[str, dict[str, Any]] = {}

    def teardown(self) -> None:
        self.api.close()
        self.site.remove(self.workspace)
        self.workspace.close()

    def some(self, number: int) -> str:
        """One of the model's ids, or one that nothing has."""
        ids = [*self.model, "nothing"]
        return ids[number % len(ids)]

    def listed(self, path: str, root: str) -> dict[str, dict[str, Any]]:
        """All records by two-record pages."""
        by_id: dict[str, dict[str, Any]] = {}
        query: dict[str, str] | None = {}
        while query is not None:
            pairs = "&".join(f"pagination[{key}]={value}" for key, value in ({"count": "2"} | query).items())
            page = self.api.data("GET", f"{path}{'&' if '?' in path else '?'}{pairs}")
            by_id |= {record["id"]: record for record in page[root]}
            following = page["pagination"].get("next")
            query = {"cursor": following} if following else None
            total = page["pagination"]["totalEntries"]
        assert len(by_id) == total
        return by_id

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Any:
        response = self.api(method, path, body)
        assert response.status_code == status, response.text
        return response.json().get("data")
