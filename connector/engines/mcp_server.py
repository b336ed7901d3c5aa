"""`connector mcp`: the actions of a component as tools of the Model Context Protocol.

The server is read-only unless its runner permits writes, and a destructive tool asks the user first. Arguments are
validated here, so that the model gets every problem with its hint as a result that it can act on.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import anyio.to_thread
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from pydantic_core import to_json

from connector import errors
from connector.common.text import did_you_mean
from connector.component.component import Component
from connector.component.definitions import Action
from connector.component.pagination import records_of
from connector.component.runner import Runner
from connector.engines.service import offered_actions
from connector.engines.statuses import known_error

RequestContext = ServerRequestContext[dict[str, Any]]

RESULT_LENGTH = 40_000
"""Longest text of a result, in characters; more would fill the context of the model."""

DEADLINE_SECONDS = 60.0
LAST_ELICITING_VERSION = "2025-11-25"
"""Last version of the protocol in which a server may send a request of its own; later ones return one instead."""

UNNEEDED = frozenset({"$schema", "examples", "x-hidden", "x-data-source", "writeOnly"})
"""Keywords of a schema that a model does not need."""

CONFIRMATION = {
    "type": "object",
    "properties": {"confirm": {"type": "boolean", "title": "Run it", "description": "This cannot be undone."}},
    "required": ["confirm"],
}
CHOICES_TOOL = "choices"


class McpTools:
    """The tools of one runner.

    Args:
        runner: Runs the actions; its policy decides which tools exist.
        confirm: Whether a destructive tool asks the user.
        result_length: Longest text of a result, in characters.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        confirm: bool = True,
        result_length: int = RESULT_LENGTH,
    ) -> None:
        self._runner = runner
        self._confirm = confirm
        self._length = result_length
        self._secret = secrets.token_bytes(16)
        offered = offered_actions(runner.component, runner.policy)
        self.actions = {action.key: action for action in offered if _is_offered(runner, action)}
        # The connection decides these, such as the region, so the model does not see them.
        fixed = frozenset(runner.connection.definition.input_schema["properties"])
        self.tools = [*(tool(action, fixed) for action in self.actions.values()), _choices_tool(runner.component)]

    def server(self) -> Server[dict[str, Any]]:
        """Return the protocol server, for `run` or `streamable_http_app`."""
        manifest = self._runner.component.manifest
        only_reads = " This server only reads." if self._runner.policy.read_only else ""
        return Server(
            manifest.key,
            version=manifest.version,
            title=manifest.display.label,
            description=manifest.display.description,
            instructions=f"{manifest.display.description}{only_reads}",
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def _list(self, _context: RequestContext, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self.tools)

    async def _call(
        self, context: RequestContext, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        arguments = dict(params.arguments or {})
        try:
            if params.name == CHOICES_TOOL:
                return self._result(await self._choices(arguments))
            action = self._action(params.name)
            inputs = action.inputs.from_values(arguments)  # before the user is asked
            if self._confirm and action.effect_of(inputs) == "destructive":
                question = await self._question(context, params, action, arguments)
                if question:
                    return question
            wants_all = action.pagination and arguments.get("fetchAll") in (True, "true")
            payload = await (self._all if wants_all else self._once)(context, action, arguments)
            return self._result(payload)
        except Exception as error:  # the model has to learn of every error
            known = known_error(error)
            text = types.TextContent(type="text", text=str(known))
            return types.CallToolResult(content=[text], structured_content=known.to_dict(), is_error=True)

    def _action(self, name: str) -> Action[Any]:
        action = self.actions.get(name)
        if action is None:
            # An unknown name gets the error that suggests the nearest.
            raise self._not_offered(self._runner.component.action(name))
        return action

    def _not_offered(self, action: Action[Any]) -> errors.PolicyError:
        """Return the error about an action that is not offered, with the options of the command that would offer it."""
        policy, options, reason = self._runner.policy, [], ""
        if policy.allowed is not None and action.key not in policy.allowed:
            reason, options = ": it offers only the tools that --tool names", [f"--tool {action.key}"]
        elif policy.allowed is None and not policy.offers(action):
            reason, options = ": its toolset lacks the action", [f"--tool {action.key}"]
        if policy.read_only and (action.effect_depends_on_inputs or action.effect != "read"):
            options.append("--write")
        hint = f"Start the server with {' and '.join(options)}." if options else ""
        return errors.PolicyError(f"not offered by this server{reason}", action=action.key, hint=hint)

    async def _once(self, _context: RequestContext, action: Action[Any], arguments: dict[str, Any]) -> Any:
        call = functools.partial(self._runner.invoke, action.key, arguments, deadline=DEADLINE_SECONDS)
        return await anyio.to_thread.run_sync(call)

    async def _all(self, context: RequestContext, action: Action[Any], arguments: dict[str, Any]) -> Any:
        inputs = {key: value for key, value in arguments.items() if key != "fetchAll"}
        pages = self._runner.pages(action.key, inputs, deadline=DEADLINE_SECONDS)
        whole: Any = None
        while (page := await anyio.to_thread.run_sync(next, pages, None)) is not None:
            if whole is None:
                whole = page
            else:
                records_of(action, whole).extend(records_of(action, page))
            count = len(records_of(action, whole))
            await context.session.report_progress(count, message=f"{count} records")
        return whole

    async def _choices(self, arguments: dict[str, Any]) -> Any:
        problems = list(self._problems_of_choices(arguments))
        if problems:
            raise errors.InputError("invalid arguments", action=CHOICES_TOOL, problems=problems)
        limit = arguments.get("limit", 50)
        search = arguments.get("search")
        call = functools.partial(
            self._runner.choices,
            arguments["source"],
            search=None if search is None else str(search),
            limit=limit,
            deadline=DEADLINE_SECONDS,
        )
        return await anyio.to_thread.run_sync(call)

    def _problems_of_choices(self, arguments: Mapping[str, Any]) -> Iterator[errors.Problem]:
        known = ("source", "search", "limit")
        for name in arguments:
            if name not in known:
                hint = did_you_mean(name, known) or f"Arguments: {', '.join(known)}."
                yield errors.Problem(name, "unknown argument", hint=hint)
        sources = self._runner.component.data_sources
        source, limit = arguments.get("source", ""), arguments.get("limit", 50)
        if source not in sources:
            message = f'unknown data source "{source}"' if source else "is required"
            hint = did_you_mean(str(source), sources) or f"Data sources: {', '.join(sources)}."
            yield errors.Problem("source", message, hint=hint)
        if not isinstance(limit, int) or isinstance(limit, bool):
            yield errors.Problem("limit", f"must be an integer, got {limit!r}")

    async def _question(
        self,
        context: RequestContext,
        params: types.CallToolRequestParams,
        action: Action[Any],
        arguments: dict[str, Any],
    ) -> types.InputRequiredResult | None:
        """Ask the user; return a question that the client has to ask, or None once the user agreed."""
        state = self._state(action, arguments)
        message = f"{action.label} with {json.dumps(arguments)}? This cannot be undone."
        responses = params.input_responses or {}
        if "confirm" in responses:
            # The state binds the confirmation to these arguments: it does not permit another deletion.
            if not hmac.compare_digest(params.request_state or "", state):
                raise errors.PolicyError("the confirmation is for another call", action=action.key)
            answer: Any = responses["confirm"]
        elif not _can_ask(context):
            raise _cannot_ask(action)
        elif str(context.protocol_version) > LAST_ELICITING_VERSION:
            request = types.ElicitRequest(
                params=types.ElicitRequestFormParams(message=message, requested_schema=CONFIRMATION)
            )
            return types.InputRequiredResult(input_requests={"confirm": request}, request_state=state)
        else:
            answer = await context.session.elicit_form(message, CONFIRMATION, related_request_id=context.request_id)
        agreed = getattr(answer, "action", None) == "accept" and (answer.content or {}).get("confirm") is True
        if not agreed:
            raise errors.PolicyError("declined by the user; nothing was sent", action=action.key)
        return None

    def _state(self, action: Action[Any], arguments: dict[str, Any]) -> str:
        text = json.dumps([action.key, arguments], sort_keys=True)
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def _result(self, payload: Any) -> types.CallToolResult:
        text = to_json(payload).decode()
        if len(text) <= self._length:
            return types.CallToolResult(content=[types.TextContent(type="text", text=text)])
        short, note = shortened(payload, self._length)
        blocks = [types.TextContent(type="text", text=block) for block in (to_json(short).decode(), note)]
        return types.CallToolResult(content=list(blocks))


def tool(action: Action[Any], fixed: frozenset[str]) -> types.Tool:
    """Return an action as a tool without the inputs that the connection decides."""
    schema = {
        key: value for key, value in action.input_schema.items() if key not in ("$schema", "title", "description")
    }
    visible = {k: v for k, v in schema["properties"].items() if k not in fixed and not v.get("x-hidden")}
    schema["properties"] = {key: lean(field) for key, field in visible.items()}
    if "$defs" in schema:
        schema["$defs"] = {name: lean(part) for name, part in schema["$defs"].items()}
    is_read = not action.effect_depends_on_inputs and action.effect == "read"
    return types.Tool(
        name=action.key,
        title=action.label,
        description=action.description or None,
        input_schema=schema,
        annotations=types.ToolAnnotations(
            read_only_hint=is_read,
            destructive_hint=action.may_be_destructive,
            idempotent_hint=action.idempotent,
            open_world_hint=True,
        ),
    )


def lean(schema: Any) -> Any:
    """Return a schema with what a model needs: no examples, no titles, choices as an enum."""
    if isinstance(schema, list):
        return [lean(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: {name: lean(part) for name, part in value.items()} if key == "properties" else lean(value)
        for key, value in schema.items()
        if key not in UNNEEDED and not (key == "title" and isinstance(value, str))
    }
    choices = schema.get("oneOf", [])
    if choices and all("const" in choice for choice in choices):
        del result["oneOf"]
        result["enum"] = [choice["const"] for choice in choices]
    if schema.get("x-data-source"):
        hint = f"The tool {CHOICES_TOOL} lists values: source {schema['x-data-source']}."
        result["description"] = f"{result.get('description', '')} {hint}".strip()
    return result


def shortened(payload: Any, length: int) -> tuple[Any, str]:
    """Return a payload whose longest list is cut by whole records until it fits, and a note on how to continue."""
    copy = json.loads(to_json(payload))
    records = _longest_list(copy, [])
    total = len(records)
    if not total:
        note = f"cut: the payload has {len(to_json(payload))} characters, and {length} are allowed"
        return {"cut": to_json(payload).decode()[: length // 2]}, note
    sizes = [len(to_json(record).decode()) + 1 for record in records]
    room = length - (len(to_json(copy).decode()) - sum(sizes))
    count = 0
    while count < total and room > sizes[count]:
        room -= sizes[count]
        count += 1
    del records[count:]
    return copy, f"cut: {count} of {total} records are shown. Ask for less with count and cursor, or use a filter."


def _longest_list(value: Any, best: list[Any]) -> list[Any]:
    if isinstance(value, list):
        best = max(best, value, key=lambda each: len(to_json(each)))
        return _longest_list(value[0], best) if value else best
    for part in value.values() if isinstance(value, Mapping) else ():
        best = _longest_list(part, best)
    return best


def _is_offered(runner: Runner, action: Action[Any]) -> bool:
    # An action that can do anything has no place on a server that only reads: the model would try its writes.
    return not (runner.policy.read_only and action.effect_depends_on_inputs)


def _choices_tool(component: Component) -> types.Tool:
    return types.Tool(
        name=CHOICES_TOOL,
        title="Choices",
        description="List IDs with their names for an input that names a source of choices.",
        input_schema={
            "type": "object",
            "properties": {
                "source": {"type": "string", "enum": list(component.data_sources)},
                "search": {"type": "string"},
                "limit": {"type": "integer", "default": 50},
            },
            "required": ["source"],
        },
        annotations=types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True),
    )


def _can_ask(context: RequestContext) -> bool:
    capability = types.ClientCapabilities(elicitation=types.ElicitationCapability())
    return bool(context.session.check_client_capability(capability))


def _cannot_ask(action: Action[Any]) -> errors.PolicyError:
    hint = "Start the server with --yes to run destructive tools without asking."
    return errors.PolicyError("destructive, and this client cannot ask its user", action=action.key, hint=hint)
