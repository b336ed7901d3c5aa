"""A workspace in memory: it is read once in the background, then searched."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from connector import ConnectorError, Runner

NOTHING = "Nothing"
OTHER_TYPES = "other types"
VISIBLE_TYPES = 10

State = Literal["empty", "reading", "ready", "failed"]
Ways = dict[tuple[str, str], tuple[int, int]]
Bundle = tuple[str, bool, frozenset[tuple[str, str]]]
"""What sources have in common in the picture: type, whether they are enabled, and name and kind of what they feed."""


@dataclass(slots=True)
class Source:
    """A source; `targets` are positions in the list of targets, `text` is what a search looks through."""

    id: str
    name: str
    type: str
    enabled: bool
    text: str
    targets: list[int] = field(default_factory=list)
    bundle: Bundle = ("", False, frozenset())

    @property
    def state(self) -> str:
        """What stands out about it."""
        return "unconnected" if not self.targets else "connected" if self.enabled else "disabled"


@dataclass(slots=True)
class Target:
    """A destination or a warehouse."""

    id: str
    name: str
    type: str
    kind: Literal["destination", "warehouse"]
    sources: int = 0

    @property
    def group(self) -> str:
        """What a picture puts it under: a warehouse is one of a few, a destination one of many of its type."""
        return self.name if self.kind == "warehouse" else self.type


class WorkspaceMap:
    """The sources of a workspace and what they feed.

    Args:
        runner: Reads the workspace.

    Attributes:
        state: Whether the workspace was read.
        read: Number of records read so far.
        error: Why it could not be read.
        sources: The sources by name.
        targets: The destinations and warehouses.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.state: State = "empty"
        self.read = 0
        self.error = ""
        self.sources: list[Source] = []
        self.targets: list[Target] = []
        self._counts = self._count()
        self._lock = threading.Lock()

    def start(self, *, again: bool = False) -> None:
        """Begin to read the workspace, unless it was read or is being read."""
        with self._lock:
            if self.state == "reading" or (self.state != "empty" and not again):
                return
            self.state, self.read, self.error = "reading", 0, ""
        threading.Thread(target=self._run, name="workspace map", daemon=True).start()

    def _run(self) -> None:
        try:
            self._read()
        except ConnectorError as error:
            self.state, self.error = "failed", str(error)
        except Exception as error:  # the page has to say that the thread ended
            self.state, self.error = "failed", f"{type(error).__name__}: {error}"

    def _read(self) -> None:
        sources: dict[str, Source] = {}
        targets: list[Target] = []
        for record in self.runner.records("listSources"):
            sources[record["id"]] = _source(record)
            self.read += 1
        for record in self.runner.records("listDestinations"):
            kind = _type(record)
            targets.append(Target(record["id"], record.get("name") or kind, kind, "destination"))
            _connect(sources.get(record.get("sourceId", "")), targets)
            self.read += 1
        for record in self.runner.records("listWarehouses"):
            name = (record.get("settings") or {}).get("name") or _type(record)
            targets.append(Target(record["id"], name, _type(record), "warehouse"))
            inputs = {"warehouseId": record["id"]}
            for connected in self.runner.records("listConnectedSourcesFromWarehouse", inputs):
                _connect(sources.get(connected["id"]), targets)
                self.read += 1
        self.targets = targets
        self.sources = sorted(sources.values(), key=lambda source: (source.name.casefold(), source.id))
        self._bundle()
        self._counts = self._count()
        self.state = "ready"

    def _bundle(self) -> None:
        """Note the bundle of each source once, so that a search only counts them."""
        groups: list[tuple[str, str]] = [(target.group, target.kind) for target in self.targets]
        nothing = frozenset({(NOTHING, "nothing")})
        for source in self.sources:
            fed = frozenset(groups[number] for number in source.targets) or nothing
            source.bundle = (source.type, source.enabled, fed)

    def find(self, search: str = "", state: str = "", type: str = "", target: str = "") -> list[Source]:  # noqa: A002
        """Return the sources that meet every filter that is not empty."""
        matches: Sequence[Source] = self.sources
        if type:
            matches = [source for source in matches if source.type == type]
        if state == "disabled":
            matches = [source for source in matches if not source.enabled]
        elif state == "unconnected":
            matches = [source for source in matches if not source.targets]
        if target:
            wanted = {number for number, each in enumerate(self.targets) if target in (each.group, each.id)}
            matches = [source for source in matches if not wanted.isdisjoint(source.targets)]
        for word in search.casefold().split():
            matches = [source for source in matches if word in source.text]
        return list(matches)

    def counts(self) -> dict[str, int]:
        """Return the figures of the workspace by name."""
        return self._counts

    def _count(self) -> dict[str, int]:
        return {
            "sources": len(self.sources),
            "unconnected": sum(not source.targets for source in self.sources),
            "disabled": sum(not source.enabled for source in self.sources),
            "destinations": sum(target.kind == "destination" for target in self.targets),
            "warehouses": sum(target.kind == "warehouse" for target in self.targets),
            "idle": sum(not target.sources for target in self.targets),
        }

    def bundles(self, sources: Sequence[Source]) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]], Ways]:
        """Return the types of sources, the groups of targets, and how many ways lead from one to the other."""
        bundles = Counter(source.bundle for source in sources)
        types: Counter[str] = Counter()
        for (name, _, _), count in bundles.items():
            types[name] += count
        visible = {name for name, _ in types.most_common(VISIBLE_TYPES)}
        left: Counter[str] = Counter()
        right: Counter[tuple[str, str]] = Counter()
        ways: Ways = {}
        for (type_name, is_enabled, fed), count in bundles.items():
            name = type_name if type_name in visible else OTHER_TYPES
            left[name] += count
            for group, kind in fed:
                right[group, kind] += count
                every, disabled = ways.get((name, group), (0, 0))
                ways[name, group] = (every + count, disabled + (0 if is_enabled else count))
        order = {"warehouse": 0, "destination": 1, "nothing": 2}
        sides = sorted(right.items(), key=lambda pair: (order[pair[0][1]], -pair[1], pair[0][0]))
        return left.most_common(), [(group, kind, count) for (group, kind), count in sides], ways


def _source(record: dict[str, Any]) -> Source:
    name, kind = record.get("name") or record.get("slug") or record["id"], _type(record)
    text = "\0".join((name, record.get("slug") or "", record["id"], kind)).casefold()
    return Source(record["id"], name, kind, bool(record.get("enabled")), text)


def _type(record: dict[str, Any]) -> str:
    return (record.get("metadata") or {}).get("name") or "unknown type"


def _connect(source: Source | None, targets: list[Target]) -> None:
    """Note that a source feeds the last target."""
    if source is not None:
        source.targets.append(len(targets) - 1)
        targets[-1].sources += 1
