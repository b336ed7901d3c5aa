"""Parse an integration file into the model, and report all its problems at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.common.text import did_you_mean
from connector.common.yaml_source import Document, Place, YamlError, parse
from connector.errors import InvalidFlowError, Problem
from connector.flows.file.grammar import (
    INTEGRATION,
    SHAPES,
    VERSIONS,
    Choice,
    Field,
    Flag,
    Inputs,
    ListOf,
    Number,
    Part,
    Shape,
    Text,
    Unread,
)
from connector.flows.file.model import Branch, ConfigVariable, ErrorConfig, FlowDefinition, Integration, Step
from connector.flows.file.parse_expressions import ExpressionReader
from connector.flows.file.step_names import step_variable
from connector.flows.values.expressions import ConfigVariable as ConfigPart

MAX_BYTES = 20_000_000
"""Size of the largest supported file. Exports of hundreds of steps have half a megabyte."""


def read_file(path: Path) -> Integration:
    """Load an integration file.

    Raises:
        InvalidFlowError: If the file is missing or invalid.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            problem = Problem(
                str(path), f"larger than {MAX_BYTES} bytes", hint="Split the integration into several files."
            )
        else:
            return read_text(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        problem = Problem(str(path), f"cannot read the file: {(error.strerror or str(error)).lower()}")
    except UnicodeDecodeError as error:
        problem = Problem(str(path), f"not UTF-8 (byte {error.start})", hint="Save the file as UTF-8.")
    raise InvalidFlowError("invalid flow file", problems=[problem])


def read_text(text: str, source: str = "<text>") -> Integration:
    """Parse the text of an integration file.

    Raises:
        InvalidFlowError: If the text is invalid. Lists every problem with file, line, path, and hint.
    """
    try:
        with _collection_paused():
            document = parse(text, source)
            parser = _Parser(document)
            integration = parser.integration()
    except YamlError as error:
        problems = list(error.problems)
    else:
        if integration is not None and not parser.problems:
            integration.text = text
            return integration
        problems = parser.problems
    raise InvalidFlowError("invalid flow file", problems=problems)


@contextmanager
def _collection_paused() -> Iterator[None]:
    # Every node of the file stays alive while it is parsed, so looking for garbage would take longer than parsing.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Parser(ExpressionReader):
    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._variables: dict[str, Step] = {}

    def integration(self) -> Integration | None:
        root = self.mapping(self.document.data, (), INTEGRATION.required)
        version = self._version(root) if root else None
        if version is None:
            return None
        parts = self._read(INTEGRATION, root, ())
        flows = [self._flow(value, ("flows", index)) for index, value in enumerate(parts["flows"])]
        if not flows and not self.problems:
            self.problem(("flows",), "must have at least one flow")
        self._unique([(flow.name, flow.place) for flow in flows], "flow")
        variables = [
            self._config_variable(value, ("requiredConfigVars", index))
            for index, value in enumerate(parts["requiredConfigVars"])
        ]
        self._unique([(variable.key, variable.place) for variable in variables], "config variable")
        by_key = {variable.key: variable for variable in variables}
        for flow in flows:
            for step in flow.walk():
                step.connections = _connections(step, by_key)
        return Integration(parts["name"], parts["description"], version, flows, by_key, self.document)

    def _version(self, root: Mapping[str, Any]) -> int | None:
        version = root.get("definitionVersion")
        for supported in VERSIONS:
            if version in (supported, str(supported)):
                return supported
        message = 'missing field "definitionVersion"'
        if version is not None:
            message = f"unsupported version {version!r} (supported: {', '.join(map(str, VERSIONS))})"
        elif "trigger" in root or "steps" in root:
            message += ": this is the old format of one flow per file"
        place = () if version is None else ("definitionVersion",)
        self.problem(place, message, "Export the integration again from Prismatic.")
        return None

    def _unique(self, names: list[tuple[str, Place]], noun: str) -> None:
        first_places: dict[str, Place] = {}
        for name, place in names:
            if name and name in first_places:
                first = self.document.location(first_places[name])
                self.problem(place, f'duplicate {noun} "{name}" (first used at {first})', "Rename one of them.")
            first_places.setdefault(name, place)

    def _flow(self, value: Any, place: Place) -> FlowDefinition:
        shape = SHAPES["flow"]
        parts = self._read(shape, value, place)
        self._variables = {}
        steps = self._steps(parts, place)
        if isinstance(value, Mapping) and value.get("steps") is not None:
            self._check_triggers(steps, place)
        is_synchronous, extra = parts["isSynchronous"], shape.other_keys(value)
        return FlowDefinition(parts["name"], parts["description"], steps, is_synchronous, place, extra)

    def _check_triggers(self, steps: list[Step], place: Place) -> None:
        first = steps[0] if steps else None
        places = [step.place for step in self._variables.values() if step.is_trigger != (step is first)]
        for wrong in [(*step, "isTrigger") for step in places] if steps else [(*place, "steps")]:
            hint = "Set `isTrigger: true` on the first step only."
            self.problem(wrong, "the first step, and only it, must be a trigger", hint)

    def _steps(self, holder: Mapping[str, Any], place: Place) -> list[Step]:
        return [self._step(value, (*place, "steps", index)) for index, value in enumerate(holder["steps"])]

    def _step(self, value: Any, place: Place) -> Step:
        shape = SHAPES["step"]
        parts = self._read(shape, value, place)
        action, component = _action(parts["action"])
        step = Step(
            name=parts["name"],
            variable=step_variable(parts["name"]),
            action=action,
            component=component,
            inputs=parts["inputs"],
            place=place,
            on_error=_error_config(parts["errorConfig"]),
            is_trigger=parts["isTrigger"],
            description=parts["description"],
            extra=shape.other_keys(value),
        )
        self._declare(step)
        step.steps = self._steps(parts, place)
        branches = enumerate(parts["branches"])
        step.branches = [self._branch(branch, (*place, "branches", index)) for index, branch in branches]
        return step

    def _declare(self, step: Step) -> None:
        first = self._variables.setdefault(step.variable, step)
        if first is step or not step.name:
            return
        location = self.document.location(first.place)
        message = f'duplicate step name "{step.name}" (first used at {location})'
        if first.name != step.name:
            message = (
                f'"{step.name}" and "{first.name}" ({location}) have the same name "{step.variable}" in references'
            )
        self.problem((*step.place, "name"), message, "Rename one of the steps.")
        self._variables[f"{step.variable} {step.place}"] = step

    def _branch(self, value: Any, place: Place) -> Branch:
        parts = self._read(SHAPES["branch"], value, place)
        return Branch(parts["name"], self._steps(parts, place), place)

    def _config_variable(self, value: Any, place: Place) -> ConfigVariable:
        shape = SHAPES["configVar"]
        parts = self._read(shape, value, place)
        variable = ConfigVariable(parts["key"], "value", place, parts["dataType"] or "string", parts["defaultValue"])
        variable.extra = shape.other_keys(value)
        if parts["useScopedConfigVar"] is not None:
            variable.kind = "scoped"
        elif variable.data_type == "connection":
            variable.kind = "connection"
            variable.inputs = parts["inputs"]
            variable.connection, variable.component = _action(parts["connection"])
            if "connection" not in value:
                hint = f"Add `connection:` with its key and component. {did_you_mean('connection', value)}".rstrip()
                self.problem(place, "connection has no component", hint)
        else:
            variable.choices = tuple(map(str, parts["pickList"]))
            variable.collection = parts["collectionType"]
        return variable

    def _read(self, shape: Shape, value: Any, place: Place) -> dict[str, Any]:
        """Return the fields of an object by key; a field that is absent or invalid has its default."""
        holder = self.mapping(value, place, shape.required)
        return {key: self._field(entry, holder, key, place) for key, entry in shape.fields.items()}

    def _field(self, entry: Field, holder: Mapping[str, Any], key: str, place: Place) -> Any:
        match entry:
            case Text(required=required):
                value: Any = self.text(holder, key, place, required=required and bool(holder))
            case Flag():
                value = self.flag(holder, key, place)
            case Number(low, high, whole):
                number = self.number(holder, key, place, low, high)
                value = int(number) if whole else number
            case Choice(choices):
                value = self.choice(holder, key, place, choices)
            case ListOf(required=required):
                value = self.listing(holder, key, place, required=required)
            case Inputs():
                value = self.expressions(holder, key, place)
            case Part():
                value = self._part(entry, holder, key, place)
            case Unread():
                value = holder.get(key)
        return value

    def _part(self, entry: Part, holder: Mapping[str, Any], key: str, place: Place) -> dict[str, Any] | None:
        if key not in holder:
            if entry.required and holder:
                self.problem(
                    place, f'missing field "{key}"', f"Add `{key}:` with {' and '.join(SHAPES[entry.shape].required)}."
                )
            return None
        value = holder[key]
        if value is None and not entry.required:
            return None
        if entry.short and isinstance(value, str):
            value = {entry.short: value}
        return self._read(SHAPES[entry.shape], value, (*place, key))


def _action(parts: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the keys of an action and of its component."""
    component = parts["component"] if parts else None
    return (parts["key"] if parts else ""), (component["key"] if component else "")


def _connections(step: Step, variables: Mapping[str, ConfigVariable]) -> dict[str, str]:
    names = {key: part.key for key, part in step.inputs.items() if isinstance(part, ConfigPart)}
    return {key: name for key, name in names.items() if name in variables and variables[name].kind != "value"}


def _error_config(parts: Mapping[str, Any] | None) -> ErrorConfig:
    if parts is None:
        return ErrorConfig()
    return ErrorConfig(
        kind=parts["errorHandlerType"] or "fail",
        attempts=parts["maxAttempts"],
        delay=parts["delaySeconds"],
        exponential=parts["usesExponentialBackoff"],
        ignore_final=parts["ignoreFinalError"],
    )
