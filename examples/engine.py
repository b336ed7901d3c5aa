"""A workflow engine in miniature: it finds every installed component and runs its actions.

    python examples/engine.py

The engine registers each action with its schemas, runs actions by key, waits for rate limits, and never runs a call
again whose outcome is unknown. It works with any component; this one runs on the component's sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import connector
from connector.testing import sandbox


class Engine:
    """Registers components and runs steps."""

    def __init__(self) -> None:
        self.actions: dict[str, Mapping[str, Any]] = {}
        self.runners: dict[str, connector.Runner] = {}

    def register(self, component: connector.Component, runner: connector.Runner) -> None:
        """Register every action of a component under `component/action`."""
        self.runners[component.key] = runner
        for key, action in component.actions.items():
            self.actions[f"{component.key}/{key}"] = {"input": action.input_schema, "output": action.output_schema}

    def run(self, name: str, inputs: Mapping[str, Any], attempts: int = 3) -> Any:
        """Run one step; retry it only if the error says that this is safe."""
        component, _, key = name.partition("/")
        for attempt in range(1, attempts + 1):
            try:
                return self.runners[component].invoke(key, inputs, max_wait=0)["data"]
            except connector.errors.RateLimitError as error:
                wait = error.retry_after or 1.0
            except connector.ConnectorError as error:
                if not error.repeatable or attempt == attempts:
                    raise
                wait = 1.0
            time.sleep(wait)
        raise TimeoutError(f"{name} is still rate limited after {attempts} attempts")


def main() -> None:
    """Register every installed component that has a sandbox and run two steps of Segment."""
    engine = Engine()
    with ExitStack() as sandboxes:
        for component in connector.components().values():
            if component.manifest.sandbox:
                workspace = sandboxes.enter_context(sandbox(component))
                engine.register(component, workspace.runner())
                print(f"registered {len(component.actions)} actions of {component.key}")
        source = engine.run("segment/createSource", {"slug": "checkout", "enabled": True, "metadataId": "IqDTy1TpoU"})
        print("created", source["data"]["source"]["slug"])
        names = [each["slug"] for each in engine.run("segment/listSources", {})["data"]["sources"]]
        print("sources:", ", ".join(sorted(names)))


if __name__ == "__main__":
    main()
