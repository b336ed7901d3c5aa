"""Operators: an action, and a flow, as a task that is safe to run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from connector.engines.airflow.calls import all_records, is_repeatable, journal_of, perform, task_name
from connector.engines.airflow.hooks import ConnectorHook
from connector.errors import ConnectorError
from connector.flows.flow import Flow


class ConnectorOperator(BaseOperator):  # type: ignore[misc]
    """Runs an action.

    A write has a journal: if the task is killed and runs again in the same DAG run, a write that was finished is not
    sent again, and one whose outcome is unknown fails the task.

    Args:
        action: Key of the action.
        inputs: Its inputs by key; templated.
        conn_id: ID of the Airflow connection.
        all_pages: Return the records of all pages of a list action.
        to: With `all_pages`: write the records to this file, and return `{"file", "count"}`; templated.
        journal: Folder of the journals; True for one in the user's state folder, False for none. With several workers,
            pass a folder that all of them share.
        settings: Settings of BaseOperator.
    """

    template_fields: Sequence[str] = ("action", "inputs", "to")
    ui_color = "#7fd1ae"

    def __init__(
        self,
        *,
        action: str,
        inputs: Mapping[str, Any] | None = None,
        conn_id: str,
        all_pages: bool = False,
        to: str | None = None,
        journal: bool | str = True,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.action = action
        self.inputs = dict(inputs or {})
        self.conn_id = conn_id
        self.all_pages = all_pages
        self.to = to
        self.journal = journal

    def execute(self, context: Any) -> Any:
        """Run the action and return its payload, or its records."""
        with _failing(), ConnectorHook(self.conn_id).runner as runner:
            if self.all_pages:
                return all_records(runner, self.action, self.inputs, Path(self.to) if self.to else None)
            journal = journal_of(self.journal, _name_of(context)) if self.journal else None
            return perform(runner, self.action, self.inputs, journal)


class FlowOperator(BaseOperator):  # type: ignore[misc]
    """Runs a flow of an integration file, and resumes it if the task runs again in the same DAG run.

    Args:
        file: Path of the integration file; templated.
        conn_id: ID of the Airflow connection, or IDs by the name of the config variable that holds the connection.
        flow: Name of the flow; optional if the file has one.
        payload: The trigger payload; templated.
        config: Values of config variables by key; templated.
        journal: Folder of the journals; True for one in the user's state folder. With several workers, pass a folder
            that all of them share.
        settings: Settings of BaseOperator.
    """

    template_fields: Sequence[str] = ("file", "payload", "config")
    ui_color = "#7fd1ae"

    def __init__(
        self,
        *,
        file: str,
        conn_id: str | Mapping[str, str],
        flow: str | None = None,
        payload: Any = None,
        config: Mapping[str, Any] | None = None,
        journal: bool | str = True,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.file = file
        self.conn_id = conn_id
        self.flow = flow
        self.payload = payload
        self.config = dict(config or {})
        self.journal = journal

    def execute(self, context: Any) -> Any:
        """Run the flow and return its results."""
        name = _name_of(context)
        with _failing():
            flow = Flow.load(self.file)
            run = flow.run(
                flow=self.flow,
                payload=self.payload,
                config=self.config,
                connections=self._connections(flow),
                journal=journal_of(self.journal, name),
                id=name,
            )
        return run.results

    def _connections(self, flow: Flow) -> dict[str, Any]:
        if not isinstance(self.conn_id, str):
            return {name: ConnectorHook(conn_id).runner for name, conn_id in self.conn_id.items()}
        runner = ConnectorHook(self.conn_id).runner
        return {name or component: runner for component, name in flow.connections(flow=self.flow)}


def _name_of(context: Any) -> str:
    task = context["ti"]
    # A DAG has one run per logical date; a run without one has only its ID.
    run = context.get("logical_date") or task.run_id
    return task_name(task.dag_id, run, task.task_id, task.map_index)


@contextmanager
def _failing() -> Iterator[None]:
    """Let Airflow retry where a retry may help, and fail the task at once for all else."""
    try:
        yield
    except ConnectorError as error:
        if is_repeatable(error):
            raise
        raise AirflowFailException(str(error)) from None
