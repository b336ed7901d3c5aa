"""Findings about a component, each with its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connector.common.text import did_you_mean
from connector.component.component import Component, load_component
from connector.component.definitions import Action, DataSource
from connector.component.inputs import Input, Inputs
from connector.describe.docs import is_fresh, page_file
from connector.errors import ComponentError, Problem, SetupError

Definition = Action[Any] | DataSource[Any]
Rule = Callable[[Component], Iterator[Problem]]


def findings(manifest: Path | None = None) -> list[Problem]:
    """Everything that is wrong with a component; empty when nothing is.

    What keeps it from being loaded is found first; the rules below need it loaded.
    """
    try:
        component = load_component(manifest)
    except SetupError as error:
        return list(error.problems) or [Problem("", error.message, hint=error.hint)]
    return [problem for rule in RULES for problem in rule(component)]


def inputs_are_described(component: Component) -> Iterator[Problem]:
    """Every input of an action, a data source and a connection has a label and a comment."""
    for key, model in _models(component):
        try:
            markers = model.definitions()
        except TypeError as error:
            yield Problem(key, f"{error}.", hint='Annotate the field with Input(label="...").')
            continue
        for name, marker in markers.items():
            missing = [part for part in ("label", "comments") if not getattr(marker, part)]
            if missing:
                hint = "Write what the field is, for the person who fills it in."
                yield Problem(f"{key}.{name}", f"the input has no {' and no '.join(missing)}.", hint=hint)


def data_sources_of_inputs_exist(component: Component) -> Iterator[Problem]:
    """The data source that an input names is one of the component's."""
    for key, name, marker in _inputs(component):
        if marker.data_source and marker.data_source not in component.data_sources:
            known = ", ".join(component.data_sources) or "none"
            text = f'the input names the data source "{marker.data_source}", which does not exist.'
            yield Problem(f"{key}.{name}", text, hint=f"Known are {known}.")


def examples_of_inputs_fit(component: Component) -> Iterator[Problem]:
    """The example of an input, and what a designer fills in, are values that the input takes."""
    for key, model in _described_models(component):
        for name, marker in model.definitions().items():
            for part in ("example", "default"):
                value = getattr(marker, part)
                reason = None if value in (None, "") else _refusal(model, name, value)
                if reason:
                    text = f"the {part} does not fit the input: {reason}."
                    yield Problem(f"{key}.{name}", text, hint=f"Write a right {part}.")


def payloads_can_be_read(component: Component) -> Iterator[Problem]:
    """Every example payload is JSON."""
    definitions: list[Definition] = [*component.data_sources.values(), *component.actions.values()]
    for definition in definitions:
        try:
            definition.example  # noqa: B018 - reading it is the check
        except ComponentError as error:
            yield from error.problems


def payloads_have_their_shape(component: Component) -> Iterator[Problem]:
    """Payloads are `{"data": ...}` of actions and `{"result": [{"label", "key"}]}` of data sources."""
    for action in component.actions.values():
        if (payload := _payload(action)) is not None and not (isinstance(payload, dict) and set(payload) == {"data"}):
            yield Problem(action.key, 'the example payload is not {"data": ...}.', hint=f"Correct {_file(action)}.")
    for source in component.data_sources.values():
        if (payload := _payload(source)) is not None and not _is_picklist(payload):
            text = 'the example payload is not {"result": [{"label", "key"}]}.'
            yield Problem(source.key, text, hint=f"Correct {_file(source)}.")


def pages_are_found(component: Component) -> Iterator[Problem]:
    """What an action says about its pages holds for its inputs and its example payload."""
    from connector.component.pagination import compile_jsonpath

    for action in component.actions.values():
        pagination = action.pagination
        if pagination is None:
            continue
        fields = (pagination.cursor_input, pagination.size_input, pagination.all_input)
        for field in fields:
            if field not in action.inputs.model_fields:
                hint = "Add the field, or name the right one in Paging(...)."
                yield Problem(action.key, f'it lists, and its inputs have no field "{field}".', hint=hint)
        found = compile_jsonpath(pagination.records).find(_payload(action) or {})
        if not (found and isinstance(found[0].value, list)):
            text = f"there is no list at {pagination.records} in the example payload."
            yield Problem(action.key, text, hint=f"Correct Pagination(records=...) or {_file(action)}.")


