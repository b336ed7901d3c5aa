"""From an integration file to the model, with every finding at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place, YamlError, parse
from connector.errors import InvalidFlowError, Problem
from connector.flows.file.model import VERSIONS, Branch, ConfigVariable, ErrorConfig, FlowDefinition, Integration, Step
from connector.flows.file.parse_expressions import ExpressionReader
from connector.flows.file.step_names import step_variable

MAX_BYTES = 20_000_000
"""Size of the largest file that is read; exports of hundreds of steps have half a megabyte."""

_STEP_KEYS = {"name", "action", "inputs", "steps", "branches", "errorConfig", "isTrigger", "description"}
_KINDS_OF_ERROR_HANDLING = ("fail", "ignore", "retry")


def read_file(path: Path) -> Integration:
    """Read an integration file.

    Raises:
        InvalidFlowError: It cannot be read, or says what an integration cannot say.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            problem = Problem(str(path), f"is larger than {MAX_BYTES} bytes.", hint="Split the integration.")
        else:
            return read_text(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        problem = Problem(str(path), f"cannot be read: {error.strerror or error}.", hint="Check the path.")
    except UnicodeDecodeError as error:
        problem = Problem(str(path), f"is not UTF-8 (byte {error.start}).", hint="Save it as UTF-8.")
    raise InvalidFlowError("the flow cannot be read.", problems=[problem])


def read_text(text: str, source: str = "<text>") -> Integration:
    """Read the text of an integration file.

    Raises:
        InvalidFlowError: It says what an integration cannot say; every finding with file, line, path and cure.
    """
    try:
        with _collection_paused():
            document = parse(text, source)
            reader = _IntegrationReader(document)
            found = reader.integration()
    except YamlError as error:
        problems = list(error.problems)
    else:
        if found is not None and not reader.problems:
            found.text = text
            return found
        problems = reader.problems
    raise InvalidFlowError("the flow cannot be read.", problems=problems)


@contextmanager
def _collection_paused() -> Iterator[None]:
    # Every node of the file stays alive while it is read: looking for garbage would take longer than reading.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _IntegrationReader(ExpressionReader):
    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._variables: dict[str, Step] = {}

    def integration(self) -> Integration | None:
        root = self.mapping(self.document.data, (), "an object with `definitionVersion`, `name` and `flows`")
        version = self._version(root) if root else None
        if version is None:
            return None
        flows = [self._flow(value, ("flows", index)) for index, value in enumerate(self.listing(root, "flows", ()))]
        if not flows and not self.problems:
            self.problem(("flows",), "is empty.", "Add a flow.")
        self._unique([(flow.name, flow.place) for flow in flows], "flow")
        variables = [
            self._config_variable(value, ("requiredConfigVars", index))
            for index, value in enumerate(self.listing(root, "requiredConfigVars", ()))
        ]
        self._unique([(variable.key, variable.place) for variable in variables], "config variable")
        name, description = self.text(root, "name", ()), self.text(root, "description", (), required=False)
        by_key = {variable.key: variable for variable in variables}
        return Integration(name, description, version, flows, by_key, self.document)

    def _version(self, root: Mapping[str, Any]) -> int | None:
        given = root.get("definitionVersion")
        for version in VERSIONS:
            if given in (version, str(version)):
                return version
        known = " and ".join(map(str, VERSIONS))
        if given is None:
            old = "trigger" in root or "steps" in root
            message = "is missing." if not old else "is missing; this is the old format of one flow a file."
        else:
            message = f"is {given!r}; {known} are read."
        hint = "Export the integration again from the platform." if root else "Add `definitionVersion: 7`."
        self.problem(("definitionVersion",), message, hint)
        return None

    def _unique(self, named: list[tuple[str, Place]], what: str) -> None:
        seen: dict[str, Place] = {}
        for name, place in named:
            if name and name in seen:
                first = self.document.location(seen[name])
                self.problem(place, f'is a second {what} "{name}"; the first is at {first}.', "Rename one of them.")
            seen.setdefault(name, place)

    def _flow(self, value: Any, place: Place) -> FlowDefinition:
        flow = self.mapping(value, place, "a flow")
        self._variables = {}
        name = self.text(flow, "name", place) if flow else ""
        steps = self._steps(flow, place)
        extra = {key: part for key, part in flow.items() if key not in {"name", "description", "steps"}}
        synchronous = self.flag(flow, "isSynchronous", place)
        description = self.text(flow, "description", place, required=False)
        if flow and not self._has_trigger_first(steps):
            self.problem(
                (*place, "steps"), "must begin with the flow's one trigger.", "Put one `isTrigger: true` first."
            )
        return FlowDefinition(name, description, steps, synchronous, place, extra)

    def _has_trigger_first(self, steps: list[Step]) -> bool:
        triggers = [step for step in self._variables.values() if step.is_trigger]
        return bool(steps) and steps[0].is_trigger and len(triggers) == 1

    def _steps(self, holder: Mapping[str, Any], place: Place) -> list[Step]:
        values = self.listing(holder, "steps", place)
        return [self._step(value, (*place, "steps", index)) for index, value in enumerate(values)]

    def _step(self, value: Any, place: Place) -> Step:
        step = self.mapping(value, place, "a step")
        name = self.text(step, "name", place) if step else ""
        action, component = self._action(step, place) if step else ("", "")
        inputs = self.expressions(step, "inputs", place)
        on_error = self._error_config(step, place)
        is_trigger = self.flag(step, "isTrigger", place)
        extra = {key: part for key, part in step.items() if key not in _STEP_KEYS}
        description = self.text(step, "description", place, required=False)
        found = Step(name, step_variable(name), action, component, inputs, place, [], [], on_error, is_trigger)
        found.description, found.extra = description, extra
        self._declare(found)
        found.steps = self._steps(step, place)
        branches = enumerate(self.listing(step, "branches", place))
        found.branches = [self._branch(branch, (*place, "branches", index)) for index, branch in branches]
        return found

    def _declare(self, step: Step) -> None:
        first = self._variables.setdefault(step.variable, step)
        if first is step or not step.name:
            return
        also = "" if first.name == step.name else f' (both are "{step.variable}" in references)'
        location = self.document.location(first.place)
        self.problem(
            step.place, f'is a second step "{step.name}"; "{first.name}" is at {location}{also}.', "Rename one."
        )
        self._variables[f"{step.variable} {step.place}"] = step

    def _branch(self, value: Any, place: Place) -> Branch:
        branch = self.mapping(value, place, "a branch with a name and steps")
        return Branch(self.text(branch, "name", place) if branch else "", self._steps(branch, place), place)

    def _action(self, step: Mapping[str, Any], place: Place) -> tuple[str, str]:
        if "action" not in step:
            self.problem(place, "has no action.", "Add `action:` with the key of the action and its component.")
            return "", ""
        action = self.mapping(step["action"], (*place, "action"), "an object with `key` and `component`")
        component = action.get("component")
        if isinstance(component, str):
            component = {"key": component}
        holder = self.mapping(component, (*place, "action", "component"), "an object with the component's `key`")
        key = self.text(action, "key", (*place, "action")) if action else ""
        return key, self.text(holder, "key", (*place, "action", "component")) if holder else ""

    def _error_config(self, step: Mapping[str, Any], place: Place) -> ErrorConfig:
        if step.get("errorConfig") is None:
            return ErrorConfig()
        place = (*place, "errorConfig")
        config = self.mapping(step["errorConfig"], place, "an object with `errorHandlerType`", filled=False)
        kind = self.choice(config, "errorHandlerType", place, _KINDS_OF_ERROR_HANDLING)
        return ErrorConfig(
            kind or "fail",  # type: ignore[arg-type]
            int(self.number(config, "maxAttempts", place, 0, 5)),
            self.number(config, "delaySeconds", place, 0, 60),
            self.flag(config, "usesExponentialBackoff", place),
            self.flag(config, "ignoreFinalError", place),
        )

    def _config_variable(self, value: Any, place: Place) -> ConfigVariable:
        given = self.mapping(value, place, "a config variable")
        key = self.text(given, "key", place) if given else ""
        data_type = self.text(given, "dataType", place, required=False) or "string"
        known = {"key", "dataType", "defaultValue", "pickList", "collectionType", "connection", "inputs"}
        found = ConfigVariable(key, "value", place, data_type, given.get("defaultValue"))
        found.extra = {name: part for name, part in given.items() if name not in known}
        if "useScopedConfigVar" in given:
            found.kind = "scoped"
        elif data_type == "connection":
            found.kind = "connection"
            found.connection, found.component = self._action_like(given, place)
            found.inputs = self.expressions(given, "inputs", place)
        else:
            found.choices = tuple(str(choice) for choice in self.listing(given, "pickList", place))
            found.collection = self.choice(given, "collectionType", place, ("valuelist", "keyvaluelist"))
        return found

    def _action_like(self, given: Mapping[str, Any], place: Place) -> tuple[str | None, str | None]:
        if "connection" not in given:
            hint = f"Add `connection:` with its key and component. {did_you_mean('connection', given)}".rstrip()
            self.problem(place, "is a connection, but says not of which component.", hint)
            return None, None
        return self._action({"action": given["connection"]}, place)
