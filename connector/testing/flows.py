"""Running a flow in a test: a sandbox goes in, what every step did comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows import Flow, Run
    from connector.sandbox_kit.sandbox import Sandbox


def run_flow(
    file: str | Path | Flow,
    sandboxes: Sandbox | Mapping[str, Sandbox],
    *,
    flow: str | None = None,
    payload: Any = None,
    config: Mapping[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Run a flow against a sandbox, and keep what every step got and gave.

    Nothing of it is left behind: there is no journal, and what persist-data steps keep is gone after the run.

    Args:
        file: The integration file, or one that is loaded already.
        sandboxes: The sandbox for every connection of the flow; or one each, by the names of the connections.
        flow: Which flow; may be left out when the file has one.
        payload: What the trigger's `results.body.data` is.
        config: Values of config variables by key.
        options: Whatever else `connector.flows.Flow.run` takes, such as `components`, `trace` or `state`.

    Returns:
        The run: `status`, `results`, and in `steps` by name the `state`, `inputs`, `results` and `executions` of each.

    Raises:
        StepError: A step failed; `run` is what was done until then.
        ConnectorError: See `connector.flows.Flow.run`.
    """
    from connector.flows import Flow

    loaded = file if isinstance(file, Flow) else Flow.load(file)
    by_name = sandboxes if isinstance(sandboxes, Mapping) else {"": sandboxes}
    known = {box.component.key: box.component for box in by_name.values()}
    if not isinstance(sandboxes, Mapping):
        by_name = dict.fromkeys(_connection_names(loaded, known, flow), sandboxes)
    with TemporaryDirectory() as folder:
        settings = {"components": known, "journal": False, "keep_values": True, "state": folder, **options}
        connections = {name: box.connection for name, box in by_name.items()}
        return loaded.run(flow=flow, payload=payload, config=config, connections=connections, **settings)


def _connection_names(flow: Flow, components: Mapping[str, Component], name: str | None) -> list[str]:
    """The names of the connections of a flow; where it names none, any name will do."""
    needs = flow.connections(components, flow=name)
    variables = flow.integration.config_variables.values()
    declared = [variable.key for variable in variables if variable.kind != "value"]
    return [need for _, need in needs if need is not None] or declared[:1] or [key for key, _ in needs[:1]]
