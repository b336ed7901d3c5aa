"""Running a component against the sandbox that it brings along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.component.component import Component, load_component
from connector.sandbox_kit.sandbox import Sandbox, serve


@contextmanager
def sandbox(
    component: Component | None = None,
    *,
    seed: Mapping[str, Any] | Path | None = None,
    faults: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Iterator[Sandbox]:
    """A new workspace in memory, served over HTTP on a free loopback port until the block ends.

    It costs a few milliseconds, so that every test can have its own.

    Args:
        component: Whose sandbox; the bundled component's unless given.
        seed: What the workspace holds; None is the sandbox's own beginning.
        faults: Failures to play, as the sandbox names them.
        assume: Assumptions to switch, by name.

    Yields:
        The sandbox: its workspace's attributes, and `url`, `connection` and `runner()`.

    Raises:
        MissingExtraError: The extra `server` is not installed.
        SandboxError: The component has no sandbox; or the seed, a fault or an assumption does not fit.
    """
    with serve(component or load_component(), seed=seed, faults=faults, assume=assume) as opened:
        yield opened
