"""A loaded component: its manifest, and code that was checked against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from connector.common.text import did_you_mean
from connector.component import loading
from connector.component.definitions import Action, ConnectionDefinition, DataSource, Display, Payload
from connector.component.manifest import Described, Manifest
from connector.component.plugins import PluginManager
from connector.errors import ComponentError, ManifestError, PluginError, PolicyError, Problem, UnknownKeyError

if TYPE_CHECKING:
    from connector.component.api_description import Operation
    from connector.component.context import Context
    from connector.component.inputs import Inputs

ENTRY_POINTS = "connector.components"
MANIFEST = "manifest.yaml"

DefinitionT = TypeVar("DefinitionT", Action[Any], DataSource[Any], ConnectionDefinition[Any])


class Component:
    """What a `manifest.yaml` and the code beside it offer.

    Attributes:
        manifest: What is declared.
        folder: Where the component lies.
        actions: Hand-made actions by key, those of plugins included; `operations` has all others.
        data_sources: Data sources by key.
        connections: Connections by key.
        plugins: The plugin manager; every action is a plugin registered by its key.
    """

    def __init__(self, manifest: Manifest, folder: Path, *, installed_plugins: bool = True) -> None:
        """Import and check the component; see `load_component`."""
        self.manifest = manifest
        self.folder = folder
        self.plugins = PluginManager()
        self.actions: dict[str, Action[Any]] = {}
        found = loading.definitions(folder, manifest.key)
        problems: list[Problem] = []
        self.connections = _matched(
            "connection",
            [d for d in found if isinstance(d, ConnectionDefinition)],
            manifest.connections,
            problems,
        )
        self.data_sources = _matched(
            "data source", [d for d in found if isinstance(d, DataSource)], manifest.data_sources, problems
        )
        actions = _matched("action", [d for d in found if isinstance(d, Action)], manifest.actions, problems)
        problems += _examples_problems(folder / "actions", actions)
        problems += _examples_problems(folder / "datasources", self.data_sources)
        if problems:
            raise ComponentError(f'the component "{manifest.key}" does not hold together.', problems=problems)
        for action in actions.values():
            self._add_action(action)
        if installed_plugins:
            self.plugins.add_installed()
        self._ask_plugins()

    @property
    def key(self) -> str:
        """Key of the component."""
        return self.manifest.key

    def action(self, key: str) -> Action[Any]:
        """The action with this key.

        Raises:
            UnknownKeyError: There is none; the message names the nearest.
            PolicyError: It is blocked.
        """
        if self.plugins.is_blocked(key):
            raise PolicyError("is blocked.", action=key)
        action = self.find_action(key)
        return action or _found("action", key, {**self.operations, **self.actions})

    def find_action(self, key: str) -> Action[Any] | None:
        """Return the action with this key, hand-made or described; None if there is none."""
        return self.actions.get(key) or self.operations.get(key)

    @cached_property
    def api(self) -> Mapping[str, Operation]:
        """The operations of the API that `api.json` beside the manifest describes; empty without the file.

        The file is read when an operation is looked up.
        """
        from connector.component.api_description import FILE, ApiDescription

        file = self.folder / FILE
        return ApiDescription(file) if file.is_file() else {}

    def find_operation(self, method: str, path: str) -> Operation | None:
        """Return the operation of the API that a request calls, or None if it is not described."""
        from connector.component.api_description import ApiDescription

        return self.api.find(method, path) if isinstance(self.api, ApiDescription) else None

    @cached_property
    def operations(self) -> Mapping[str, Action[Any]]:
        """The described actions by key: all operations of the API that have no hand-made action.

        The description is read when this is used for the first time.
        """
        from connector.component.api_description import ApiDescription
        from connector.component.described_actions import DescribedActions

        if self.manifest.operations is None or not isinstance(self.api, ApiDescription):
            return {}
        return DescribedActions(self.api, self.module(self.manifest.operations).NOTES, self.actions)

    def data_source(self, key: str) -> DataSource[Any]:
        """The data source with this key.

        Raises:
            UnknownKeyError: There is none; the message names the nearest.
        """
        return _found("data source", key, self.data_sources)

    def connection(self, key: str | None = None) -> ConnectionDefinition[Any]:
        """The connection with this key; without a key, the first one declared.

        Raises:
            UnknownKeyError: There is none; the message names the nearest.
        """
        return _found("connection", key or next(iter(self.connections), ""), self.connections)

    def perform(self, key: str, context: Context, inputs: Mapping[str, Any]) -> Payload:
        """Validate the inputs, run the hooks and perform an action once.

        Raises:
            ConnectorError: The subclass says what to do; see `connector.errors`.
        """
        action = self.action(key)
        with error_context(key):
            return self.perform_validated(action, context, action.inputs.from_values(inputs))

    def perform_validated(self, action: Action[Any], context: Context, inputs: Inputs) -> Payload:
        """As `perform`, with inputs that were validated before."""
        context.policy.check(action, inputs)
        perform: Callable[..., Payload] = self.plugins.hook.perform_action
        return perform(action=action, context=context.started(action.key, inputs), inputs=inputs)

    def choices(self, key: str, context: Context, inputs: Mapping[str, Any]) -> Payload:
        """Validate the inputs and ask a data source: `{"result": [{"label", "key"}]}`.

        Raises:
            ConnectorError: The subclass says what to do; see `connector.errors`.
        """
        source = self.data_source(key)
        with error_context(key):
            read = source.inputs.from_values(inputs)
            return source.perform(context.started(key, read), read)

    def block(self, key: str) -> None:
        """Take an action out of use, whoever asks for it.

        Raises:
            UnknownKeyError: There is no such action.
        """
        self.action(key)
        self.plugins.set_blocked(key)

    def add_plugin(self, plugin: object, name: str | None = None) -> None:
        """Register a plugin of this process, and the actions that it brings.

        Raises:
            PluginError: It does not fit; plugin, hook and definition are named.
        """
        self.plugins.add(plugin, name)
        try:
            self._ask_plugins(plugin)
        except PluginError:
            self.plugins.unregister(plugin)
            raise

    def module(self, name: str) -> ModuleType:
        """Import a module of the component's folder."""
        return loading.submodule(self.folder, self.key, name)

    def __repr__(self) -> str:
        return f"Component({self.key!r}, {len(self.actions)} actions)"

    def _ask_plugins(self, only: object = None) -> None:
        everybody = self.plugins.get_plugins() if only is None else {only}
        others = [plugin for plugin in self.plugins.get_plugins() if plugin not in everybody]
        caller = self.plugins.subset_hook_caller("register_actions", others)
        caller(component_key=self.key, register=self._register_foreign)

    def _register_foreign(self, action: Action[Any]) -> None:
        if not isinstance(action, Action):
            problem = Problem(repr(action), "is not an action.", hint="Declare it with @connector.action.")
        elif action.display is None:
            problem = Problem(action.key, f"has no display ({action.location}).", hint="Give it display=Display(...).")
        elif action.key in self.actions:
            places = f"{self.actions[action.key].location} and {action.location}"
            problem = Problem(action.key, f"is declared twice: {places}.", hint="Choose another key.")
        else:
            self._add_action(action)
            return
        raise PluginError("a plugin registers an action that does not fit.", problems=[problem])

    def _add_action(self, action: Action[Any]) -> None:
        self.plugins.register(action, name=action.key)
        action.api = self.api
        self.actions[action.key] = action


