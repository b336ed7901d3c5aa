"""The writes of a run: one in doubt is an object, those that were applied are positions in the journal."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_REMOVED = -1


@dataclass(frozen=True, slots=True)
class Write:
    """A write that a run started.

    Attributes:
        path: Path of the step in the run.
        step: Name of the step.
        action: `component.action`.
        connection: Name of the connection's config variable.
        inputs: Its inputs.
        intent: Position of the record from before its last attempt.
        position: Position of the record with its results; a step of a loop that is retried has several records.
        number: Number of the write among those that were applied.
    """

    path: str
    step: str
    action: str
    connection: str
    inputs: dict[str, Any]
    intent: int
    position: int = 0
    number: int = 0

    @classmethod
    def of(cls, record: Mapping[str, Any], intent: int, **applied: int) -> Write:
        """Return the write that a record says is about to be sent."""
        path, step, action, connection = (record[key] for key in ("path", "step", "action", "connection"))
        return cls(path, step, action, connection, record["inputs"], intent, **applied)


class AppliedWrites:
    """Writes that were applied, in order.

    Each is read from the journal when it is asked for, since inputs would be most of what a resume of a long run needs
    in memory.
    """

    def __init__(self, read: Callable[[int], dict[str, Any]]) -> None:
        self._read = read
        self._intents = array("q")
        self._positions = array("q")
        self._kinds = array("q")
        self._targets: dict[tuple[str, str], int] = {}
        self._removed = 0

    def add(self, write: Write, position: int) -> None:
        """Add a write whose results are at a position."""
        self._intents.append(write.intent)
        self._positions.append(position)
        self._kinds.append(self._targets.setdefault((write.action, write.connection), len(self._targets)))

    def remove(self, write: Write) -> None:
        """Remove a write, if it was added; the others keep their numbers."""
        if write.intent in self._intents:
            self._intents[self._intents.index(write.intent)] = _REMOVED
            self._removed += 1

    def targets(self) -> list[tuple[str, str]]:
        """Return each action with the name of its connection, once; nothing is read for it."""
        present = {self._kinds[number] for number in self._numbers()}
        return [target for target, kind in self._targets.items() if kind in present]

    def __len__(self) -> int:
        return len(self._intents) - self._removed

    def newest_first(self) -> Iterator[Write]:
        """Read the writes, in the reverse order."""
        return map(self._write, reversed(self._numbers()))

    def _numbers(self) -> list[int]:
        return [number for number, intent in enumerate(self._intents) if intent != _REMOVED]

    def _write(self, number: int) -> Write:
        intent = self._intents[number]
        return Write.of(self._read(intent), intent, position=self._positions[number], number=number)
