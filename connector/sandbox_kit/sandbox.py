"""The sandbox of a component: the service that it is about, running in this process and kept in a file.

A component that has one names a module of its folder in its manifest (`sandbox: NAME`). The module offers what
`SandboxModule` says; what the workspaces of its service hold is its own business.

    with sandboxes.serve(component) as sandbox:
        sandbox.runner().invoke("listSources")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from connector.common.state_dir import STATE_HOME, state_folder
from connector.errors import ComponentError, Problem, SandboxError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.runner import Runner

FILE = "sandbox.sqlite"


class Assumption(Protocol):
    """Something that the sandbox takes for true where nothing published says."""

    @property
    def name(self) -> str:
        """What it is switched by."""

    @property
    def description(self) -> str:
        """What it decides."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it takes; the first is the default."""

    @property
    def source(self) -> str:
        """What speaks for the default, or that nothing does."""


class Workspace(Protocol):
    """One customer's data in the service."""

    @property
    def token(self) -> str:
        """The credential that may do everything."""

    @property
    def app(self) -> Any:
        """An ASGI application that serves this workspace alone."""

    def connection(self, url: str) -> Mapping[str, Any]:
        """The connection to this workspace at a URL: `{"key", "fields"}`."""

    def load(self, seed: Mapping[str, Any] | Path) -> None:
        """Replace all that it holds by a seed, or by the seed in a file."""

    def reset(self) -> None:
        """Put it back to its beginning."""

    def dump(self) -> dict[str, Any]:
        """All that it holds, as a seed."""

    def close(self) -> None:
        """Close its file."""


class SandboxModule(Protocol):
    """What the module of a sandbox offers."""

    @property
    def ASSUMPTIONS(self) -> Mapping[str, Assumption]:  # noqa: N802 - a constant of the module
        """What the sandbox assumes, by name."""

    @property
    def COMMANDS(self) -> Mapping[str, Callable[..., Any]]:  # noqa: N802 - a constant of the module
        """What happens in the service beside its API, by name.

        Functions that take a workspace and texts, answer JSON, and say in their docstring what they do. They become
        commands of `connector sandbox`.
        """

    @property
    def open_workspace(self) -> Callable[..., Workspace]:
        """Opens a workspace, and makes it where there is none.

        Takes the path of its file, or None for memory, and by keyword `seed`, `faults`, `assume`, `token`; raises
        `SandboxError`.
        """

    @property
    def generate(self) -> Callable[..., dict[str, Any]]:
        """Makes a big seed; its keyword parameters are numbers of records."""


OFFERS = ("ASSUMPTIONS", "COMMANDS", "open_workspace", "generate")


def sandbox_of(component: Component) -> SandboxModule:
    """The module of a component's sandbox, imported now.

    Raises:
        SandboxError: The component has none.
        ComponentError: The module cannot be imported, or lacks something.
    """
    name = component.manifest.sandbox
    if name is None:
        hint = "A component names the module of its sandbox in its manifest: sandbox: NAME."
        raise SandboxError(f'the component "{component.key}" has no sandbox.', hint=hint)
    try:
        module = component.module(name)
    except Exception as error:
        problems = [
            Problem(
                name,
                f"cannot be imported: {type(error).__name__}: {error}.",
                hint="Repair the module, or the manifest.",
            )
        ]
    else:
        missing = [offer for offer in OFFERS if not hasattr(module, offer)]
        if not missing:
            return cast("SandboxModule", module)
        problems = [Problem(name, f"does not offer {', '.join(missing)}.", hint="See connector.sandbox_kit.sandbox.")]
    raise ComponentError(f'the sandbox of the component "{component.key}" cannot be used.', problems=problems)


class Sandbox:
    """A workspace that is being served: all that the component's own workspace offers, and the way to it.

    Attributes:
        component: The component.
        workspace: The component's workspace; its attributes are attributes of the sandbox, too.
        url: The base URL.
        connection: `{"key", "fields"}`, for a `Runner` or another process.
    """

    def __init__(self, component: Component, workspace: Any, url: str, closing: ExitStack) -> None:
        self.component = component
        self.workspace = workspace
        self.url = url
        self.connection: Mapping[str, Any] = workspace.connection(url)
        self._closing = closing

    def runner(self, **settings: Any) -> Runner:
        """A runner on this workspace, closed with it; see `Runner` for the settings."""
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
        path: The file of the workspace, made where there is none; None keeps it in memory.
        seed: What a new workspace holds; None is the sandbox's own beginning.
        faults: Failures to play, as the sandbox names them.
        assume: Assumptions to switch, by name.

    Yields:
        The sandbox.

    Raises:
        MissingExtraError: The extra `server` is not installed.
        SandboxError: The component has no sandbox; or the file, the seed, a fault or an assumption does not fit.
    """
    from connector.sandbox_kit.asgi_server import require_server
    from connector.sandbox_kit.asgi_server import serve as serve_app

    require_server()
    with ExitStack() as closing:
        workspace = sandbox_of(component).open_workspace(path, seed=seed, faults=faults, assume=assume)
        closing.callback(workspace.close)
        url = closing.enter_context(serve_app(workspace.app))
        yield Sandbox(component, workspace, url, closing)


def default_file(component: Component, environment: Mapping[str, str]) -> Path:
    """The file of the user's own sandbox of a component; see `connector.common.state_dir.state_folder`."""
    return state_folder(environment) / component.key / FILE


def make_folder(file: Path) -> None:
    """Make the folder of a user's own sandbox.

    Raises:
        SandboxError: It cannot be made.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        text = f"the folder {file.parent} cannot be made: {error.strerror}."
        raise SandboxError(text, hint=f"Choose another one with {STATE_HOME}.") from None
