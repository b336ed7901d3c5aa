"""A Segment workspace on one machine: it speaks the Public API over HTTP and keeps its state.

    with sandbox.open_workspace() as workspace:
        ...  # serve `workspace.app`; ask with `workspace.token`; assert on `workspace.sources`

Importing it is cheap; Starlette is imported when the control API is first used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.sandbox_kit.asgi_server import require_server
from connector.sandbox_kit.assumptions import Assumption

from .assumptions import ASSUMPTIONS
from .errors import SandboxError
from .faults import Fault, parse_fault

if TYPE_CHECKING:
    from connector.sandbox_kit.http_messages import LoggedRequest

    from .app import SandboxApp
    from .workspace import Workspace

__all__ = [
    "ASSUMPTIONS",
    "COMMANDS",
    "Assumption",
    "Fault",
    "LoggedRequest",
    "SandboxApp",
    "SandboxError",
    "Workspace",
    "generate",
    "open_workspace",
    "parse_fault",
]

_HOMES = {"SandboxApp": ".app", "Workspace": ".workspace", "LoggedRequest": ".workspace"}


def open_workspace(
    path: Path | str | None = None,
    *,
    seed: Mapping[str, Any] | Path | str | None = None,
    faults: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
    token: str | None = None,
    restricted_token: str | None = None,
) -> Workspace:
    """Opens a workspace, and makes it where there is none.

    Args:
        path: Its SQLite file, which other processes may use at the same time; None keeps it in memory.
        seed: What a new workspace holds: a seed, its file, or None for the documented workspace.
        faults: Failures to play, each as `parse_fault` reads it.
        assume: Assumptions to switch.
        token: The token that may do everything; made and kept in the file when not given.
        restricted_token: The same for the token without Source Admin.

    Raises:
        SandboxError: The file, the seed, a fault or an assumption cannot be used.
    """
    return import_module(".workspace", __name__).Workspace(  # type: ignore[no-any-return]
        path=None if path is None else Path(path),
        seed=Path(seed) if isinstance(seed, str) else seed,
        faults=faults,
        assume=assume,
        token=token,
        restricted_token=restricted_token,
    )


def generate(*, sources: int = 40_000, destinations: int | None = None) -> dict[str, Any]:
    """A big seed for load tests; see `seeding.generate`."""
    seed: dict[str, Any] = import_module(".seeding", __name__).generate(sources=sources, destinations=destinations)
    return seed


def accept_invite(workspace: Workspace, email: str) -> dict[str, Any]:
    """Make a user of the invitation of EMAIL, as if its owner had clicked on it."""
    return {"user": workspace.accept_invite(email)}


COMMANDS = {"accept-invite": accept_invite}
"""What happens in a workspace beside the API."""


def __getattr__(name: str) -> Any:
    if name == "SandboxApp":
        require_server()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
