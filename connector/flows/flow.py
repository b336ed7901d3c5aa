"""The public interface of flows: load, check, and run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from connector.errors import UsageError
from connector.flows.file.model import FlowDefinition, Integration
from connector.flows.file.parse import read_file, read_text
from connector.flows.file.step_actions import action_of
from connector.flows.run.components import components_by_key

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.flows.check.integration import Target
    from connector.flows.check.problems import FlowProblem
    from connector.flows.run.connections import ConnectionNeed
    from connector.flows.run.result import Run
    from connector.flows.run.settings import RunSettings
    from connector.flows.run.stubs import StubValues

    Components = Mapping[str, Component] | Iterable[Component] | Component | None


class Flow:
    """An integration file. Its flows can be checked, drawn, and run; see `load`.

    Attributes:
        integration: The content of the file.
    """

    def __init__(self, integration: Integration) -> None:
        self.integration = integration

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Load an integration file, as exported from Prismatic with `definitionVersion` 6 or 7.

        Raises:
            InvalidFlowError: If the file is missing or invalid. Lists every problem with file, line, path, and hint.
        """
        return cls(read_file(Path(path).expanduser()))

    @classmethod
    def parse(cls, text: str, source: str = "<text>") -> Self:
        """Parse the text of an integration file.

        Args:
            text: Text of the file.
            source: Name of the file in messages.

        Raises:
            InvalidFlowError: If the text is invalid; see `load`.
        """
        return cls(read_text(text, source))

    @property
    def name(self) -> str:
        """Name of the integration."""
        return self.integration.name

    @property
    def flows(self) -> list[str]:
        """Names of the flows in the file."""
        return [flow.name for flow in self.integration.flows]

    def definition(self, name: str | None = None) -> FlowDefinition:
        """Return the definition of a flow.

        Args:
            name: Name of the flow. Optional if the file has one flow.

        Raises:
            UsageError: If the file has no flow with this name, or has several flows and no name is passed.
        """
        return self.integration.definition(name)

    def check(
        self,
        components: Components = None,
        *,
        flow: str | None = None,
        target: Target | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> list[FlowProblem]:
        """Check the flows offline and return the problems.

        Args:
            components: Components whose actions the steps can use. Default: all installed components.
            flow: Name of the flow to check. Default: all flows.
            target: `prismatic` also checks that the flows work on Prismatic.
            config: Values of config variables. Without it, a config variable that is not set is only a warning.

        Raises:
            UsageError: If the target is unknown.

        Returns:
            The problems in file order. A flow with a problem of the severity `error` does not start.
        """
        from connector.flows.check.integration import TARGETS, check

        if target is not None and target not in TARGETS:
            raise UsageError(f'unknown target "{target}"', hint=f"Available: {', '.join(TARGETS)}.")
        chosen = None if flow is None else [self.definition(flow)]
        return check(self.integration, components_by_key(components), flows=chosen, target=target, config=config)

    def connections(self, components: Components = None, *, flow: str | None = None) -> list[ConnectionNeed]:
        """Return the component and the name of each connection of a flow; None if the steps name no connection."""
        from connector.flows.run.connections import needs_of

        return needs_of(self.definition(flow), components_by_key(components))

    def destructive_steps(self, components: Components = None, *, flow: str | None = None) -> list[str]:
        """Return the names of destructive steps, including the steps whose effect depends on their inputs."""
        known = components_by_key(components)
        names = []
        for step in self.definition(flow).walk():
            action = action_of(step.kind, known)
            if action is not None and action.may_be_destructive:
                names.append(step.name)
        return names

    def run(
        self,
        components: Components = None,
        *,
        flow: str | None = None,
        payload: Any = None,
        body: str | bytes | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str | None = None,
        branch: str | None = None,
        config: Mapping[str, Any] | None = None,
        stubs: StubValues = None,
        dry_run: bool = False,
        journal: bool | str | Path = True,
        id: str | None = None,  # noqa: A002 - the ID of the run, as everywhere
        **settings: Unpack[RunSettings],
    ) -> Run:
        """Run a flow of the file, started manually with a trigger payload.

        Args:
            components: The components whose actions the steps use. Default: every installed one.
            flow: Name of the flow. Optional if the file has one flow.
            payload: The trigger payload, which is the trigger's `results.body.data`.
            body: A raw body instead of a payload. It is parsed if `content_type` says that it is JSON.
            form: Fields of a form instead of a payload, which are sent URL-encoded.
            headers: The trigger's `results.headers`.
            query: The trigger's `results.queryParameters`.
            content_type: Type of the body. Default: JSON for a payload, `text/plain` for a body.
            branch: The branch of the trigger to take. Required if the trigger has branches with steps.
            config: Values of config variables by key.
            stubs: What to return instead of performing steps, or a folder with these. By the name of a step, or by
                `component.action`: the results, an error to raise, or a function that takes the inputs and returns one
                of these; for a step with branches, the results are `{"branch": NAME, "data": RESULTS}`. By
                `METHOD URL`, in which `*` is any text: the body of the response to an HTTP step, or a `StubResponse`;
                then no other HTTP step sends a request. By the name of the trigger: parts of its results.
            dry_run: Perform reads only. A write returns its example payload and is listed in `skipped_writes`.
            journal: Keep a journal in the user's state folder, in this file, in a database (`sqlite:///FILE` or
                `postgresql://USER@HOST/DATABASE`), or (False) none. A run with an ID is kept in the database of
                submitted runs instead of the folder: `CONNECTOR_DATABASE`, or a file there.
            id: ID of the run. The same ID again resumes a run that failed or was killed, waits for one that another
                process runs, and returns the results of a finished one; so a task that runs again does nothing twice.
            settings: See `connector.flows.RunSettings`.

        Raises:
            InvalidFlowError: If the flow has errors; nothing was run, and every error is listed.
            SetupError: If a connection is missing or invalid; nothing was run.
            StepError: If a step fails; its `run` is what was done until then.
            FlowLimitError: If the flow exceeds a limit.
        """
        from connector.flows.run.by_id import run_by_id
        from connector.flows.run.prepare import PreparedRun, check_flow
        from connector.flows.run.start import start
        from connector.flows.steps.trigger import webhook_request

        definition, known = self.definition(flow), components_by_key(components)
        checked = check_flow(self.integration, definition, known, config or {}, branch=branch, stubs=stubs)
        request = webhook_request(
            payload, body=body, form=form, headers=headers, query=query, content_type=content_type
        )
        with PreparedRun(checked, dry_run=dry_run, **settings) as prepared:
            if id is None or dry_run:
                return start(prepared, request, journal=journal)
            return run_by_id(prepared, id, request, journal=journal)

    def __repr__(self) -> str:
        return f"Flow({self.name!r}, {len(self.flows)} flows)"
