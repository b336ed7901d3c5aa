"""Where the results of each finished step are: a number for each step, also in long loops."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, MutableMapping

_MISSING = -1


class Positions(MutableMapping[str, int]):
    """Positions of records by the path of their step.

    The iterations of a loop share one array, since a string and a number for each would be most of what a resume of a
    long run needs in memory.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, array[int]] = {}
        self._count = 0

    def __getitem__(self, path: str) -> int:
        loop, index = _split(path)
        positions = self._arrays[loop]
        if index >= len(positions) or positions[index] == _MISSING:
            raise KeyError(path)
        return positions[index]

    def __setitem__(self, path: str, position: int) -> None:
        loop, index = _split(path)
        positions = self._arrays.setdefault(loop, array("q"))
        # The steps of a branch are performed in some iterations only.
        positions.extend([_MISSING] * (index + 1 - len(positions)))
        self._count += positions[index] == _MISSING
        positions[index] = position

    def __delitem__(self, path: str) -> None:
        loop, index = _split(path)
        if path not in self:
            raise KeyError(path)
        self._arrays[loop][index] = _MISSING
        self._count -= 1

    def __iter__(self) -> Iterator[str]:
        for loop, positions in self._arrays.items():
            for index, position in enumerate(positions):
                if position != _MISSING:
                    prefix, slash, variable = loop.rpartition("/")
                    yield f"{prefix}.{index}/{variable}" if slash else variable

    def __len__(self) -> int:
        return self._count


def _split(path: str) -> tuple[str, int]:
    """Return a path without the iteration of its innermost loop, and this iteration: `a.0/b.7/c` is `a.0/b/c` and 7."""
    prefix, slash, variable = path.rpartition("/")
    if not slash:
        return path, 0
    loop, _, index = prefix.rpartition(".")
    return f"{loop}/{variable}", int(index)
