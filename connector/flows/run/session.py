"""From a checked flow and its options to a finished run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from connector.component.component import Component
from connector.component.definitions import Action
from connector.component.plugins import PluginManager
from connector.errors import StepError
from connector.flows.run.action_executor import ActionExecutor
from connector.flows.run.connections import FlowConnections, needs_of
from connector.flows.run.events import Event, Listener, RunEvent, RunState
from connector.flows.run.executor import FlowExecutor
from connector.flows.run.limits import Limits
from connector.flows.run.plan import plan
from connector.flows.run.result import Options, Run, StepSummary
from connector.flows.run.trace import Trace, every, redactor_for, secret_inputs
from connector.flows.steps.persisted_values import Store, store_folder
from connector.flows.steps.step_call import BreakLoop, StopFlow
from connector.flows.values.expressions import Scope

if TYPE_CHECKING:
    from connector.flows.file.model import FlowDefinition, Integration
    from connector.flows.run.step_run import StepRun
    from connector.journal.file import Journal
    from connector.journal.reader import JournalContents


class RunSession:
    """One run being set up: everything that may fail before the first step fails here.

    Args:
        integration: The file.
        flow: The flow of it to run; it was checked.
        components: Components by key.
        config: Values of the config variables.
        options: How to run it.
        dry_run: Perform reads only.
    """

    def __init__(
        self,
        integration: Integration,
        flow: FlowDefinition,
        components: Mapping[str, Component],
        config: Mapping[str, Any],
        options: Options,
        *,
        dry_run: bool = False,
    ) -> None:
        self.integration = integration
        self.flow = flow
        self.options = options
        self.config = config
        self.dry_run = dry_run
        self.deadline = None if options.deadline is None else time.monotonic() + options.deadline
        self.planned = plan(flow, components)
        self.plugins = _plugins(components, options.plugins)
        self.bindings = FlowConnections(integration, needs_of(flow, components), components, options.connections)

    def execute(
        self,
        run: Run,
        trigger: Mapping[str, Any],
        journal: Journal,
        history: JournalContents | None = None,
        *,
        skip_unknown: bool = False,
    ) -> Run:
        """Run the flow to its end.

        Raises:
            StepError: A step failed; its `run` is what was done until then.
            FlowLimitError: The flow went beyond a limit.
        """
        with ExitStack() as stack:
            stack.callback(journal.close)
            stack.callback(self.bindings.close)
            trace = self._trace(stack)
            tell = self._teller(trace)
            acting = self._acting(skip_unknown=skip_unknown)
            engine = FlowExecutor(
                self.flow.name,
                self._scope(trigger),
                acting,
                journal=journal,
                history=history,
                store=self._store(run),
                limits=self.options.limits or Limits(),
                tell=tell,
                keep=self._keeper(run, trace),
                hook=self.plugins.hook.perform_step,
                deadline=self.deadline,
                dry_run=self.dry_run,
            )
            self._told(tell, run, "started")
            began = time.perf_counter()
            error: BaseException | None = None
            try:
                run.results = engine.perform_all(self.planned)
                run.status = "done"
            except StopFlow as stop:
                run.status, run.response, run.results = "stopped", stop.response, stop.response["body"]
            except BreakLoop:
                run.status = "done"
            except BaseException as failure:
                run.status, error = "failed", failure
                if isinstance(failure, StepError):
                    failure.run = run
                raise
            finally:
                run.seconds = time.perf_counter() - began
                run.skipped_writes = engine.acting.skipped_writes
                text = "" if error is None else _told_as(error)
                journal.append("end", status=run.status, error=text)
                if run.status != "failed":
                    engine.store.forget_run()
                self._told(tell, run, run.status, seconds=run.seconds, error=text)
        return run

    def _told(self, tell: Listener | None, run: Run, state: RunState, **parts: Any) -> None:
        if tell is not None:
            tell(RunEvent(self.flow.name, run.id, state, str(run.journal or ""), **parts))

    def _scope(self, trigger: Mapping[str, Any]) -> Scope:
        variables = self.integration.config_variables
        connections = frozenset(key for key, variable in variables.items() if variable.kind != "value")
        return Scope({self.flow.steps[0].variable: {"results": trigger}}, self.config, connections)

    def _acting(self, *, skip_unknown: bool) -> ActionExecutor:
        return ActionExecutor(
            self.bindings,
            max_wait=self.options.max_wait,
            deadline=self.deadline,
            dry_run=self.dry_run,
            skip_unknown=skip_unknown,
        )

    def _store(self, run: Run) -> Store:
        folder = None if self.dry_run else self.options.state or store_folder()
        return Store(self.integration.name, self.flow.name, run.id, folder)

    def _trace(self, stack: ExitStack) -> Trace | None:
        if self.options.trace is None:
            return None
        secret = {planned.step.name: secret_inputs(planned) for planned in every(self.planned)}
        redactor = redactor_for(self.planned, self.bindings.secrets)
        return stack.enter_context(Trace(self.options.trace, redactor, secret))

    def _teller(self, trace: Trace | None) -> Listener | None:
        listeners: list[Callable[[Event], object]] = []
        if trace is not None:
            listeners.append(trace.note)
        if self.options.on_event is not None:
            listeners.append(self.options.on_event)
        if self.plugins.hook.flow_event.get_hookimpls():
            listeners.append(lambda event: self.plugins.hook.flow_event(event=event))

        def tell(event: Event) -> None:
            for listener in listeners:
                listener(event)

        return tell if listeners else None

    def _keeper(self, run: Run, trace: Trace | None) -> Callable[[StepRun], None]:
        for planned in every(self.planned):
            run.steps[planned.step.name] = StepSummary(planned.step.name, planned.step.kind)
        values = self.options.keep_values

        def keep(ended: StepRun) -> None:
            run.steps[ended.step.name].add(ended, values=values)
            if trace is not None:
                trace.add(ended)

        return keep


def _told_as(error: BaseException) -> str:
    return (str(error) or type(error).__name__) if isinstance(error, Exception) else "interrupted"


def _plugins(components: Mapping[str, Component], given: tuple[object, ...]) -> PluginManager:
    """The plugins that surround the steps of a run: those of its components, and those that were given."""
    manager = PluginManager()
    for component in components.values():
        for name, plugin in component.plugins.list_name_plugin():
            known = plugin is None or isinstance(plugin, Action) or manager.is_registered(plugin)
            if not known and name != "connector" and not manager.has_plugin(name):
                manager.add(plugin, name)
    for plugin in given:
        if not manager.is_registered(plugin):
            manager.add(plugin)
    return manager