def sandbox_is_whole(component: Component) -> Iterator[Problem]:
    """The sandbox that the manifest names can be imported, and simulates the operation of every action."""
    from connector.sandbox_kit.sandbox import sandbox_of

    if component.manifest.sandbox is None:
        return
    try:
        simulated = {operation.id for operation in sandbox_of(component).operations}
    except ComponentError as error:
        yield from error.problems
        return
    for action in component.actions.values():
        if action.operation and action.operation.id not in simulated:
            hint = f"Declare it in a module of {component.manifest.sandbox}/."
            yield Problem(action.key, f"the sandbox does not simulate {action.operation.id}", hint=hint)


def operations_exist(component: Component) -> Iterator[Problem]:
    """The operation of every action is in the API description, if there is one."""
    for key in component.manifest.actions if component.api else ():
        action = component.actions[key]
        if action.operation is None and not action.effect_depends_on_inputs:
            name = action.operation_id or key
            hint = did_you_mean(name, component.api) or f'Name it: @action("{key}", operation="...").'
            yield Problem(key, f'the API has no operation "{name}"', hint=hint)


def actions_are_tested(component: Component) -> Iterator[Problem]:
    """A test names every action, in `tests/wire/` if there is one; a component without `tests/` is not checked."""
    tests = component.folder / "tests"
    folder = tests / "wire" if (tests / "wire").is_dir() else tests
    if not folder.is_dir():
        return
    text = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.py"))
    for key, action in component.actions.items():
        if key in component.manifest.actions and f'"{key}"' not in text:
            hint = f"Write one in {folder / action.resource}.py: from inputs to the exact request."
            yield Problem(key, "no test names the action", hint=hint)


def docs_page_is_fresh(component: Component) -> Iterator[Problem]:
    """The component's page says what the component is now; a component without a docs folder has no page."""
    file = page_file(component)
    try:
        stale = file.parent.is_dir() and not is_fresh(component, file)
    except ComponentError:
        return  # payloads_can_be_read tells
    if stale:
        yield Problem(str(file), "is not up to date." if file.is_file() else "is missing.", hint="Run connector docs.")


def icon_is_there(component: Component) -> Iterator[Problem]:
    """The icon that the manifest names is a PNG file beside it."""
    name = component.manifest.display.icon_path
    file = component.folder / name
    if name and not (file.is_file() and file.read_bytes().startswith(b"\x89PNG\r\n")):
        yield Problem(name, "the icon is no PNG file beside the manifest.", hint=f"Put it at {file}.")


RULES: tuple[Rule, ...] = (
    icon_is_there,
    inputs_are_described,
    data_sources_of_inputs_exist,
    examples_of_inputs_fit,
    payloads_can_be_read,
    payloads_have_their_shape,
    pages_are_found,
    operations_exist,
    actions_are_tested,
    sandbox_is_whole,
    docs_page_is_fresh,
)


def _models(component: Component) -> Iterator[tuple[str, type[Inputs]]]:
    for connection in component.connections.values():
        yield connection.key, connection.fields
    definitions: Mapping[str, Definition] = {
        **component.data_sources,
        **component.actions,
        **component.operations,
    }
    for key, definition in definitions.items():
        yield key, definition.inputs


def _described_models(component: Component) -> Iterator[tuple[str, type[Inputs]]]:
    for key, model in _models(component):
        try:
            model.definitions()
        except TypeError:
            continue  # inputs_are_described tells
        yield key, model


def _inputs(component: Component) -> Iterator[tuple[str, str, Input]]:
    for key, model in _described_models(component):
        for name, marker in model.definitions().items():
            yield key, name, marker


def _refusal(model: type[Inputs], name: str, value: Any) -> str | None:
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        about = [found["msg"] for found in error.errors() if found["loc"][:1] == (name,)]
        return about[0] if about else None
    return None


def _payload(definition: Definition) -> Any:
    try:
        return definition.example
    except ComponentError:
        return None  # payloads_can_be_read tells


def _is_picklist(payload: Any) -> bool:
    choices = payload.get("result") if isinstance(payload, dict) else None
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and set(choice) == {"label", "key"} for choice in choices
    )


def _file(definition: Definition) -> str:
    return str(definition.example_file or definition.location)
