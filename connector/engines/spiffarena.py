"""The connector proxy protocol of SpiffArena: service tasks of a BPMN diagram run actions.

SpiffArena's backend sends the inputs of a service task together with parameters of its own, whose names begin with
`spiff__` and one of which holds all data of the task. They are dropped and never logged. An error has a status
that SpiffArena retries (5xx, 429) only if a retry is safe; see `connector.engines.statuses`.

Source: `service_task_delegate.py` and `connector_proxy_controller.py` of SpiffArena's backend.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector import errors
from connector.common.private_files import private_folder, write_private
from connector.component.definitions import Action
from connector.engines.call_threads import Call, is_read
from connector.engines.http_app import HttpApp
from connector.engines.http_messages import JsonResponse, error_response, json_body
from connector.engines.service import Caller
from connector.engines.statuses import CallerKeyError, http_status, known_error

logger = logging.getLogger("connector.engines")

CONNECTION = "connection"
"""Parameter of a service task that names the connection, if the caller has several."""

RESPONSE_SECONDS = 25.0
"""SpiffArena gives up on a proxy after 30 s; a call that takes longer continues and reports to the callback."""

CALLBACK_MAX_WAIT_SECONDS = 900.0
CALLBACK_RETRY_SECONDS = (0, 1, 5, 15, 60)
TYPES = {"string": "str", "integer": "int", "boolean": "bool"}
CHOICES_LIMIT = 100


class SpiffArena:
    """The routes of SpiffArena's protocol.

    Args:
        app: The HTTP application that they belong to.
        callback_base: URL of the SpiffArena backend. Without it no callback is made, since a caller could make the
            server send requests to private hosts.
        callback_token: Bearer token for the callbacks.
        folder: Where results wait until their callback is accepted.
        response_seconds: Longest time until a call gets the response 202.
    """

    def __init__(
        self,
        app: HttpApp,
        *,
        callback_base: str = "",
        callback_token: str = "",
        folder: Path | None = None,
        response_seconds: float = RESPONSE_SECONDS,
    ) -> None:
        self._app = app
        self._service = app.service
        self._callback_base = callback_base.rstrip("/")
        self._callback_token = callback_token
        self._folder = folder
        self._response_seconds = response_seconds
        self._tasks: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[Route]:
        """Return the routes. The one for typeahead is below `/k/SECRET`, since SpiffArena sends no key with it."""
        component = self._service.component.key
        return [
            self._app.route("/v1/commands", self._commands),
            self._app.route("/v1/auths", self._auths),
            Route(f"/v1/do/{component}/{{key}}", self._do, methods=["POST"]),
            Route("/k/{secret}/v1/typeahead/{key}", self._typeahead),
        ]

    def typeahead_path(self, caller: Caller) -> str:
        """Return the path that SpiffArena's setting for typeahead needs: it sends no key with these requests."""
        return f"/k/{_path_secret(caller)}"

    async def _auths(self, _call: Call) -> Response:
        return JsonResponse([])  # connections are set up on the server, so there is nothing to log in to

    async def _commands(self, call: Call) -> Response:
        several = len(call.caller.connections) > 1
        runner = self._service.runner(call.caller, call.caller.connections[0])
        first = [{"id": CONNECTION, "type": "str", "required": True}] if several else []
        return JsonResponse([self._command(action, first) for action in self._service.actions(runner.policy)])

    def _command(self, action: Action[Any], first: list[dict[str, Any]]) -> dict[str, Any]:
        required = action.inputs.required_keys()
        fields = action.input_schema["properties"].items()
        parameters = [
            {"id": key, "type": _type_name(field), "required": key in required}
            for key, field in fields
            if not field.get("x-hidden")
        ]
        return {"id": f"{self._service.component.key}/{action.key}", "parameters": [*first, *parameters]}

    async def _do(self, request: Request) -> Response:
        reads = True
        try:
            call = Call(request, self._app.caller(request), key=request.path_params["key"])
            inputs = await json_body(request)
            private = {name: inputs.pop(name) for name in list(inputs) if name.startswith("spiff__")}
            callback = self._callback_url(private.get("spiff__callback_url"))
            call.outlives_client = bool(callback)
            runner = self._app.runner(call, inputs.pop(CONNECTION, None) or None)
            reads = is_read(runner, call.key, inputs)
            max_wait = CALLBACK_MAX_WAIT_SECONDS if callback else self._app.max_wait
            work = self._app.threads.run(call, runner.invoke, call.key, inputs, max_wait=max_wait)
            task = self._keep(asyncio.ensure_future(work))
            # The shield keeps a write on its way alive when SpiffArena needs a response before it ends.
            payload = await asyncio.wait_for(asyncio.shield(task), self._response_seconds if callback else None)
        except TimeoutError:
            self._keep(asyncio.ensure_future(self._report(task, callback, is_read=reads)))
            return JsonResponse(_response({}, 202), 202)
        except CallerKeyError as error:
            return JsonResponse(_failure(error, is_read=True), 401)
        except Exception as error:  # every error has to become a response
            return JsonResponse(_failure(error, is_read=reads))
        return JsonResponse(_response(payload, 200))

    async def _typeahead(self, request: Request) -> Response:
        caller = next(
            (
                each
                for each in self._service.callers
                if hmac.compare_digest(_path_secret(each), request.path_params["secret"])
            ),
            None,
        )
        if caller is None:
            return JsonResponse({"error": {"type": "UnknownKeyError", "message": "not found"}}, 404)
        prefix = request.query_params.get("prefix", "")
        picked = _picked_choice(prefix)
        if picked is not None:  # the form sends the choice that was picked before, to show its label
            return JsonResponse([picked])
        call = Call(request, caller, key=request.path_params["key"])
        try:
            runner = self._app.runner(call, request.query_params.get(CONNECTION))
            limit = request.query_params.get("limit", "")
            count = int(limit) if limit.isdecimal() else CHOICES_LIMIT
            choices = await self._app.threads.run(call, runner.choices, call.key, {}, search=prefix, limit=count)
        except Exception as error:  # every error has to become a response
            return error_response(error, is_read=True)
        return JsonResponse(choices["result"])

    def _callback_url(self, url: Any) -> str:
        """Return the URL to report to, or "" if no callback is allowed."""
        if not self._callback_base or not isinstance(url, str):
            return ""
        try:
            base, target = urlsplit(self._callback_base), urlsplit(url)
        except ValueError:
            return ""
        same_host = (base.scheme, base.netloc) == (target.scheme, target.netloc)
        below = target.path.startswith(f"{base.path}/") and ".." not in target.path.split("/")
        return url if same_host and below else ""

    def _keep(self, task: asyncio.Task[Any]) -> asyncio.Task[Any]:
        self._tasks.add(task)  # asyncio itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return task

    async def _report(self, task: asyncio.Task[Any], url: str, *, is_read: bool) -> None:
        try:
            content = _response(await task, 200)
        except Exception as error:  # an error is a result too
            content = _failure(error, is_read=is_read)
        # SpiffArena stores the whole `command_response` of a response, but only its body of a callback. The same
        # expression of the author has to work for both, so the body of a callback is such an object.
        response = content["command_response"]
        content = {**content, "command_response": {**response, "body": response}}
        await self._deliver(url, content, self._stored(url, content))

    def _stored(self, url: str, content: dict[str, Any]) -> Path | None:
        if self._folder is None:
            return None
        path = private_folder(self._folder) / f"{uuid.uuid4().hex}.json"
        write_private(path, json.dumps({"url": url, "content": content}).encode())
        return path

    async def deliver_stored(self) -> None:
        """Report the results that an earlier process could not deliver."""
        for path in sorted(self._folder.glob("*.json")) if self._folder and self._folder.is_dir() else []:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if self._callback_url(stored["url"]):
                self._keep(asyncio.ensure_future(self._deliver(stored["url"], stored["content"], path)))

    async def _deliver(self, url: str, content: dict[str, Any], path: Path | None) -> None:
        import requests

        headers = {"Authorization": f"Bearer {self._callback_token}"} if self._callback_token else {}
        for seconds in CALLBACK_RETRY_SECONDS:
            await asyncio.sleep(seconds)
            try:
                response = await asyncio.to_thread(
                    requests.put, url, json=content, headers=headers, timeout=30, allow_redirects=False
                )
            except requests.RequestException as error:
                logger.warning("the callback failed: %s", type(error).__name__)
                continue
            if response.ok or response.status_code == 400:  # 400: SpiffArena no longer waits for this task
                if path:
                    path.unlink(missing_ok=True)
                return
            logger.warning("the callback was rejected with status %d", response.status_code)


def _path_secret(caller: Caller) -> str:
    """Return a secret for the URL that does not reveal the caller's key."""
    return hmac.new(caller.key.encode(), b"typeahead", hashlib.sha256).hexdigest()[:32]


def _type_name(field: dict[str, Any]) -> str:
    kind = field.get("type")
    return TYPES.get(kind, "any") if isinstance(kind, str) else "any"


def _picked_choice(prefix: str) -> dict[str, Any] | None:
    try:
        choice = json.loads(prefix)
    except ValueError:
        return None
    return choice if isinstance(choice, dict) and "key" in choice else None


def _response(body: Any, status: int) -> dict[str, Any]:
    return {
        "command_response": {"body": body, "mimetype": "application/json", "http_status": status},
        "error": None,
        "command_response_version": 2,
        "spiff__logs": [],
    }


def _failure(error: Exception, *, is_read: bool) -> dict[str, Any]:
    known: errors.ConnectorError = known_error(error)
    return {
        **_response(known.to_dict(), http_status(known, is_read=is_read)),
        "error": {"error_code": type(known).__name__, "message": str(known)},
    }
