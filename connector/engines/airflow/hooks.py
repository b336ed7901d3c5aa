"""Hooks: a runner from an Airflow connection."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.sdk import BaseHook

from connector.component.component import Component, components
from connector.component.runner import Runner
from connector.engines.airflow.provider import component_of, connection_fields, connection_type, hook_name
from connector.errors import ConnectionInputError, ConnectorError

TEST_WAIT_SECONDS = 5.0


class ConnectorHook(BaseHook):  # type: ignore[misc]
    """A runner with the credentials of an Airflow connection, whose type selects the component.

    Args:
        conn_id: ID of the connection.
        settings: Settings of `Runner`, such as `read_only`.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "connector_default"
    conn_type = "connector"
    hook_name = "Connector"

    def __init__(self, conn_id: str = default_conn_name, **settings: Any) -> None:
        super().__init__()
        self.conn_id = conn_id
        self._settings = settings

    @cached_property
    def runner(self) -> Runner:
        """The runner."""
        stored = self.get_connection(self.conn_id)
        component = component_of(stored.conn_type)
        if component is None:
            types = ", ".join(connection_type(each) for each in components().values())
            text = f'the Airflow connection "{self.conn_id}" has the type "{stored.conn_type}"'
            raise ConnectionInputError(text, hint=f"Available types: {types}.")
        fields = connection_fields(component, stored.password, stored.extra_dejson)
        return Runner(component, {"fields": fields}, tenant=self.conn_id, **self._settings)

    def get_conn(self) -> Runner:
        """Return the runner."""
        return self.runner

    def test_connection(self) -> tuple[bool, str]:
        """Test the credentials, for the button of Airflow's form."""
        try:
            self.runner.test_connection(max_wait=TEST_WAIT_SECONDS)
        except ConnectorError as error:
            return False, str(error)
        return True, "The credentials work."


def _hook_of(component: Component) -> type[ConnectorHook]:
    attributes = {
        "__module__": __name__,
        "__doc__": f"Hook of the component {component.key}.",
        "conn_type": connection_type(component),
        "default_conn_name": f"{component.key}_default",
        "hook_name": component.manifest.display.label,
    }
    return type(hook_name(component), (ConnectorHook,), attributes)


def __getattr__(name: str) -> Any:
    """Return the hook class of an installed component; Airflow wants one per connection type."""
    for component in components().values():
        if hook_name(component) == name:
            return globals().setdefault(name, _hook_of(component))
    raise AttributeError(name)
