"""A loaded component: its manifest, and code that was checked against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from connector.common.installed_packages import entry_points
from connector.common.text import did_you_mean
from connector.component import loading
from connector.component.definitions import Action, ConnectionDefinition, DataSource, Display, Payload
from connector.component.foreign_code import foreign_code
from connector.component.manifest import Described, Manifest
from connector.component.plugins import PluginManager
from connector.errors import (
    ComponentError,
    ConnectorError,
    ManifestError,
    PluginError,
    PolicyError,
    Problem,
    UnknownKeyError,
)

if TYPE_CHECKING:
    from connector.component.api_description import Operation
    from connector.component.context import Context
    from connector.component.inputs import Inputs

ENTRY_POINTS = "connector.components"
MANIFEST = "manifest.yaml"
MAX_LISTED = 10
"""Longest list of keys that a hint names."""

DefinitionT = TypeVar("DefinitionT", Action[Any], DataSource[Any], ConnectionDefinition[Any])


class Component:
    """What a `manifest.yaml` and the code beside it offer.

    Attributes:
        manifest: The manifest.
        folder: Folder of the component.
        actions: Handwritten actions by key, including those of plugins; `operations` has all others.
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
        declared = loading.definitions(folder, manifest.key)
        problems: list[Problem] = []
        self.connections = _matched(
            "connection",
            [d for d in declared if isinstance(d, ConnectionDefinition)],
            manifest.connections,
            problems,
        )
        self.data_sources = _matched(
            "data source", [d for d in declared if isinstance(d, DataSource)], manifest.data_sources, problems
        )
        actions = _matched("action", [d for d in declared if isinstance(d, Action)], manifest.actions, problems)
        problems += _example_problems(folder / "actions", actions)
        problems += _example_problems(folder / "datasources", self.data_sources)
        if problems:
            raise ComponentError(f'invalid component "{manifest.key}"', problems=problems)
        for connection in self.connections.values():
            connection.has_sandbox = manifest.sandbox is not None
        for action in actions.values():
            self._add_action(action)
        if installed_plugins:
            self.plugins.add_installed()
        self._collect()

    @property
    def key(self) -> str:
        """Key of the component."""
        return self.manifest.key

    def action(self, key: str) -> Action[Any]:
        """Return the action with this key.

        Raises:
            UnknownKeyError: If there is none; the hint names the nearest.
            PolicyError: If it is blocked.
        """
        if self.plugins.is_blocked(key):
            raise PolicyError("is blocked in this component", action=key)
        action = self.find_action(key)
        return action or _by_key("action", key, {**self.operations, **self.actions})

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
        notes, by_default = self.module(self.manifest.operations).NOTES, self.manifest.operations_by_default
        return DescribedActions(self.api, notes, self.actions, by_default=by_default)

    @property
    def documented_actions(self) -> Mapping[str, Action[Any]]:
        """The actions that lists show and callers get by default: all but described ones of an API beside them."""
        return {**self.actions, **self.operations} if self.manifest.operations_by_default else self.actions

    def data_source(self, key: str) -> DataSource[Any]:
        """Return the data source with this key.

        Raises:
            UnknownKeyError: If there is none; the hint names the nearest.
        """
        return _by_key("data source", key, self.data_sources)

    def connection(self, key: str | None = None) -> ConnectionDefinition[Any]:
        """Return the connection with this key, or the first one if the key is None.

        Raises:
            UnknownKeyError: If there is none; the hint names the nearest.
        """
        return _by_key("connection", key or next(iter(self.connections), ""), self.connections)

    def perform(self, key: str, context: Context, inputs: Mapping[str, Any]) -> Payload:
        """Validate the inputs and perform an action once, with its hooks.

        Raises:
            ConnectorError: If the call fails. Subclasses say what to do.
        """
        action = self.action(key)
        with error_context(key):
            return self.perform_validated(action, context, action.inputs.from_values(inputs))

    def perform_validated(self, definition: Action[Any] | DataSource[Any], context: Context, inputs: Inputs) -> Payload:
        """Perform an action or a data source with validated inputs; see `perform`."""
        context.policy.check(definition, inputs)
        perform: Callable[..., Payload] = self.plugins.hook.perform_action
        return perform(action=definition, context=context.started(definition.key, inputs), inputs=inputs)

    def choices(self, key: str, context: Context, inputs: Mapping[str, Any]) -> Payload:
        """Validate the inputs and perform a data source: `{"result": [{"label", "key"}]}`.

        Raises:
            ConnectorError: If the call fails. Subclasses say what to do.
        """
        source = self.data_source(key)
        with error_context(key):
            return self.perform_validated(source, context, source.inputs.from_values(inputs))

    def block(self, key: str) -> None:
        """Block an action of this component for every caller.

        Raises:
            UnknownKeyError: If there is no such action.
        """
        self.action(key)
        self.plugins.set_blocked(key)

    def add_plugin(self, plugin: object, name: str | None = None) -> None:
        """Register a plugin of this process, and the actions and data sources that it brings.

        Raises:
            PluginError: If it is invalid; plugin, hook and definition are named.
        """
        self.plugins.add(plugin, name)
        try:
            self._collect(plugin)
        except PluginError:
            self.plugins.unregister(plugin)
            raise

    def module(self, name: str) -> ModuleType:
        """Import a module of the component's folder."""
        return loading.submodule(self.folder, self.key, name)

    def __repr__(self) -> str:
        return f"Component({self.key!r}, {len(self.actions)} actions)"

    def _collect(self, only: object = None) -> None:
        """Add the actions and data sources that plugins bring: all of them, or none if one is invalid."""
        others = [plugin for plugin in self.plugins.get_plugins() if only is not None and plugin is not only]
        actions: list[Action[Any]] = []
        sources: list[DataSource[Any]] = []
        for hook, register in (("register_actions", actions.append), ("register_data_sources", sources.append)):
            self.plugins.subset_hook_caller(hook, others)(component_key=self.key, register=register)
        _check_foreign("action", Action, actions, self.actions)
        _check_foreign("data source", DataSource, sources, self.data_sources)
        for action in actions:
            self._add_action(action)
        self.data_sources |= {source.key: source for source in sources}

    def _add_action(self, action: Action[Any]) -> None:
        self.plugins.register(action, name=action.key)
        # Loading does not even import what reads the description.
        action.api = lambda: self.api
        self.actions[action.key] = action


