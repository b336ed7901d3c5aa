"""Starts flows over HTTP: a request is stored as a submitted run, which a worker performs.

POST /v1/flows/{name}    202 with the ID of the run; a header `Idempotency-Key` makes repeated requests one run
GET  /v1/runs/{id}       what became of a run that the caller started
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.policy import Policy
from connector.engines.call_threads import Call
from connector.engines.http_messages import JsonResponse, body_of
from connector.engines.run_database import DatabaseWaitError, reaching
from connector.engines.statuses import AWAY_SECONDS, DatabaseAwayError
from connector.errors import (
    InvalidFlowError,
    JournalError,
    OutcomeUnknownError,
    PolicyError,
    Problem,
    UnknownKeyError,
    UsageError,
)
from connector.flows import Flow
from connector.flows.file.step_actions import action_of
from connector.flows.run.by_id import fingerprint
from connector.flows.run.components import components_by_key
from connector.flows.run.prepare import CheckedFlow, check_flow
from connector.flows.steps.builtin_steps import BUILT_IN
from connector.flows.steps.trigger import WebhookRequest, webhook_request
from connector.journal.journals import check_id, new_id
from connector.journal.postgres_address import resolve_host
from connector.journal.protocol import UnknownRunError

if TYPE_CHECKING:
    from connector.engines.http_app import HttpApp
    from connector.engines.service import Caller

KEY = "idempotency-key"
NOT_STORED = frozenset(
    {"authorization", "cookie", "host", "x-api-key", "spiff-connector-proxy-api-key", "x-connection"}
)
"""Headers that are for this server, and that no journal may hold."""


class FlowStarts:
    """The flows that callers may start.

    Args:
        folder: Folder with the files of the flows.
        database: URL of the database to which their runs are submitted.
        components: Components by key that the steps use.
        names_profiles: Whether the connection of a call is the name of a profile of the workers.

    Attributes:
        flows: The flows by name.
        left_out: Why a flow cannot be started, by its name: it has errors, or needs config values that it lacks.

    Raises:
        UsageError: If the folder has no flow that can be started, two flows get one name, or the database is on
            another machine whose certificate would not be verified.
    """

    def __init__(
        self, folder: Path, database: str, components: dict[str, Component], *, names_profiles: bool = True
    ) -> None:
        from connector.workers.queue import RunQueue

        self._database = database
        self._names_profiles = names_profiles
        self.flows: dict[str, CheckedFlow] = {}
        self.left_out: dict[str, str] = {}
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            self._add(file, components_by_key(components))
        if not self.flows:
            reasons = [Problem(name, reason) for name, reason in self.left_out.items()]
            hint = "Correct one of them." if reasons else "Pass a folder with files NAME.yaml."
            kind = "flow that can be started" if reasons else "flow"
            raise UsageError(f'folder "{folder}" has no {kind}', problems=reasons, hint=hint)
        self._queue = RunQueue(database, waits=False)

    def _add(self, file: Path, components: dict[str, Component]) -> None:
        try:
            flow = Flow.load(file)
        except InvalidFlowError as error:
            self.left_out[file.stem] = _reason(error)
            return
        for title in flow.flows:
            slug = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()
            name = check_id(file.stem if len(flow.flows) == 1 else f"{file.stem}.{slug}")
            if name in self.flows or name in self.left_out:
                raise UsageError(f'two flows have the name "{name}"', hint="Rename one of them.")
            try:
                self.flows[name] = check_flow(flow.integration, flow.definition(title), components, {})
            except UsageError as error:
                self.left_out[name] = _reason(error)

    def names_for(self, caller: Caller) -> list[str]:
        """Return the names of the flows that a caller may start."""
        return [name for name in self.flows if _is_named(caller, name) and self._is_permitted(name, caller.policy)]

    def problems_of(self, callers: Iterable[Caller]) -> list[Problem]:
        """Return what is wrong with the flows that callers name."""
        return [
            Problem(f"callers.{caller.name}", f"flows: {reason}", hint=self._hint_for(name))
            for caller in callers
            for name in caller.flows or ()
            if (reason := self._reason_against(name, caller.policy))
        ]

    def _reason_against(self, name: str, policy: Policy) -> str:
        if name in self.left_out:
            return f'flow "{name}" cannot be started: {self.left_out[name]}'
        if name not in self.flows:
            return f'unknown flow "{name}"'
        try:
            _check_policy(self.flows[name], policy)
        except PolicyError as error:
            return f'flow "{name}" is not permitted: {error.action} {error.message}'
        return ""

    def _hint_for(self, name: str) -> str:
        """Return what to do about a flow that a caller cannot start."""
        if name in self.left_out:
            return "Correct the flow, or remove it from the flows of the caller."
        if name not in self.flows:
            return did_you_mean(name, self.flows) or f"Available flows: {', '.join(self.flows) or 'none'}."
        return "Remove the flow from the flows of the caller, or change its read_only, allow, or block."

    def _is_permitted(self, name: str, policy: Policy) -> bool:
        return not self._reason_against(name, policy)

    def routes(self, app: HttpApp) -> list[Route]:
        """Return the routes of the interface."""

        async def start(call: Call) -> Response:
            return await self._start(app, call)

        async def show(call: Call) -> Response:
            return await self._show(app, call)

        return [app.route("/v1/flows/{key}", start, method="POST"), app.route("/v1/runs/{key}", show)]

    def resolve_host(self) -> None:
        """Wait a moment until the name of the host of the database is resolved.

        Raises:
            JournalError: If it is not resolved in time.
        """
        resolve_host(self._database)

    def check_database(self) -> None:
        """Check that the database can be used now.

        Raises:
            DatabaseAwayError: If it cannot.
        """
        reaching(partial(self._look, "readiness"), max_wait=0)

    def close(self) -> None:
        """Close the connections to the database."""
        self._queue.close()

    async def _start(self, app: HttpApp, call: Call) -> Response:
        call.is_read = False
        if call.key not in self.flows:
            raise UnknownKeyError(f'unknown flow "{call.key}"')
        if not _is_named(call.caller, call.key):
            raise PolicyError(f'this caller may not start flow "{call.key}"')
        _check_policy(self.flows[call.key], app.runner(call).policy)
        request = await _request(call.request)
        run_id = _run_id(call)
        # A client that repeats a request may send other headers, such as another date.
        await anyio.to_thread.run_sync(self._submit, call, request, run_id, _max_wait_of(app, call))
        return JsonResponse({"run": run_id}, 202, {"Location": f"/v1/runs/{run_id}"})

    async def _show(self, app: HttpApp, call: Call) -> Response:
        max_wait = _max_wait_of(app, call)
        state = partial(self._state_of, call.key, call.caller.name)
        return JsonResponse(await anyio.to_thread.run_sync(reaching, state, max_wait))

    def _state_of(self, run_id: str, caller: str) -> dict[str, Any]:
        from connector.journal.past_runs import past_run
        from connector.journal.reader import read_history

        try:
            name = f"{self._database}#{check_id(run_id)}"
            run, history = past_run(name), read_history(name)
        except UsageError as error:
            if isinstance(error, JournalError) and not isinstance(error, UnknownRunError):
                raise  # there may be such a run
            raise UnknownKeyError(f'unknown run "{run_id}"') from error
        # Another caller must not learn whether there is such a run.
        if history.header.get("caller") != caller:
            raise UnknownKeyError(f'unknown run "{run_id}"')
        state = {"run": run.id, "status": run.status, "finished": run.finished, "writes": run.writes}
        state |= {"unknown": run.unknown, "error": run.error}
        return state | ({"results": history.run_results} if run.status == "done" else {})

    def _submit(self, call: Call, request: WebhookRequest, run_id: str, max_wait: float) -> None:
        store = partial(self._store, call, request, run_id)
        if KEY in call.request.headers:
            reaching(store, max_wait)
            return
        # Without a key, only what failed before anything was stored is safe to repeat.
        reaching(partial(self._look, run_id), max_wait)
        try:
            reaching(store, max_wait)
        except DatabaseAwayError as error:
            hint = f'Look for the run "{run_id}", and send an Idempotency-Key next time.'
            raise OutcomeUnknownError("the database was lost while the run was submitted", hint=hint) from error

    def _look(self, run_id: str) -> None:
        from connector.journal.past_runs import past_run

        with suppress(UnknownRunError):
            past_run(f"{self._database}#{run_id}")

    def _store(self, call: Call, request: WebhookRequest, run_id: str) -> None:
        from sqlalchemy.exc import DBAPIError

        from connector.flows.run.submitted import store_submission
        from connector.workers.submissions import PRIORITY

        checked = self.flows[call.key]
        store_submission(
            checked,
            request,
            database=self._database,
            run_id=run_id,
            profiles={"": call.connection} if self._names_profiles else {},
            digest=fingerprint(checked, replace(request, headers=None)),
            caller=call.caller.name,
        )
        try:
            self._queue.put(run_id, priority=PRIORITY)
        except DBAPIError as error:
            raise DatabaseWaitError("the queue cannot be used") from error


def _max_wait_of(app: HttpApp, call: Call) -> float:
    limits = app.limits(call.request)
    deadline = limits["deadline"]
    return float(min(AWAY_SECONDS, limits["max_wait"], AWAY_SECONDS if deadline is None else deadline))


def _is_named(caller: Caller, name: str) -> bool:
    return caller.flows is None or name in caller.flows


def _check_policy(flow: CheckedFlow, policy: Policy) -> None:
    """Raise PolicyError if a flow has an action that a policy does not permit, wherever in the flow it is.

    The policy holds for the actions of all components, since another one could send the same requests.
    """
    for step in flow.flow.walk():
        action = action_of(step.kind, flow.components)
        if not step.is_trigger and step.kind not in BUILT_IN and action is not None:
            policy.check_step(action)


def _reason(error: UsageError) -> str:
    return "; ".join([problem.message for problem in error.problems] or [error.message])


def _run_id(call: Call) -> str:
    """Return the ID of a run, which is the same for the same key of the same caller."""
    key = call.request.headers.get(KEY)
    if key is None:
        return new_id()
    text = repr((call.caller.name, call.key, key))
    return f"{call.key[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


async def _request(request: Request) -> WebhookRequest:
    """Return the request as the trigger of the flow sees it."""
    body = await body_of(request)
    headers = {name: value for name, value in request.headers.items() if name not in NOT_STORED}
    query: dict[str, Any] = dict(request.query_params)
    if not body:
        return webhook_request(headers=headers, query=query)
    return webhook_request(body=body, headers=headers, query=query)
