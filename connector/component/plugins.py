"""The plugin manager of one component: its actions, and whoever listens to them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pluggy

from connector import hookspecs
from connector.component.definitions import Action, Payload
from connector.errors import PluginError, Problem
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.component.inputs import Inputs
    from connector.flows.steps.step_call import StepCall
    from connector.rest import Request, Response

ENTRY_POINTS = "connector.plugins"


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, which keeps actions by key and passes over their attributes when it looks for hooks."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)
        self.register(_BuiltIn(), name="connector")

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        """Options of a hook implementation; an action has none."""
        return None if isinstance(plugin, Action) else super().parse_hookimpl_opts(plugin, name)

    def add(self, plugin: object, name: str | None = None) -> None:
        """Register a plugin and check it at once.

        Raises:
            PluginError: It implements a hook that does not exist, or asks for arguments that the hook has not.
        """
        location = name or str(getattr(plugin, "__name__", type(plugin).__name__))
        if self.is_registered(plugin) or (name is not None and self.has_plugin(name)):
            problem = Problem(location, "is registered already.", hint="Add each plugin once, under a name of its own.")
            raise PluginError("a plugin cannot be registered.", problems=[problem])
        try:
            self.register(plugin, name=name)
            self.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            reason = " ".join(str(error).split())
        else:
            return
        if self.is_registered(plugin):
            self.unregister(plugin)
        known = "register_actions, perform_action, send_request, perform_step and flow_event"
        problem = Problem(location, reason, hint=f"The hooks are {known}; see connector.hookspecs.")
        raise PluginError("a plugin cannot be registered.", problems=[problem])

    def add_installed(self) -> None:
        """Register the plugins that other distributions offer.

        Raises:
            PluginError: One of them cannot be imported or registered.
        """
        for entry in entry_points(group=ENTRY_POINTS):
            try:
                plugin = entry.load()
            except Exception as error:
                text = f"cannot be imported: {type(error).__name__}: {error}"
                problem = Problem(entry.name, text, hint=f"Repair or uninstall {entry.value}.")
                raise PluginError("a plugin cannot be imported.", problems=[problem]) from error
            self.add(plugin, name=entry.name)


class _BuiltIn:
    """What happens when no plugin does otherwise; the hooks that the package itself uses."""

    @hookimpl(trylast=True)
    def perform_action(self, action: Action[Any], context: Context, inputs: Inputs) -> Payload:
        if action.pagination is not None and getattr(inputs, action.pagination.all_input, False) is True:
            from connector.component.pagination import fetch_all

            return fetch_all(action, context, inputs)
        return action.perform(context, inputs)

    @hookimpl(trylast=True)
    def perform_step(self, step: StepCall) -> Any:
        return step.perform()

    @hookimpl(trylast=True)
    def send_request(self, context: Context, request: Request) -> Response:
        return context.connection.transport.attempt(context.endpoint, request, context.limits)
