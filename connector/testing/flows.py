"""Run a flow against a sandbox in a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Unpack

from connector.errors import StepError

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Flow, Run, RunSettings
    from connector.flows.run.stubs import StubValues
    from connector.sandbox_kit.sandbox import Sandbox


def run_flow(
    file: str | Path | Flow,
    sandboxes: Sandbox | Mapping[str, Sandbox] | None = None,
    *,
    flow: str | None = None,
    components: Mapping[str, Component] | None = None,
    payload: Any = None,
    body: str | bytes | None = None,
    form: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    content_type: str | None = None,
    branch: str | None = None,
    config: Mapping[str, Any] | None = None,
    stubs: StubValues = None,
    **settings: Unpack[RunSettings],
) -> Run:
    """Run a flow against a sandbox and with stubs, and keep the inputs and results of every step.

    The run leaves no files behind: it has no journal, and the values of persist-data steps are discarded.

    Args:
        file: The integration file, or a loaded one.
        sandboxes: The sandbox for every connection of the flow; or one each, by the names of the connections; None if
            stubs stand in for all steps with a connection.
        flow: Name of the flow. Optional if the file has one flow.
        components: Components by key. Default: those of the sandboxes; without a sandbox, all installed ones.
        payload: The trigger payload, which is the trigger's `results.body.data`.
        body: A raw body; see `connector.flows.Flow.run`.
        form: Fields of a form.
        headers: Headers.
        query: Query parameters.
        content_type: Type of the body.
        branch: The branch of the trigger to take.
        config: Values of config variables by key.
        stubs: See `connector.flows.Flow.run`.
        settings: See `connector.flows.RunSettings`.

    Returns:
        The run: `status`, `results`, `trace`, and in `steps` by name the `state`, `inputs`, `results` and
        `executions` of each.

    Raises:
        StepError: If a step fails; its `run` is what was done until then.
        ConnectorError: See `connector.flows.Flow.run`.
    """
    from connector.component.component import components as installed
    from connector.flows import Flow

    loaded = file if isinstance(file, Flow) else Flow.load(file)
    by_name: Mapping[str, Sandbox] = sandboxes if isinstance(sandboxes, Mapping) else {}
    boxes = by_name.values() if sandboxes is None or isinstance(sandboxes, Mapping) else [sandboxes]
    known = components or {box.component.key: box.component for box in boxes} or installed()
    if sandboxes is not None and not isinstance(sandboxes, Mapping):
        by_name = dict.fromkeys(_connection_names(loaded, known, flow, sandboxes.component.key), sandboxes)
    with TemporaryDirectory() as folder:
        defaults: RunSettings = {"keep_values": True, "state": folder}
        defaults["connections"] = {name: box.connection for name, box in by_name.items()}
        defaults["trace"] = Path(folder) / "trace.jsonl"
        merged: RunSettings = {**defaults, **settings}
        try:
            run = loaded.run(
                known,
                flow=flow,
                payload=payload,
                body=body,
                form=form,
                headers=headers,
                query=query,
                content_type=content_type,
                branch=branch,
                config=config,
                stubs=stubs,
                journal=False,
                **merged,
            )
        except StepError as error:
            if error.run is not None:
                _record(error.run, merged, boxes)
            raise
        _record(run, merged, boxes)
        return run


def _record(run: Run, settings: RunSettings, sandboxes: Iterable[Sandbox]) -> None:
    run.trace = _trace_of(settings)
    run.generated = frozenset(text for box in sandboxes for text in box.workspace.generated)


def _trace_of(settings: RunSettings) -> list[dict[str, Any]]:
    from connector.flows import read_trace

    path = settings.get("trace")
    return [] if path is None else read_trace(Path(path))


def _connection_names(flow: Flow, components: Mapping[str, Component], name: str | None, component: str) -> set[str]:
    """Return the names of the connections of a flow to a component."""
    from connector.flows.run.connections import connection_name, connection_variables

    needs = [need for need in flow.connections(components, flow=name) if need[0] == component]
    named = [need for _, need in needs if need is not None]
    # Where several variables fit a step that names none, any one will do: the sandbox is the same for all.
    fallback = next(iter(connection_variables(flow.integration)), "")
    return {connection_name(flow.integration, need, named) or fallback for need in needs}
