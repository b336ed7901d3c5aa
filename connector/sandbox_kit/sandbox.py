"""The sandbox of a component: a simulation of its API that runs in this process and keeps its state in a file.

A component with a sandbox names a package of its folder in its manifest (`sandbox: NAME`). The package has an attribute
`api`, a `SimulatedApi`.

    with sandbox.serve(component) as served:
        served.runner().invoke("listSources")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.common.state_dir import STATE_HOME, state_folder
from connector.errors import ComponentError, Problem, SandboxError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.runner import Runner
    from connector.sandbox_kit.simulated_api import SimulatedApi
    from connector.sandbox_kit.workspace import Workspace

FILE = "sandbox.sqlite"


def sandbox_of(component: Component) -> SimulatedApi:
    """Import the sandbox of a component and return its API.

    Raises:
        SandboxError: If the component has no sandbox.
        ComponentError: If the sandbox cannot be imported, or is incomplete.
    """
    from connector.sandbox_kit.simulated_api import SimulatedApi

    name = component.manifest.sandbox
    if name is None:
        hint = "Name the package of the sandbox in the manifest: sandbox: NAME."
        raise SandboxError(f'component "{component.key}" has no sandbox', hint=hint)
    try:
        api = getattr(component.module(name), "api", None)
        if isinstance(api, SimulatedApi):
            _ = api.resources  # imports the modules of the package, so that their errors are found here
    except Exception as error:
        problem = Problem(name, f"cannot be imported: {type(error).__name__}: {error}", hint="Correct the module.")
    else:
        if isinstance(api, SimulatedApi):
            return api
        hint = "Create one in its __init__.py: api = SimulatedApi(__name__)."
        problem = Problem(name, "has no SimulatedApi named api", hint=hint)
    raise ComponentError(f'invalid sandbox of component "{component.key}"', problems=[problem])


class Sandbox:
    """A workspace that is being served.

    Attributes:
        component: The component.
        workspace: The workspace; its attributes are also attributes of the sandbox.
        url: The base URL.
        connection: `{"key", "fields"}`, for a `Runner` or another process.
    """

    def __init__(self, component: Component, workspace: Workspace, url: str, closing: ExitStack) -> None:
        self.component = component
        self.workspace = workspace
        self.url = url
        self.connection: Mapping[str, Any] = workspace.connection(url)
        self._closing = closing

    def runner(self, **settings: Any) -> Runner:
        """Return a runner on this workspace, which is closed with it; see `Runner` for the settings."""
        from connector.component.runner import Runner

        return self._closing.enter_context(Runner(self.component, self.connection, **settings))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.workspace, name)

    def __repr__(self) -> str:
        return f"Sandbox({self.component.key!r}, {self.url!r})"


@contextmanager
def serve(
    component: Component,
    path: Path | None = None,
    *,
    seed: Mapping[str, Any] | Path | None = None,
    faults: Iterable[str] = (),
    assume: Mapping[str, str] | None = None,
) -> Iterator[Sandbox]:
    """Serve a workspace of a component's sandbox on a free loopback port, in a thread, until the block ends.

    Args:
        component: The component.
        path: The file of the workspace, created if it does not exist; None keeps the state in memory.
        seed: Initial state of a new workspace. Default: the built-in initial state.
        faults: Faults to add.
        assume: Assumptions to set, by name.

    Yields:
        The sandbox.

    Raises:
        MissingExtraError: If the extra `server` is not installed.
        SandboxError: If the component has no sandbox, or the file, the seed, a fault or an assumption is invalid.
    """
    from connector.sandbox_kit.app import SandboxApp
    from connector.sandbox_kit.asgi_server import require_server
    from connector.sandbox_kit.asgi_server import serve as serve_app
    from connector.sandbox_kit.workspace import Workspace

    require_server()
    with ExitStack() as closing:
        workspace = Workspace(sandbox_of(component), path, seed=seed, faults=faults, assume=assume)
        closing.callback(workspace.close)
        url = closing.enter_context(serve_app(SandboxApp([workspace])))
        yield Sandbox(component, workspace, url, closing)


def default_file(component: Component, environment: Mapping[str, str]) -> Path:
    """Return the file of the user's own sandbox of a component; see `connector.common.state_dir.state_folder`."""
    return state_folder(environment) / component.key / FILE


def make_folder(file: Path) -> None:
    """Create the folder of a user's own sandbox.

    Raises:
        SandboxError: If it cannot be created.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f'cannot create the folder "{file.parent}": {error.strerror}'
        raise SandboxError(message, hint=f"Set {STATE_HOME} to another folder.") from None
