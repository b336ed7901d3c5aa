"""A local Segment workspace: it simulates the Public API over HTTP and keeps its state.

    with sandbox.open_workspace() as workspace:
        ...  # serve `SandboxApp([workspace])`, send `workspace.token`, assert on `workspace.sources`

Each module of this package declares the resources and operations of one part of the API.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.sandbox_kit import Workspace

from .big_workspace import generate
from .segment import SegmentApi

__all__ = ["api", "open_workspace"]

_FOLDER = Path(__file__).parent

api = SegmentApi(
    __name__,
    initial_state=_FOLDER / "seed" / "workspace.json",
    description=_FOLDER.parent / "api.json",
    generate=generate,
)


def open_workspace(path: Path | str | None = None, **options: Any) -> Workspace:
    """Open a Segment workspace, and create it if it does not exist; see `Workspace` for the options."""
    return Workspace(api, path, **options)