class error_context:  # noqa: N801 - used as a function; a class costs a call less than a generator
    """Write the key of an action or data source into an error of the block that names none."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ConnectorError) and error.action is None:
            error.action = self._key


def load_component(manifest: str | Path | None = None, *, installed_plugins: bool = True) -> Component:
    """Load a component and check its code against its manifest.

    Args:
        manifest: Path of a `manifest.yaml`, or of its folder. Default: the bundled component.
        installed_plugins: Load installed plugins.

    Raises:
        ManifestError: If the manifest is missing or invalid; each problem has file, line and hint.
        ComponentError: If code and manifest disagree; every mismatch is listed.
        PluginError: If an installed plugin is invalid.
    """
    path = _bundled() if manifest is None else Path(manifest).expanduser()
    file = (path / MANIFEST if path.is_dir() else path).resolve()
    return Component(Manifest.load(file), file.parent, installed_plugins=installed_plugins)


def components() -> dict[str, Component]:
    """Return every installed component by key.

    Raises:
        ManifestError: If two packages offer the same key.
    """
    installed = [_loaded(entry) for entry in entry_points(ENTRY_POINTS)]
    by_key: dict[str, Component] = {}
    for component in installed or [load_component()]:
        if component.key in by_key:
            folders = f"{by_key[component.key].folder} and {component.folder}"
            raise ManifestError(f'two components have the key "{component.key}": {folders}', hint="Uninstall one.")
        by_key[component.key] = component
    return by_key


def installed_component(key: str) -> Component:
    """Return the installed component with this key.

    Raises:
        UnknownKeyError: If there is none; the hint names the nearest.
        ManifestError: If two packages offer the key.
    """
    # Usually the entry point has the key for its name; then no other component is loaded, which could be broken.
    named = list(entry_points(ENTRY_POINTS).select(name=key))
    if len(named) == 1:
        component = _loaded(named[0])
        if component.key == key:
            return component
    installed = components()
    if key in installed:
        return installed[key]
    hint = did_you_mean(key, installed) or f"Installed components: {', '.join(installed)}."
    raise UnknownKeyError(f'unknown component "{key}"', hint=hint)


def _loaded(entry: EntryPoint) -> Component:
    with foreign_code():  # the package of a component; what it prints is not what the program prints
        load: Callable[[], Component] = entry.load()
        return load()


def _bundled() -> Path:
    package = Path(__file__).parents[1]
    # In a checkout the component is the root of the repository; in the wheel it is below the package.
    in_checkout = (package.parent / "pyproject.toml").is_file() and (package.parent / MANIFEST).is_file()
    return package.parent if in_checkout else next((package / "components").glob(f"*/{MANIFEST}"))


def _check_foreign(
    kind: str, expected: type[Any], definitions: Iterable[Any], known: Mapping[str, Action[Any] | DataSource[Any]]
) -> None:
    """Raise PluginError for the first definition of a plugin that is invalid."""
    seen = dict(known)
    for definition in definitions:
        if not isinstance(definition, expected):
            hint = f"Declare it with @connector.{expected.__name__.replace('DataS', 'data_s').lower()}."
            problem = Problem(repr(definition), f"is not {'an' if kind == 'action' else 'a'} {kind}", hint=hint)
        elif definition.display is None:
            problem = Problem(
                definition.key, f"has no display ({definition.location})", hint="Pass display=Display(...)."
            )
        elif definition.key in seen:
            locations = f"{seen[definition.key].location} and {definition.location}"
            problem = Problem(definition.key, f"duplicate {kind}: {locations}", hint="Choose another key.")
        else:
            seen[definition.key] = definition
            continue
        raise PluginError(f"a plugin registers an invalid {kind}", problems=[problem])


def _matched(
    kind: str, definitions: list[DefinitionT], declared: Mapping[str, Described], problems: list[Problem]
) -> dict[str, DefinitionT]:
    by_key: dict[str, DefinitionT] = {}
    for definition in definitions:
        key = definition.key
        if key in by_key:
            locations = f"{by_key[key].location} and {definition.location}"
            problems.append(Problem(key, f'{kind} "{key}" is defined twice: {locations}', hint="Keep one of them."))
        elif key not in declared:
            hint = f"Add it to {MANIFEST}. {did_you_mean(key, declared)}".rstrip()
            text = f'{kind} "{key}" ({definition.location}) is missing from the manifest'
            problems.append(Problem(key, text, hint=hint))
        by_key[key] = definition
    for key in declared.keys() - by_key.keys():
        hint = f"Write its function, or remove it from {MANIFEST}. {did_you_mean(key, by_key)}".rstrip()
        problems.append(Problem(key, f'{kind} "{key}" is in the manifest but has no function', hint=hint))
    for key, definition in by_key.items():
        if key in declared:
            definition.display = Display(label=declared[key].label, description=declared[key].description)
    problems.sort(key=lambda problem: problem.location)
    return {key: by_key[key] for key in declared if key in by_key}


def _example_problems(folder: Path, definitions: Mapping[str, Action[Any] | DataSource[Any]]) -> Iterator[Problem]:
    folder /= "examples"
    examples = {file.stem: file for file in folder.glob("*.json")}
    for key, definition in definitions.items():
        definition.example_file = examples.pop(key, None)
        if definition.example_file is None and getattr(definition, "has_example", True):
            yield Problem(key, "has no example payload", hint=f"Write {folder / f'{key}.json'}.")
    for key, file in examples.items():
        yield Problem(key, f"{file} belongs to no definition", hint="Remove the file.")


def _by_key(kind: str, key: str, known: Mapping[str, DefinitionT]) -> DefinitionT:
    if key in known:
        return known[key]
    listed = f"Available: {', '.join(known)}." if known else f"The component has no {kind}s."
    if len(known) > MAX_LISTED:
        listed = f"Run `connector list` to see all {kind}s."
    raise UnknownKeyError(f'unknown {kind} "{key}"', hint=did_you_mean(key, known) or listed)
