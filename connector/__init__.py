"""Build, load and run components of an integration platform.

    import connector

    segment = connector.load_component()
    runner = connector.Runner(segment, connection={"key": "apiKey", "fields": {"apiKey": "..."}})
    runner.invoke("listSources", {"count": 10})

See `connector.errors` for the errors, `connector.hookspecs` for the hooks, `connector.testing` for tests.
"""

from typing import TYPE_CHECKING

from connector.lazy import lazily

if TYPE_CHECKING:
    from connector.component import Component, components, load_component
    from connector.context import Context
    from connector.definitions import (
        Action,
        DataSource,
        Display,
        Paging,
        Payload,
        Undo,
        action,
        connection,
        data_source,
        picklist,
    )
    from connector.errors import ConnectorError
    from connector.flows.flow import Flow
    from connector.hookspecs import hookimpl
    from connector.inputs import Input, Inputs, PathSegment
    from connector.manifest import Manifest
    from connector.policy import Policy
    from connector.runner import Runner
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "component": ("Component", "components", "load_component"),
            "context": ("Context",),
            "definitions": (
                *("Action", "DataSource", "Display", "Paging", "Payload", "Undo"),
                *("action", "connection", "data_source", "picklist"),
            ),
            "errors": ("ConnectorError",),
            "flows": ("Flow",),
            "hookspecs": ("hookimpl",),
            "inputs": ("Input", "Inputs", "PathSegment"),
            "manifest": ("Manifest",),
            "policy": ("Policy",),
            "rest": (),
            "runner": ("Runner",),
            "sandboxes": (),
            "testing": (),
        },
    )

__version__ = "1.0.0"

__all__ = [
    "Action",
    "Component",
    "ConnectorError",
    "Context",
    "DataSource",
    "Display",
    "Flow",
    "Input",
    "Inputs",
    "Manifest",
    "Paging",
    "PathSegment",
    "Payload",
    "Policy",
    "Runner",
    "Undo",
    "action",
    "components",
    "connection",
    "data_source",
    "hookimpl",
    "load_component",
    "picklist",
]
