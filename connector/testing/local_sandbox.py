"""Run a component against its own sandbox."""

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
    """Serve a new workspace in memory over HTTP, on a free loopback port, until the block ends.

    A workspace costs a few milliseconds, so every test can have its own.

    Args:
        component: The component. Default: the bundled one.
        seed: Initial state of the workspace. Default: the built-in initial state.
        faults: Faults to add.
        assume: Assumptions to set, by name.

    Yields:
        The sandbox: the attributes of its workspace, and `url`, `connection`, and `runner()`.

    Raises:
        MissingExtraError: If the extra `server` is not installed.
        SandboxError: If the component has no sandbox, or the seed, a fault or an assumption is invalid.
    """
    with serve(component or load_component(), seed=seed, faults=faults, assume=assume) as opened:
        yield opened
