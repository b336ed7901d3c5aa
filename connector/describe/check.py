"""The rules of a component, and the problems that a component has with them.

Each rule is written once, here: `connector check` applies all of them, and `connector.testing.ComponentContract` makes
each a test. What needs an action to run is a test only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from connector.common.text import did_you_mean
from connector.component.component import Component, load_component
from connector.component.definitions import Action, ConnectionDefinition, DataSource
from connector.component.inputs import Input, Inputs
from connector.describe.docs import stale_pages
from connector.describe.sandbox_check import sandbox_is_complete
from connector.describe.summaries import Definition, example_inputs, inputs_of
from connector.describe.undo_check import undo_can_be_performed
from connector.errors import ComponentError, Problem, SetupError, UsageError


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of every definition of some kinds.

    Attributes:
        check: Function that yields the problems of a definition; its docstring is the rule.
        applies: True for the definitions that the rule is about.
    """

    check: Callable[[Component, Any], Iterator[Problem]]
    applies: Callable[[Definition], bool] = lambda _definition: True

    @property
    def name(self) -> str:
        """Name of the rule."""
        return self.check.__name__


def component_problems(load: Callable[[], Component] = load_component) -> list[Problem]:
    """Return the problems of a component.

    What prevents loading comes alone: the rules need a loaded component.
    """
    try:
        component = load()
    except SetupError as error:
        return list(error.problems) or [Problem("", error.message, hint=error.hint)]
    of_component = [problem for rule in COMPONENT_RULES for problem in rule(component)]
    of_definitions = [
        problem
        for rule in RULES
        for definition in definitions(component)
        if rule.applies(definition)
        for problem in rule.check(component, definition)
    ]
    of_operations = [
        problem
        for rule in OPERATION_RULES
        for operation in component.operations.values()
        for problem in rule(component, operation)
    ]
    return [*of_component, *of_definitions, *of_operations]


def definitions(component: Component) -> list[Definition]:
    """Return all connections, data sources and actions of a component."""
    return [*component.connections.values(), *component.data_sources.values(), *component.actions.values()]


def definition_is_described(_component: Component, definition: Definition) -> Iterator[Problem]:
    """A definition has a label and a description."""
    display = definition.display
    missing = [part for part in ("label", "description") if not getattr(display, part, "")]
    if missing:
        yield Problem(definition.key, f"has no {' and no '.join(missing)}", hint="Write both in the manifest.")


def inputs_are_described(_component: Component, definition: Definition) -> Iterator[Problem]:
    """Every input has a label and comments, so that a form can be rendered."""
    try:
        markers = inputs_of(definition).definitions()
    except TypeError as error:
        yield Problem(definition.key, str(error), hint='Annotate the field with Input(label="...").')
        return
    for name, marker in markers.items():
        missing = [part for part in ("label", "comments") if not getattr(marker, part)]
        if missing:
            hint = "Describe the field for the person who fills it in."
            yield Problem(f"{definition.key}.{name}", f"input has no {' and no '.join(missing)}", hint=hint)


def required_inputs_have_examples(_component: Component, definition: Action[Any]) -> Iterator[Problem]:
    """Every required input has an example or choices, so that a first call can be tried."""
    try:
        if _is_described(definition):
            example_inputs(definition)
    except UsageError as error:
        yield Problem(definition.key, error.message, hint="Give its Input an example.")


def data_sources_of_inputs_exist(component: Component, definition: Definition) -> Iterator[Problem]:
    """The data source that an input names is one of the component's."""
    for name, marker in _markers(definition):
        if marker.data_source and marker.data_source not in component.data_sources:
            available = ", ".join(component.data_sources) or "none"
            text = f'input names unknown data source "{marker.data_source}"'
            yield Problem(f"{definition.key}.{name}", text, hint=f"Available data sources: {available}.")


def inputs_of_data_sources_are_set(component: Component, definition: Definition) -> Iterator[Problem]:
    """An input depends on the other inputs that its data source requires, and on no more."""
    for name, marker in _markers(definition):
        source = component.data_sources.get(marker.data_source or "")
        needed = sorted(source.inputs.required_keys()) if source is not None else []
        if sorted(marker.depends_on) != needed:
            hint = f"Pass Input(depends_on={tuple(needed)})." if needed else "Remove depends_on."
            text = f'its data source "{marker.data_source}" requires {", ".join(needed) or "no input"}'
            yield Problem(f"{definition.key}.{name}", text, hint=hint)
        for key in marker.depends_on:
            if key not in inputs_of(definition).definitions():
                yield Problem(f"{definition.key}.{name}", f'depends on "{key}", which is not an input beside it')


