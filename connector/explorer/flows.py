"""The flows: files of a folder, past runs, the picture of a flow, and a run while it happens and afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from connector.common.redaction import REDACTED, Redactor
from connector.common.yaml_source import has_valid_syntax
from connector.component.component import Component
from connector.describe.summaries import effect
from connector.engines.http_messages import JsonResponse
from connector.errors import ConnectorError, JournalError, PolicyError, UsageError
from connector.explorer.background_runs import BackgroundRuns
from connector.explorer.charts import duration
from connector.explorer.site import Site, body_of, in_thread, pretty
from connector.flows import Flow, Timeline, TimelineRow, follow_run, resume, runs, settle, timeline, undo
from connector.flows.check.problems import FlowProblem
from connector.flows.file.model import FlowDefinition, Step
from connector.flows.file.parse import read_text
from connector.flows.run.components import components_by_key
from connector.flows.run.connections import connection_name
from connector.flows.run.settings import RunSettings
from connector.flows.run.settle import MISSING_RESULTS_HINT
from connector.flows.values.expressions import ConfigVariable, Expression, Reference, Template
from connector.flows.values.expressions import Literal as LiteralValue
from connector.journal.journals import check_id, new_id, place_of
from connector.journal.reader import JournalContents, read_history
from connector.journal.writes import Write

VISIBLE_RUNS = 50
MAX_WAIT_SECONDS = 30.0
SUFFIXES = {".yaml", ".yml", ".json"}
MARK = re.compile(rb'definitionVersion|^flows\s*:|"flows"\s*:', re.MULTILINE)
MARK_WITHIN_BYTES = 1_000_000


@dataclass(frozen=True)
class _File:
    """A flow file, and what its check reports."""

    name: str
    title: str
    flows: tuple[str, ...] = ()
    errors: int = 0
    warnings: int = 0
    error: str = ""


class FlowsScreen:
    """The screen of the flows.

    Args:
        site: The page as a whole.
        folder: Folder of the files.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self._runs = BackgroundRuns()

    @cached_property
    def _components(self) -> dict[str, Component]:
        """The components whose actions flows may use: all installed ones, HTTP, and the one of the page."""
        return {**components_by_key(None), self._component.key: self._component}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/flows", self._list, methods=["GET"]),
            Route("/flows/{file}", self._flow, methods=["GET"]),
            Route("/flows/{file}/run", self._start, methods=["POST"]),
            Route("/runs/{id}", self._run, methods=["GET"]),
            Route("/runs/{id}/timeline", self._timeline, methods=["GET"]),
            Route("/runs/{id}/controls", self._controls, methods=["GET"]),
            Route("/runs/{id}/events", self._events, methods=["GET"]),
            Route("/runs/{id}/step", self._step, methods=["GET"]),
            Route("/runs/{id}/resume", self._resume, methods=["POST"]),
            Route("/runs/{id}/undo", self._undo, methods=["POST"]),
            Route("/runs/{id}/settle", self._settle, methods=["POST"]),
        ]

    def close(self) -> None:
        """Delete the traces of the runs."""
        self._runs.close()

    @property
    def _component(self) -> Component:
        return self._site.runner.component

    async def _list(self, _request: Request) -> Response:
        files, past = await in_thread(lambda: ([self._summary(path) for path in self._paths()], runs()))
        return self._site.render("flows.html", tab="/flows", files=files, runs=past[:VISIBLE_RUNS], folder=self._folder)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.suffix in SUFFIXES and _is_flow(path))

    def _summary(self, path: Path) -> _File:
        try:
            flow = Flow.load(path)
            problems = [problem.severity for problem in flow.check(self._components)]
        except ConnectorError as error:
            return _File(path.name, path.stem, errors=max(1, len(error.problems)), error=str(error))
        names = tuple(flow.flows)
        return _File(path.name, flow.name, names, problems.count("error"), problems.count("warning"))

    def _load(self, request: Request) -> tuple[Path, Flow, FlowDefinition]:
        """Return the flow that a request is about.

        Raises:
            HTTPException: 404, if there is no such file or flow; 422, if the file is invalid.
        """
        path = next((each for each in self._paths() if each.name == request.path_params["file"]), None)
        if path is None:
            raise HTTPException(404)
        try:
            flow = Flow.load(path)
        except ConnectorError as error:
            raise HTTPException(422, str(error)) from None
        name = request.query_params.get("flow") or flow.flows[0]
        if name not in flow.flows:
            raise HTTPException(404)
        return path, flow, flow.definition(name)

    async def _flow(self, request: Request) -> Response:
        path, flow, definition = await in_thread(self._load, request)
        problems = await in_thread(partial(flow.check, self._components, flow=definition.name))
        variables = [each for each in flow.integration.config_variables.values() if each.kind == "value"]
        return self._site.render(
            "flow.html",
            tab="/flows",
            run=None,
            file=path.name,
            title=flow.name,
            description=flow.integration.description,
            flows=flow.flows,
            definition=definition,
            problems=problems,
            steps=_facts(definition, self._component, problems),
            variables=variables,
            branches=[each.name for each in definition.steps[0].branches if each.steps],
        )

    async def _start(self, request: Request) -> Response:
        _, flow, definition = await in_thread(self._load, request)
        body = await body_of(request)
        destructive = await in_thread(partial(flow.destructive_steps, self._components, flow=definition.name))
        if destructive and body.get("confirmed") is not True and not self._site.target.is_read_only:
            html = self._site.html("outcome.html", parts={"These steps may delete something": destructive})
            return JsonResponse({"ask": True, "html": html})
        return await self._respond(partial(self._begin, flow, definition.name, body))

    def _begin(self, flow: Flow, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._check_policy(flow.definition(name))
        run_id = new_id()
        text = str(body.get("payload") or "").strip()
        try:
            payload = json.loads(text) if text else None
        except ValueError as error:
            raise UsageError(f"the payload is not JSON: {error}") from None
        config = body.get("config")
        values = {key: value for key, value in config.items() if value != ""} if isinstance(config, dict) else {}
        branch = str(body["branch"]) if body.get("branch") else None
        self._runs.start(
            run_id,
            lambda settings: flow.run(
                self._components, flow=name, payload=payload, config=values, branch=branch, id=run_id, **settings
            ),
            self._settings(flow, name),
        )
        return {"run": run_id}

    def _check_policy(self, definition: FlowDefinition) -> None:
        """Check that a read-only page starts no flow that may write, also not through another component.

        Raises:
            PolicyError: If it may.
        """
        if not self._site.target.is_read_only:
            return
        for step in definition.walk():
            action = (
                self._components[step.component].find_action(step.action)
                if step.component in self._components
                else None
            )
            if not step.is_trigger and action is not None and action.effect != "read":
                hint = "Start the explorer with --write."
                raise PolicyError(f'step "{step.name}" may write, and the explorer is read-only', hint=hint)

    def _settings(self, flow: Flow, name: str) -> RunSettings:
        return {"connections": self._connections(flow, name), "max_wait": MAX_WAIT_SECONDS}

    def _connections(self, flow: Flow, name: str) -> dict[str, Any]:
        """Return the runner for every connection of its component; the others are not known here."""
        needs = flow.connections(self._components, flow=name)
        names = [connection_name(flow.integration, need) for need in needs if need[0] == self._component.key]
        return {each: self._site.runner for each in names if each is not None}

    # Runs, wherever they were started

    async def _run(self, request: Request) -> Response:
        run_id = _id_of(request)
        line, history = await in_thread(_read, run_id)
        integration = read_text(history.header["text"], history.header["source"])
        definition = integration.definition(history.header["flow"])
        return self._site.render(
            "flow.html",
            tab="/flows",
            run=line,
            file=Path(history.header["source"]).name,
            title=integration.name,
            description=integration.description,
            flows=[definition.name],
            definition=definition,
            problems=[],
            steps=_facts(definition, self._component, []),
            **self._control_values(history),
        )

    async def _controls(self, request: Request) -> Response:
        line, history = await in_thread(_read, _id_of(request))
        return self._site.render("run_controls.html", run=line, **self._control_values(history))

    def _control_values(self, history: JournalContents) -> dict[str, Any]:
        """Return what the controls of a run need: writes of unknown outcome, and how many writes can be undone."""
        return {"unknown": self._writes_in_doubt(history), "writes": len(history.writes) - len(history.undone)}

    def _writes_in_doubt(self, history: JournalContents) -> list[dict[str, Any]]:
        return [
            {**asdict(write), "inputs": _redacted(self._component, write.action, write.inputs)}
            for write in history.unknown.values()
        ]

    async def _timeline(self, request: Request) -> Response:
        return self._site.render("timeline.html", run=(await in_thread(_read, _id_of(request)))[0])

    async def _events(self, request: Request) -> Response:
        run_id = _id_of(request)
        await in_thread(_timeline_of, run_id)  # so that an unknown run is a 404
        last = request.headers.get("last-event-id", "")
        lines = self._messages(request, run_id, int(last) if last.isdecimal() else -1)
        return StreamingResponse(lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _messages(self, request: Request, run_id: str, last: int) -> AsyncIterator[bytes]:
        """Yield the state of every step each time it changed; a message is complete, so that none has to be repeated.

        The ID of a message is the number of events so far. A browser that comes back has seen the last one.
        """
        yield b"retry: 1000\n\n"
        states: Iterator[tuple[Timeline, Any]] = follow_run(place_of(run_id))
        seen = 0
        while (state := await in_thread(next, states, None)) is not None:
            line, events = state
            seen += len(events)
            if events and seen > last:
                yield b"id: %d\ndata: %s\n\n" % (seen, to_json(_live(line)))
            if self._site.is_draining or await request.is_disconnected():
                return
        yield b"event: end\ndata: %s\n\n" % to_json(_live((await in_thread(_read, run_id))[0]))

    async def _step(self, request: Request) -> Response:
        run_id, path = _id_of(request), request.query_params.get("path", "")
        values = await in_thread(self._step_values, run_id, path)
        return JsonResponse(values or {})

    def _step_values(self, run_id: str, path: str) -> dict[str, Any] | None:
        """Return inputs and results of a step, redacted: from a trace of this page, else from the journal.

        A decision about its write replaces its state, its error, and its results.
        """
        line, history = _read(run_id)
        values = self._runs.step(run_id, path) or self._journal_values(line, history, path)
        decision = SETTLED.get(history.decisions.get(values["path"], "")) if values else None
        if values is None or decision is None:
            return values
        values.update(state=decision, error="")
        if values["path"] in history.finished:
            values["results"] = _redacted(self._component, values["action"], history.results(values["path"]))
        return values

    def _journal_values(self, line: Timeline, history: JournalContents, path: str) -> dict[str, Any] | None:
        row = next((each for each in line.rows if path in (each.path, each.step)), None)
        if row is None:
            return None
        values: dict[str, Any] = {
            "path": row.path,
            "step": row.step,
            "action": row.action,
            "state": row.state,
            "seconds": row.seconds,
            "error": row.text,
        }
        if row.path in history.finished:
            values["results"] = _redacted(self._component, row.action, history.results(row.path))
        write = history.unknown.get(row.path) or _applied_write(history, row.path)
        if write is not None:
            values["inputs"] = _redacted(self._component, row.action, write.inputs)
        return values

    async def _resume(self, request: Request) -> Response:
        run_id, body = _id_of(request), await body_of(request)
        unknown: Any = body.get("unknown", "stop")
        return await self._respond(partial(self._go_on, run_id, unknown if unknown in {"retry", "skip"} else "stop"))

    def _go_on(self, run_id: str, unknown: Any) -> dict[str, Any]:
        flow, name = _flow_of_run(run_id)
        self._check_policy(flow.definition(name))
        self._runs.start(
            run_id,
            lambda settings: resume(place_of(run_id), self._components, unknown=unknown, **settings),
            self._settings(flow, name),
        )
        return {"run": run_id}

    async def _undo(self, request: Request) -> Response:
        run_id, body = _id_of(request), await body_of(request)
        return await self._respond(partial(self._delete, run_id, dry_run=body.get("confirmed") is not True))

    def _delete(self, run_id: str, *, dry_run: bool) -> dict[str, Any]:
        connections = self._connections(*_flow_of_run(run_id))
        outcome = undo(
            place_of(run_id), self._components, connections=connections, max_wait=MAX_WAIT_SECONDS, dry_run=dry_run
        )
        parts = {
            "To delete" if dry_run else "Deleted": [f"{write.step} ({write.path})" for write in outcome.deleted],
            "Did not exist anymore": [write.step for write in outcome.already_deleted],
            "Failed": [f"{write.step}: {error}" for write, error in outcome.failed],
            "Not undone": [f"{write.step}: {reason}" for write, reason in outcome.not_undone],
        }
        return {"ask": dry_run, "html": self._site.html("outcome.html", parts=parts)}

    async def _settle(self, request: Request) -> Response:
        return await self._respond(partial(self._decide, _id_of(request), await body_of(request)))

    def _decide(self, run_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        text = str(body.get("results") or "").strip()
        try:
            results = json.loads(text) if text else None
        except ValueError as error:
            raise UsageError(f"the results are not JSON: {error}") from None
        try:
            settle(
                place_of(run_id),
                str(body.get("path", "")),
                self._components,
                happened=body.get("happened") is True,
                results=results,
            )
        except JournalError as error:
            if error.hint == MISSING_RESULTS_HINT:  # it names options that the page has not
                raise JournalError(error.message, hint="Fill in its results as JSON.") from None
            raise
        return {"run": run_id}

    async def _respond(self, work: partial[dict[str, Any]]) -> Response:
        try:
            return JsonResponse(await in_thread(work))
        except ConnectorError as error:
            html = self._site.html("failure_part.html", error=error)
            return JsonResponse({**error.to_dict(), "html": html}, 422)


def _is_flow(path: Path) -> bool:
    """Return whether a file may be a flow, so that a folder can also hold other files.

    What cannot be parsed may be one: to leave it out would hide its problem.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MARK_WITHIN_BYTES)
    except OSError:
        return path.is_file()
    return MARK.search(content) is not None or (len(content) < MARK_WITHIN_BYTES and not _can_be_parsed(content))


def _can_be_parsed(content: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        json.loads(content)  # JSON has escapes that YAML has not
        return True
    return has_valid_syntax(content)


def _id_of(request: Request) -> str:
    """Return the ID of the run that a request is about.

    Raises:
        HTTPException: 404, if it is not a valid ID: an ID is never taken for a path.
    """
    try:
        check_id(request.path_params["id"])
    except ConnectorError as error:
        raise HTTPException(404, str(error)) from None
    return str(request.path_params["id"])


def _flow_of_run(run_id: str) -> tuple[Flow, str]:
    """Return the flow of a run as it was when the run started, and its name."""
    header = read_history(place_of(run_id)).header
    return Flow.parse(header["text"], header["source"]), header["flow"]


def _timeline_of(run_id: str) -> Timeline:
    try:
        return timeline(place_of(run_id))
    except ConnectorError as error:
        raise HTTPException(404, str(error)) from None


def _read(run_id: str) -> tuple[Timeline, JournalContents]:
    """Return the timeline of a run and its journal; a decision about a write replaces the error of its step."""
    line, history = _timeline_of(run_id), read_history(place_of(run_id))
    for row in (*line.rows, *line.by_step.values()):
        decision = SETTLED.get(history.decisions.get(row.path, ""))
        if decision is not None and row.state == "failed":
            line.error = line.error.replace(row.text, decision) if row.text else line.error
            row.text = decision
    return line, history


def _applied_write(history: JournalContents, path: str) -> Write | None:
    return next((write for write in history.writes.newest_first() if write.path == path), None)


def _live(line: Timeline) -> dict[str, Any]:
    steps = {name: {"state": row.state, "text": _state_text(row)} for name, row in line.by_step.items()}
    return {"status": line.status, "seconds": line.seconds, "error": line.error, "steps": steps}


SETTLED = {"happened": "settled: applied", "did-not-happen": "settled: not applied"}
MARKS = {"done": "✓", "failed": "✗", "ignored": "!", "reused": "=", "skipped": "-", "killed": "✗"}


def _state_text(row: TimelineRow) -> str:
    """Return what a box says about its step, such as `3 done, 1 ignored`."""
    if row.state in {"waiting", "retrying"}:
        reason = f": {row.waits[-1].reason}" if row.waits else ""
        return "waiting" + reason if row.state == "waiting" else f"attempt {row.attempts + len(row.retries) + 1}"
    if row.state not in MARKS:
        return row.state
    if row.text in SETTLED.values():
        return row.text
    if sum(row.ends.values()) <= 1:
        return f"{MARKS[row.state]} {row.state} {duration(row.seconds)}"
    return ", ".join(f"{count} {state}" for state, count in row.ends.items())


def _facts(definition: FlowDefinition, component: Component, problems: list[FlowProblem]) -> dict[str, dict[str, Any]]:
    """Return what the page says about each step, by its name."""
    return {step.name: _facts_of(step, component, problems) for step in definition.walk()}


def _facts_of(step: Step, component: Component, problems: list[FlowProblem]) -> dict[str, Any]:
    action = component.find_action(step.action) if step.component == component.key else None
    secret = action.inputs.secret_keys() if action else frozenset()
    inputs = {key: _written(value, is_secret=key in secret) for key, value in step.inputs.items()}
    own = [problem for problem in problems if problem.step == step.name]
    severity = "bad" if any(each.severity == "error" for each in own) else "warned" if own else ""
    return {
        "effect": effect(action) if action else "",
        "inputs": {**step.connections, **inputs},
        "problems": own,
        "severity": severity,
    }


def _written(expression: Expression, *, is_secret: bool) -> str:
    """Return an expression as the file has it; a secret literal is redacted."""
    match expression:
        case LiteralValue(value):
            return REDACTED if is_secret else value if isinstance(value, str) else pretty(value)
        case Reference(text) | Template(text):
            return text
        case ConfigVariable(key):
            return f"config variable {key}"
    return "several values"


def _redacted(component: Component, kind: str, value: Any) -> Any:
    """Return inputs or results of a step without secrets."""
    key, _, name = kind.partition(".")
    action = component.find_action(name) if key == component.key else None
    names = set() if action is None else set(action.inputs.secret_keys())
    if action is not None and action.operation is not None:
        names |= action.operation.secret_fields
    return Redactor((), names).record(value)
