"""The plugin manager of one component: its actions, and the plugins around them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pluggy

from connector import hookspecs
from connector.common.installed_packages import entry_points
from connector.component.definitions import Action, DataSource, Payload
from connector.component.foreign_code import foreign_code, guarded, handler_errors, is_foreign_exit
from connector.errors import HandlerError, PluginError, Problem
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.inputs import Inputs
    from connector.flows.steps.step_call import StepCall
    from connector.rest import Request, Response


@dataclass(frozen=True, slots=True)
class PluginSummary:
    """A plugin that is loaded.

    Attributes:
        name: Its name.
        distribution: Name of the installed package that it comes from; empty for a plugin of this process.
        location: File of its code.
        hooks: Names of the hooks that it implements.
    """

    name: str
    distribution: str
    location: str
    hooks: list[str]


ENTRY_POINTS = "connector.plugins"
HOOKS = (
    "register_actions",
    "register_data_sources",
    "perform_action",
    "send_request",
    "perform_step",
    "flow_event",
)


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, which also registers actions by their key."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)
        self.register(_BuiltIn(), name="connector")
        self._distributions: dict[str, str] = {}

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """Return the options of a hook; None for every other name of the module."""
        # pluggy looks every name up in all ways that Python knows, which would take half the time of a short flow.
        return super().parse_hookspec_opts(module_or_class, name) if name in HOOKS else None

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Return the options of a hook implementation; None for an action, and for what every object has."""
        # Actions are plugins without hooks. pluggy would evaluate each of their properties, and load every example.
        if isinstance(plugin, Action) or name.startswith("__"):
            return None
        return super().parse_hookimpl_opts(plugin, name)

    def add(self, plugin: object, name: str | None = None, distribution: str = "") -> None:
        """Register a plugin and check it at once.

        Args:
            plugin: An object or module with hooks.
            name: Name of the plugin.
            distribution: Name of the installed package that the plugin comes from.

        Raises:
            PluginError: If it is registered already, or a hook of it is unknown or not a plain function.
        """
        title = name or str(getattr(plugin, "__name__", type(plugin).__name__))
        location = f"{title} ({distribution})" if distribution else title
        if self.is_registered(plugin) or (name is not None and self.has_plugin(name)):
            problem = Problem(location, f'plugin "{title}" is already registered', hint="Register each plugin once.")
            raise PluginError("cannot register a plugin", problems=[problem])
        mistakes = list(_mistakes(plugin))
        if mistakes:
            raise PluginError("cannot register a plugin", problems=[Problem(location, *pair) for pair in mistakes])
        try:
            self.register(plugin, name=name)
            self.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            reason = " ".join(str(error).split())
        else:
            for caller in self.get_hookcallers(plugin) or ():
                for implementation in caller.get_hookimpls():
                    if implementation.plugin is plugin:
                        # pluggy has no place to put something around a hook; its attribute is final for checkers only.
                        function = guarded(implementation.function, caller.name, location)
                        object.__setattr__(implementation, "function", function)
            return
        if self.is_registered(plugin):
            self.unregister(plugin)
        problem = Problem(location, reason, hint=f"Available hooks: {', '.join(HOOKS)}. See connector.hookspecs.")
        raise PluginError("cannot register a plugin", problems=[problem])

    def add_installed(self) -> None:
        """Register the plugins of installed packages.

        Raises:
            PluginError: If one of them cannot be imported or registered.
        """
        for entry in entry_points(ENTRY_POINTS):
            distribution = entry.dist.name if entry.dist is not None else ""
            self.add(_loaded(entry, distribution), name=entry.name, distribution=distribution)
            self._distributions[entry.name] = distribution

    def summaries(self) -> list[PluginSummary]:
        """Return the plugins in the order in which they were added, without what the package itself registers."""
        return [
            PluginSummary(
                name,
                self._distributions.get(name, ""),
                _file_of(plugin),
                sorted(caller.name for caller in self.get_hookcallers(plugin) or ()),
            )
            for name, plugin in self.list_name_plugin()
            if plugin is not None and not isinstance(plugin, Action | _BuiltIn)
        ]


def _file_of(plugin: object) -> str:
    try:
        return inspect.getsourcefile(plugin if inspect.ismodule(plugin) else type(plugin)) or ""
    except TypeError:  # it was not read from a file
        return ""


def _loaded(entry: EntryPoint, distribution: str) -> object:
    try:
        with foreign_code():
            return entry.load()
    except (Exception, SystemExit) as error:
        # SystemExit too: the exit code of a plugin must not become that of the program.
        if not is_foreign_exit(error):
            raise
        text = f"cannot be imported: {type(error).__name__}: {error}"
        location = f"{entry.name} ({distribution})" if distribution else entry.name
        problem = Problem(location, text, hint=f"Repair or uninstall {distribution or entry.value}.")
        raise PluginError("cannot import a plugin", problems=[problem]) from error


def _mistakes(plugin: object) -> Iterator[tuple[str, str, str]]:
    """Yield message, label and hint of each mistake that pluggy would not notice before the hook is called."""
    if inspect.isclass(plugin):
        yield "is a class, not an instance", "", f"Register {plugin.__name__}() instead."
        return
    for hook in HOOKS:
        function = getattr(plugin, hook, None)
        if not callable(function):
            continue
        options = getattr(function, f"{hookspecs.PROJECT}_impl", None)
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            yield f"hook {hook} is async", "", "Write it as a plain function: hooks are called without an event loop."
        elif options is None:
            yield f"hook {hook} is not marked as a hook of connector", "", "Decorate it with @connector.hookimpl."
        elif inspect.isgeneratorfunction(function) and not (options["wrapper"] or options["hookwrapper"]):
            yield f"hook {hook} is a generator", "", "Return a value, or use @connector.hookimpl(wrapper=True)."


class _BuiltIn:
    """What happens if no plugin does otherwise; the hooks that the package itself uses."""

    @hookimpl(trylast=True)
    def perform_action(self, action: Action[Any] | DataSource[Any], context: Context, inputs: Inputs) -> Payload:
        with handler_errors(action, context):
            if action.pagination is not None and getattr(inputs, action.pagination.all_input, False) is True:
                from connector.component.pagination import fetch_all

                return fetch_all(action, context, inputs)
            payload = action.perform(context, inputs)
        if not isinstance(payload, dict):
            text = f"returned a {type(payload).__name__}, not a payload"
            raise HandlerError(text, action=action.key, hint=f'Return {{"data": ...}} in {action.location}.')
        return payload

    @hookimpl(trylast=True)
    def perform_step(self, step: StepCall) -> Any:
        return step.perform()

    @hookimpl(trylast=True)
    def send_request(self, context: Context, request: Request) -> Response:
        return context.connection.transport.attempt(context.endpoint, request, context.limits)
