"""Building blocks of a component's sandbox, and the server for it."""

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.sandbox_kit.app import SandboxApp
    from connector.sandbox_kit.assumptions import Assumption
    from connector.sandbox_kit.context import RequestContext, run_checks
    from connector.sandbox_kit.errors import ApiError, SandboxError, invalid, not_found, problem, unauthorized
    from connector.sandbox_kit.faults import Fault, parse_fault
    from connector.sandbox_kit.http_messages import LoggedRequest
    from connector.sandbox_kit.operations import Data, Operation
    from connector.sandbox_kit.pagination import Page, PageRequest, page_of, rows_of_page
    from connector.sandbox_kit.query_params import Query
    from connector.sandbox_kit.request_bodies import Body
    from connector.sandbox_kit.resources import Record, Resource, Row, View, compose, whole_record
    from connector.sandbox_kit.sandbox import Sandbox, sandbox_of, serve
    from connector.sandbox_kit.simulated_api import SimulatedApi
    from connector.sandbox_kit.store import dumps
    from connector.sandbox_kit.workspace import Workspace
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "app": ("SandboxApp",),
            "asgi_server": (),
            "assumptions": ("Assumption",),
            "context": ("RequestContext", "run_checks"),
            "errors": ("ApiError", "SandboxError", "invalid", "not_found", "problem", "unauthorized"),
            "faults": ("Fault", "parse_fault"),
            "http_messages": ("LoggedRequest",),
            "operations": ("Data", "Operation"),
            "pagination": ("Page", "PageRequest", "page_of", "rows_of_page"),
            "query_params": ("Query",),
            "request_bodies": ("Body",),
            "resources": ("Record", "Resource", "Row", "View", "compose", "whole_record"),
            "sandbox": ("Sandbox", "sandbox_of", "serve"),
            "simulated_api": ("SimulatedApi",),
            "store": ("dumps",),
            "workspace": ("Workspace",),
        },
    )

__all__ = [
    "ApiError",
    "Assumption",
    "Body",
    "Data",
    "Fault",
    "LoggedRequest",
    "Operation",
    "Page",
    "PageRequest",
    "Query",
    "Record",
    "RequestContext",
    "Resource",
    "Row",
    "Sandbox",
    "SandboxApp",
    "SandboxError",
    "SimulatedApi",
    "View",
    "Workspace",
    "compose",
    "dumps",
    "invalid",
    "not_found",
    "page_of",
    "parse_fault",
    "problem",
    "rows_of_page",
    "run_checks",
    "sandbox_of",
    "serve",
    "unauthorized",
    "whole_record",
]
