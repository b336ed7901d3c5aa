"""Counts the attempts of writes whose outcome is not known yet."""

from __future__ import annotations


class OpenIntents(dict[str, int]):
    """How many attempts of each write may have been applied, by the path of its step."""

    def start(self, path: str) -> None:
        """Note that a write is about to be sent."""
        self[path] = self.get(path, 0) + 1

    def reject(self, path: str) -> bool:
        """Note that the last attempt was not applied; return True if no earlier one is open."""
        self[path] -= 1
        if self[path]:
            return False
        del self[path]
        return True

    def settle(self, path: str) -> bool:
        """Note that the outcome is known; return True if it was not."""
        return self.pop(path, 0) > 0