def example_values_are_valid(_component: Component, definition: Definition) -> Iterator[Problem]:
    """The example, the default and each choice of an input are valid values of the input."""
    model = inputs_of(definition)
    for name, marker in _markers(definition):
        choices = [] if marker.collection else [("choice", choice) for choice in marker.choices]
        for part, value in [("example", marker.example), ("default", marker.default), *choices]:
            reason = None if value in (None, "") else _reason_of_rejection(model, name, value)
            if reason:
                text = f"invalid {part} {value!r}: {reason}"
                yield Problem(f"{definition.key}.{name}", text, hint=f"Correct the {part} or the type of the input.")


def example_payload_is_json(_component: Component, definition: Definition) -> Iterator[Problem]:
    """The example payload is JSON."""
    try:
        definition.example  # type: ignore[union-attr]  # noqa: B018 - reading it is the check
    except ComponentError as error:
        yield from error.problems


def example_payload_is_an_object_with_data(_component: Component, action: Action[Any]) -> Iterator[Problem]:
    """The example payload of an action is `{"data": ...}`."""
    payload = _payload(action)
    if payload is not None and not (isinstance(payload, dict) and set(payload) == {"data"}):
        yield Problem(action.key, 'the example payload is not {"data": ...}', hint=f"Correct {_file(action)}.")


def example_payload_is_a_picklist(_component: Component, source: DataSource[Any]) -> Iterator[Problem]:
    """The example payload of a data source is `{"result": [{"label", "key"}]}`."""
    payload = _payload(source)
    if payload is not None and not _is_picklist(payload):
        text = 'the example payload is not {"result": [{"label", "key"}]}'
        yield Problem(source.key, text, hint=f"Correct {_file(source)}.")


def pagination_has_its_inputs(_component: Component, action: Action[Any]) -> Iterator[Problem]:
    """A list action has the inputs that its pagination names."""
    pagination = action.pagination
    assert pagination is not None  # noqa: S101 - the rule applies to list actions only
    for field in (pagination.cursor_input, pagination.size_input, pagination.all_input):
        if field not in action.inputs.model_fields:
            hint = "Add the field, or correct Pagination(...)."
            yield Problem(action.key, f'list action has no input "{field}"', hint=hint)


def pagination_finds_records(_component: Component, action: Action[Any]) -> Iterator[Problem]:
    """The example payload of a list action has a list of records where its pagination looks for it."""
    from connector.component.pagination import first_value

    assert action.pagination is not None  # noqa: S101 - the rule applies to list actions only
    records = action.pagination.records
    if not isinstance(first_value(records, _payload(action) or {}), list):
        text = f"the example payload has no list at {records}"
        yield Problem(action.key, text, hint=f"Correct Pagination(records=...) or {_file(action)}.")


def pagination_finds_its_place(_component: Component, action: Action[Any]) -> Iterator[Problem]:
    """The example payload of a list action has the places where its pagination looks for the cursor and the total.

    The example may be of a last page, so that only what contains them must be there.
    """
    from connector.component.pagination import first_value, parent

    assert action.pagination is not None  # noqa: S101 - the rule applies to list actions only
    for name in ("cursor", "total"):
        path = getattr(action.pagination, name)
        payload = _payload(action) or {}
        if path and first_value(path, payload) is None and first_value(parent(path) or "$", payload) is None:
            text = f"the example payload has nothing at {parent(path) or path}"
            yield Problem(action.key, text, hint=f"Correct Pagination({name}=...) or {_file(action)}.")


def icon_is_png(component: Component) -> Iterator[Problem]:
    """The icon that the manifest names is a PNG file next to it."""
    name = component.manifest.display.icon_path
    file = component.folder / name
    if name and not (file.is_file() and file.read_bytes().startswith(b"\x89PNG\r\n")):
        yield Problem(name, "icon is not a PNG file next to the manifest", hint=f"Put a PNG file at {file}.")


def operations_exist(component: Component) -> Iterator[Problem]:
    """The operation of every action is in the API description, if there is one."""
    for key in component.manifest.actions if component.api else ():
        action = component.actions[key]
        if action.operation is None and not action.effect_depends_on_inputs:
            name = action.operation_id or key
            hint = did_you_mean(name, component.api) or f'Name it: @action("{key}", operation="...").'
            yield Problem(key, f'the API has no operation "{name}"', hint=hint)


