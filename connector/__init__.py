"""Build, load, and run components of the Prismatic integration platform.

    import connector

    segment = connector.load_component()
    runner = connector.Runner(segment, connection={"key": "apiKey", "fields": {"apiKey": "..."}})
    runner.invoke("listSources", {"count": 10})

See `connector.errors` for the errors, `connector.hookspecs` for the hooks, `connector.flows` for integrations, and
`connector.testing` for tests.
"""

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.component.async_runner import AsyncRunner
    from connector.component.bulk import BulkRun, RowResult
    from connector.component.component import Component, components, load_component
    from connector.component.context import Context
    from connector.component.definitions import (
        Action,
        DataSource,
        Difference,
        Display,
        Effect,
        Pagination,
        Payload,
        Undo,
        action,
        connection,
        data_source,
    )
    from connector.component.described_actions import OperationNotes
    from connector.component.inputs import EMPTY, CatalogSettings, Input, Inputs, PathSegment, value_or, wire_shape
    from connector.component.manifest import Manifest
    from connector.component.page_inputs import PageInputs
    from connector.component.pagination import records_of
    from connector.component.picklists import picklist
    from connector.component.policy import Policy
    from connector.component.raw_request import RawRequest, raw_request
    from connector.component.runner import Runner
    from connector.errors import ConnectorError
    from connector.flows.flow import Flow
    from connector.hookspecs import hookimpl
    from connector.rest.endpoint import Endpoint
    from connector.rest.multipart import File
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "component.async_runner": ("AsyncRunner",),
            "component.bulk": ("BulkRun", "RowResult"),
            "component.component": ("Component", "components", "load_component"),
            "component.context": ("Context",),
            "component.definitions": (
                "Action",
                "DataSource",
                "Difference",
                "Display",
                "Effect",
                "Pagination",
                "Payload",
                "Undo",
                "action",
                "connection",
                "data_source",
            ),
            "component.described_actions": ("OperationNotes",),
            "component.inputs": (
                "EMPTY",
                "CatalogSettings",
                "Input",
                "Inputs",
                "PathSegment",
                "value_or",
                "wire_shape",
            ),
            "component.manifest": ("Manifest",),
            "component.pagination": ("records_of",),
            "component.page_inputs": ("PageInputs",),
            "component.picklists": ("picklist",),
            "component.policy": ("Policy",),
            "component.raw_request": ("RawRequest", "raw_request"),
            "component.runner": ("Runner",),
            "errors": ("ConnectorError",),
            "flows": ("Flow",),
            "hookspecs": ("hookimpl",),
            "rest": (),
            "rest.endpoint": ("Endpoint",),
            "rest.multipart": ("File",),
            "sandbox_kit": (),
            "testing": (),
        },
    )

__version__ = "1.0.0"

__all__ = [
    "EMPTY",
    "Action",
    "AsyncRunner",
    "BulkRun",
    "CatalogSettings",
    "Component",
    "ConnectorError",
    "Context",
    "DataSource",
    "Difference",
    "Display",
    "Effect",
    "Endpoint",
    "File",
    "Flow",
    "Input",
    "Inputs",
    "Manifest",
    "OperationNotes",
    "PageInputs",
    "Pagination",
    "PathSegment",
    "Payload",
    "Policy",
    "RawRequest",
    "RowResult",
    "Runner",
    "Undo",
    "action",
    "components",
    "connection",
    "data_source",
    "hookimpl",
    "load_component",
    "picklist",
    "raw_request",
    "records_of",
    "value_or",
    "wire_shape",
]
