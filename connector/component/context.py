"""The context that a handler gets beside its inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from connector.component.dry_run import stop_in_dry_run
from connector.component.inputs import EMPTY
from connector.component.policy import Policy
from connector.rest.client import HttpClient
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.component.component import Component
    from connector.component.connections import Connection
    from connector.component.definitions import Payload
    from connector.component.inputs import Inputs
    from connector.rest import Endpoint, Request, Response

LOGGER = logging.getLogger("connector.actions")


class Context:
    """Per-call context passed to handlers.

    Attributes:
        component: Component whose action runs.
        connection: The customer's connection.
        limits: How long the call may wait and take.
        policy: What the caller allows.
        logger: Logger for messages of the handler.
        key: Key of the action or data source that runs.
        inputs: Its validated inputs.
        on_page: Called with the number of records so far, after each page of a list.
    """

    def __init__(
        self,
        component: Component,
        connection: Connection,
        *,
        limits: CallLimits | None = None,
        policy: Policy | None = None,
        key: str = "",
        inputs: Inputs | None = None,
        on_page: Callable[[int], None] | None = None,
    ) -> None:
        self.component = component
        self.connection = connection
        self.limits = limits or CallLimits()
        self.policy = policy or Policy()
        self.logger = LOGGER
        self.key = key
        self.inputs = inputs
        self.on_page = on_page

    @property
    def tenant(self) -> str:
        """Name of the customer, as its runner has it; may be empty."""
        return self.connection.tenant if self.connection else ""

    def started(self, key: str, inputs: Inputs) -> Context:
        """Return the context for one action or data source."""
        return Context(
            self.component,
            self.connection,
            limits=self.limits,
            policy=self.policy,
            key=key,
            inputs=inputs,
            on_page=self.on_page,
        )

    def with_limits(self, **limits: Any) -> Context:
        """Return this context with other limits; see `CallLimits`."""
        return Context(
            self.component,
            self.connection,
            limits=replace(self.limits, **limits),
            policy=self.policy,
            key=self.key,
            inputs=self.inputs,
            on_page=self.on_page,
        )

    @cached_property
    def endpoint(self) -> Endpoint:
        """The service that this call uses."""
        return self.connection.endpoint(self.inputs)

    @cached_property
    def api(self) -> HttpClient:
        """The authorized client; its methods return `{"data": <response body>}`."""
        return HttpClient(self.endpoint, self.connection.transport, self._attempt, self.limits, self._prepare)

    def invoke(self, key: str, inputs: Inputs, **values: Any) -> Payload:
        """Perform an action of the same component with validated inputs, and others by key; return its payload."""
        action = self.component.action(key)
        return self.component.perform_validated(action, self, action.inputs.from_values(_values(inputs) | values))

    def records(self, key: str, inputs: Inputs, **values: Any) -> Iterator[Any]:
        """Iterate over all records of a list action of the same component, fetching pages as needed; see `invoke`."""
        from connector.component.pagination import iter_pages, records_of

        action = self.component.action(key)
        first = action.inputs.from_values(_values(inputs) | values)
        for payload in iter_pages(
            action, lambda page: self.component.perform_validated(action, self, page), first, on_page=self.on_page
        ):
            yield from records_of(action, payload)

    def _prepare(self, request: Request) -> None:
        """Pass to the transport what a request does not show: the facts of its action, and its secret inputs."""
        is_action = self.key and self.key not in self.component.data_sources
        action = self.component.find_action(self.key) if is_action else None
        if action is not None and not action.effect_depends_on_inputs and request.idempotent is None:
            request.idempotent = action.idempotent
        request.own_limit = partial(self._own_limit, request)
        if self.inputs is not None and self.inputs.secret_keys():
            request.secret_values = self.inputs.secret_values
        stop_in_dry_run(self, request)

    def _own_limit(self, request: Request) -> str:
        """Return the key of the operation if the API limits it on its own; only called after a rate limit."""
        from connector.component.api_description import own_limit

        return own_limit(self.component.find_operation(request.method, request.path.partition("?")[0]))

    def _attempt(self, request: Request) -> Response:
        self.policy.check_request(self.key, request)
        send: Callable[..., Response] = self.component.plugins.hook.send_request
        return send(context=self, request=request)


def _values(inputs: Inputs) -> dict[str, Any]:
    """Return validated values by key; an empty string among them was set on purpose."""
    return {name: EMPTY if value == "" else value for name, value in inputs.model_dump().items()}