class error_context:  # noqa: N801 - reads as a statement
    """A block whose errors name the action or data source."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Write the key into an error of this package that names none."""
        if getattr(error, "action", "") is None:
            error.action = self.key  # type: ignore[union-attr]


def load_component(manifest: str | Path | None = None, *, installed_plugins: bool = True) -> Component:
    """Load a component and check its code against its manifest.

    Args:
        manifest: Path of a `manifest.yaml`, or of the folder that holds it; None is the bundled component.
        installed_plugins: Whether to ask the plugins that other distributions offer.

    Raises:
        ManifestError: The manifest cannot be read; file, line and cure are named.
        ComponentError: Code and manifest disagree; every mismatch is listed.
        PluginError: An installed plugin does not fit.
    """
    path = _bundled() if manifest is None else Path(manifest).expanduser()
    file = (path / MANIFEST if path.is_dir() else path).resolve()
    return Component(Manifest.load(file), file.parent, installed_plugins=installed_plugins)


def components() -> dict[str, Component]:
    """Every component that the installed distributions offer, by key.

    Raises:
        ManifestError: Two distributions offer the same key.
    """
    loaders = [entry.load() for entry in entry_points(group=ENTRY_POINTS)] or [load_component]
    found: dict[str, Component] = {}
    for component in (load() for load in loaders):
        if component.key in found:
            folders = f"{found[component.key].folder} and {component.folder}"
            raise ManifestError(f'two components have the key "{component.key}": {folders}.', hint="Uninstall one.")
        found[component.key] = component
    return found


def _bundled() -> Path:
    package = Path(__file__).parents[1]
    in_checkout = (package.parent / "pyproject.toml").is_file() and (package.parent / MANIFEST).is_file()
    return package.parent if in_checkout else next((package / "components").glob(f"*/{MANIFEST}"))


def _matched(
    kind: str, found: list[DefinitionT], declared: Mapping[str, Described], problems: list[Problem]
) -> dict[str, DefinitionT]:
    by_key: dict[str, DefinitionT] = {}
    for definition in found:
        key = definition.key
        if key in by_key:
            places = f"{by_key[key].location} and {definition.location}"
            problems.append(Problem(key, f"the {kind} is defined twice: {places}.", hint="Keep one of them."))
        elif key not in declared:
            hint = f"Declare it in {MANIFEST}. {did_you_mean(key, declared)}".rstrip()
            problems.append(Problem(key, f"the {kind} is defined in {definition.location}, not declared.", hint=hint))
        by_key[key] = definition
    for key in declared.keys() - by_key.keys():
        hint = f"Write its function, or remove it from {MANIFEST}. {did_you_mean(key, by_key)}".rstrip()
        problems.append(Problem(key, f"the {kind} is declared, but nothing defines it.", hint=hint))
    for key, definition in by_key.items():
        if key in declared:
            definition.display = Display(label=declared[key].label, description=declared[key].description)
    problems.sort(key=lambda problem: problem.location)
    return {key: by_key[key] for key in declared if key in by_key}


def _examples_problems(folder: Path, found: Mapping[str, Action[Any] | DataSource[Any]]) -> Iterator[Problem]:
    examples = {file.stem: file for file in (folder / "examples").glob("*.json")}
    for key, definition in found.items():
        definition.example_file = examples.pop(key, None)
        needed = getattr(definition, "has_example", True)
        file = folder / "examples" / f"{key}.json"
        if needed and definition.example_file is None:
            yield Problem(key, "has no example payload.", hint=f"Write {file}.")
    for key in examples:
        yield Problem(key, f"{folder / 'examples' / key}.json is the example of nothing.", hint="Remove it.")


def _found(kind: str, key: str, known: Mapping[str, DefinitionT]) -> DefinitionT:
    if key in known:
        return known[key]
    hint = did_you_mean(key, known) or f"Known are {', '.join(known)}."
    raise UnknownKeyError(f'there is no {kind} "{key}".', hint=hint)