def snapshot_can_be_taken(component: Component) -> Iterator[Problem]:
    """The actions of a snapshot are list actions, and a part comes after those that it takes IDs of."""
    earlier: set[str] = set()
    for name, part in component.manifest.snapshot.items():
        action = component.find_action(part.action)
        if action is None or action.pagination is None:
            hint = did_you_mean(part.action, component.actions) or "Name a list action."
            yield Problem(f"snapshot.{name}", f'"{part.action}" is not a list action', hint=hint)
        if part.get is not None and component.find_action(part.get.action) is None:
            hint = did_you_mean(part.get.action, component.actions)
            yield Problem(f"snapshot.{name}", f'unknown action "{part.get.action}"', hint=hint)
        for key, parent in part.each.items():
            if parent not in earlier:
                yield Problem(f"snapshot.{name}", f'"{parent}" is not an earlier part', hint="Move it up.")
            if action is not None and key not in action.inputs.definitions():
                yield Problem(f"snapshot.{name}", f'"{part.action}" has no input "{key}"')
        earlier.add(name)


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


def plugins_implement_hooks(component: Component) -> Iterator[Problem]:
    """Every installed plugin implements at least one hook."""
    for plugin in component.plugins.summaries():
        if not plugin.hooks:
            hint = "Decorate its hooks with @connector.hookimpl, or uninstall it."
            yield Problem(plugin.name, "the plugin implements no hook", hint=hint)


def docs_are_up_to_date(component: Component) -> Iterator[Problem]:
    """The generated pages are up to date; a component without a docs folder has no pages."""
    try:
        stale = stale_pages(component)
    except ComponentError:
        return  # example_payload_is_json reports it
    for file in stale:
        yield Problem(str(file), "out of date" if file.is_file() else "missing", hint="Run `connector docs`.")


def _takes_inputs(definition: Definition) -> bool:
    return not isinstance(definition, ConnectionDefinition)


def _is_action(definition: Definition) -> bool:
    return isinstance(definition, Action)


def _is_data_source(definition: Definition) -> bool:
    return isinstance(definition, DataSource)


def _is_list_action(definition: Definition) -> bool:
    return isinstance(definition, Action) and definition.pagination is not None


def _has_undo(definition: Definition) -> bool:
    return isinstance(definition, Action) and definition.undo is not None


COMPONENT_RULES: tuple[Callable[[Component], Iterator[Problem]], ...] = (
    icon_is_png,
    operations_exist,
    actions_are_tested,
    sandbox_is_complete,
    snapshot_can_be_taken,
    plugins_implement_hooks,
    docs_are_up_to_date,
)
"""Rules of the component as a whole."""

RULES = (
    Rule(definition_is_described),
    Rule(inputs_are_described),
    Rule(required_inputs_have_examples, _takes_inputs),
    Rule(data_sources_of_inputs_exist),
    Rule(inputs_of_data_sources_are_set),
    Rule(example_values_are_valid),
    Rule(example_payload_is_json, _takes_inputs),
    Rule(example_payload_is_an_object_with_data, _is_action),
    Rule(example_payload_is_a_picklist, _is_data_source),
    Rule(pagination_has_its_inputs, _is_list_action),
    Rule(pagination_finds_records, _is_list_action),
    Rule(pagination_finds_its_place, _is_list_action),
    Rule(undo_can_be_performed, _has_undo),
)
"""Rules of each action, data source and connection."""

OPERATION_RULES = (inputs_are_described, data_sources_of_inputs_exist, example_values_are_valid)
"""Rules of each action that is made from the API description, which has no example payload."""


def _markers(definition: Definition) -> Iterator[tuple[str, Input]]:
    if _is_described(definition):
        yield from inputs_of(definition).definitions().items()


def _is_described(definition: Definition) -> bool:
    """False if a field has no Input, which `inputs_are_described` reports."""
    try:
        inputs_of(definition).definitions()
    except TypeError:
        return False
    return True


def _reason_of_rejection(model: type[Inputs], name: str, value: Any) -> str | None:
    # The other inputs are missing here, so only errors about this one count.
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return next((entry["msg"] for entry in error.errors() if entry["loc"][:1] == (name,)), None)
    return None


def _payload(definition: Action[Any] | DataSource[Any]) -> Any:
    try:
        return definition.example
    except ComponentError:
        return None  # example_payload_is_json reports it


def _is_picklist(payload: Any) -> bool:
    choices = payload.get("result") if isinstance(payload, dict) else None
    return isinstance(choices, list) and all(
        isinstance(choice, dict) and set(choice) == {"label", "key"} for choice in choices
    )


def _file(definition: Action[Any] | DataSource[Any]) -> str:
    return str(definition.example_file or definition.location)
