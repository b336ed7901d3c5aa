"""The actions: their forms, the choices of inputs, the calls, and the same calls in other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connector.common.recent_values import RecentValues
from connector.common.redaction import REDACTED
from connector.component.definitions import Action
from connector.describe.summaries import effect
from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError, InputError
from connector.explorer import forms, snippets
from connector.explorer.calls import Call, Calls, form_inputs, needs_confirmation
from connector.explorer.site import Site, body_of, in_thread
from connector.flows.file.step_names import step_variable

MAX_CHOICES = 30
VISIBLE_CALLS = 20
CHOICES_DEADLINE = 30.0
_ORDER = ("list", "get", "create", "update")


@dataclass(frozen=True, slots=True)
class _Choice:
    key: str
    label: str
    folded: str


class ActionsScreen:
    """The screen of the actions.

    Args:
        site: The page as a whole.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.calls = Calls(site.runner)
        self._choices = RecentValues()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/actions", self._home, methods=["GET"]),
            Route("/actions/{key}", self._action, methods=["GET"]),
            Route("/operations", self._operations, methods=["GET"]),
            Route("/choices/{key}", self._find_choices, methods=["GET"]),
            Route("/snippets/{key}", self._snippets, methods=["POST"]),
            Route("/call/{key}", self._call, methods=["POST"]),
            Route("/history", self._history, methods=["GET"]),
            Route("/history/{number:int}", self._past_call, methods=["GET"]),
        ]

    def forget_choices(self) -> None:
        """Ask data sources again, since records were changed."""
        self._choices = RecentValues()

    async def _home(self, _request: Request) -> Response:
        actions = self._site.runner.component.documented_actions.values()
        lists = [each.key for each in actions if each.pagination and not each.inputs.required_keys()]
        first = min(lists, key=len) if lists else next((each.key for each in actions), "")
        return RedirectResponse(f"/actions/{first}", 303)

    async def _action(self, request: Request) -> Response:
        action = self._site.action(request.path_params["key"])
        return self._site.render(
            "actions.html",
            tab="/actions",
            action=action,
            label=action.label,
            fields=forms.fields(action, fixed=self._fixed_keys()),
            groups=groups(self._site.runner.component.documented_actions),
            calls=self.calls.latest()[:VISIBLE_CALLS],
            variable=step_variable(action.label),
            may_run=self._site.runner.policy.permits(action),
        )

    def _fixed_keys(self) -> set[str]:
        """Return the keys of inputs that the connection decides, such as a region."""
        connection = self._site.runner.connection
        return {
            info.alias or name
            for name, info in type(connection.fields).model_fields.items()
            if self._site.target.sandbox or name in connection.fields.model_fields_set
        }

    async def _operations(self, _request: Request) -> Response:
        described = await in_thread(lambda: groups(self._site.runner.component.operations))
        return self._site.render("action_list.html", groups=described, action=None)

    async def _find_choices(self, request: Request) -> Response:
        query = dict(request.query_params)
        search = query.pop("search", "")
        key = request.path_params["key"]
        if key not in self._site.runner.component.data_sources:
            raise HTTPException(404)
        read = partial(self._read_choices, key, query)
        try:
            choices = await in_thread(partial(self._choices.get, (key, to_json(query)), read))
        except ConnectorError as error:
            return JsonResponse(error.to_dict(), 502)
        words = search.casefold().split()
        matches = [each for each in choices if all(word in each.folded for word in words)] if words else choices
        visible = [{"key": each.key, "label": each.label} for each in matches[:MAX_CHOICES]]
        return JsonResponse({"total": len(matches), "result": visible})

    def _read_choices(self, key: str, inputs: Mapping[str, str]) -> list[_Choice]:
        payload = self._site.runner.choices(key, inputs, fresh=True, deadline=CHOICES_DEADLINE)
        return [
            _Choice(each["key"], each["label"], f"{each['label']}\0{each['key']}".casefold())
            for each in payload["result"]
        ]

    async def _snippets(self, request: Request) -> Response:
        action = self._site.action(request.path_params["key"])
        inputs = _inputs_of(await body_of(request))
        return JsonResponse(await in_thread(partial(self._snippets_of, action, inputs)))

    def _snippets_of(self, action: Action[Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a call in other words, with the problems of its inputs."""
        problems: list[dict[str, str]] = []
        http_request = None
        try:
            action.inputs.from_values(inputs)
            http_request = self.calls.request_of(action.key, inputs)
        except InputError as error:
            problems = [problem.to_dict() for problem in error.problems] or [{"location": "", "message": str(error)}]
        return {"problems": problems, "snippets": self._words(action, inputs, http_request)}

    def _words(self, action: Action[Any], inputs: Mapping[str, Any], request: dict[str, Any] | None) -> dict[str, str]:
        target, runner = self._site.target, self._site.runner
        secret = action.inputs.secret_keys()
        visible = {key: REDACTED if key in secret else value for key, value in inputs.items()}
        label = runner.component.manifest.display.label
        return {
            "shell": snippets.shell(
                action.key, visible, arguments=target.arguments, confirmed=effect(action) in {"destructive", "any"}
            ),
            "python": snippets.python(
                action.key, visible, load=target.load, connection=runner.connection, profile=target.profile
            ),
            "curl": snippets.curl(request, runner.connection),
            "flow": snippets.flow_step(
                runner.component,
                action,
                action.label,
                visible,
                connection=f"{label} Connection" if runner.component.connections else "",
            ),
        }

    async def _call(self, request: Request) -> Response:
        action = self._site.action(request.path_params["key"])
        body = await body_of(request)
        inputs = _inputs_of(body)
        perform = partial(self.calls.perform, action.key, inputs)
        if body.get("how") == "show":
            perform = partial(self.calls.show, action.key, inputs)
        elif self._may_run(action) and body.get("confirmed") is not True and _is_to_confirm(action, inputs):
            perform = partial(self.calls.show, action.key, inputs, "ask")
        call = await in_thread(perform)
        if effect(action) != "read" and call.state == "done":
            self.forget_choices()
        words = await in_thread(partial(self._snippets_of, action, inputs))
        return self._call_response(call, **words)

    def _call_response(self, call: Call, *, reveal: bool = False, **more: Any) -> Response:
        html = self._site.html("result.html", call=call, reveal=reveal)
        return JsonResponse({**self.calls.to_dict(call, reveal=reveal), "html": html, **more})

    def _may_run(self, action: Action[Any]) -> bool:
        """Return False if the policy rejects the call anyway, so that no confirmation is needed to say so."""
        return not self._site.target.is_read_only or action.effect_depends_on_inputs

    async def _history(self, _request: Request) -> Response:
        return self._site.render("history.html", calls=self.calls.latest()[:VISIBLE_CALLS])

    async def _past_call(self, request: Request) -> Response:
        call = self.calls.find(request.path_params["number"])
        if call is None:
            raise HTTPException(404)
        return self._call_response(call, reveal=request.query_params.get("reveal") == "1")


def groups(actions: Mapping[str, Action[Any]]) -> dict[str, list[tuple[Action[Any], str]]]:
    """Return actions with their labels, by the name of what they are about."""
    by_resource: dict[str, list[tuple[Action[Any], str]]] = {}
    for action in actions.values():
        by_resource.setdefault(action.resource.replace("_", " "), []).append((action, action.label))
    return {name: sorted(by_resource[name], key=lambda pair: _rank(pair[0].key)) for name in sorted(by_resource)}


def _rank(key: str) -> tuple[int, str]:
    position = next((number for number, verb in enumerate(_ORDER) if key.startswith(verb)), len(_ORDER))
    return position, key


def _inputs_of(body: Mapping[str, Any]) -> dict[str, Any]:
    inputs = body.get("inputs", {})
    if not isinstance(inputs, dict):
        raise HTTPException(400, "inputs must be an object")
    return form_inputs(inputs)


def _is_to_confirm(action: Action[Any], inputs: Mapping[str, Any]) -> bool:
    try:
        return needs_confirmation(action, inputs)
    except InputError:
        return False  # performing it reports the problems, and sends nothing
