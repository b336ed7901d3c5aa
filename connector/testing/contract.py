"""Checks that every component should pass, for authors of components."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from connector.component.component import Component
from connector.component.definitions import Action, ConnectionDefinition, DataSource
from connector.component.inputs import Inputs
from connector.component.pagination import compile_jsonpath
from connector.errors import InputError
from connector.rest.http_messages import SAFE_METHODS
from connector.testing.examples import example_inputs
from connector.testing.harness import Harness

if TYPE_CHECKING:
    import pytest

CallableDefinition = Action[Any] | DataSource[Any]
Definition = CallableDefinition | ConnectionDefinition[Any]


class ComponentContract:
    """A pytest class that checks each action, data source, and connection of a component.

    It takes three lines to use:

        class TestTodo(ComponentContract):
            component = load_component("todo/manifest.yaml")

    Actions are replayed with their examples: if the API returns the body of the example, the action must return the
    example. The checks of JSON schemas are skipped if `jsonschema` is not installed.

    Attributes:
        component: Component to check.
        not_replayed: Keys of actions whose payload does not come from exactly one response.
    """

    component: ClassVar[Component]
    not_replayed: ClassVar[Collection[str]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test once per definition that it takes: an action, a data source, and so on."""
        for name, definitions in self._cases().items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, definitions, ids=[definition.key for definition in definitions])

    def test_definition_has_a_label_and_a_description(self, definition: Definition) -> None:
        """Forms and lists can show it."""
        display = definition.display
        is_described = display is not None and display.label and display.description
        _expect(is_described, definition, "has no label or no description", "Write both in the manifest.")

    def test_input_has_a_label_and_comments(self, definition: Definition) -> None:
        """A form can be rendered from the inputs alone."""
        for key, marker in _model(definition).definitions().items():
            is_described = marker.label and marker.comments
            text = f"input {key} has no label or no comments"
            _expect(is_described, definition, text, "Pass both to Input.")

    def test_required_input_has_an_example(self, callable_definition: CallableDefinition) -> None:
        """A first call can be made from the examples alone."""
        example_inputs(callable_definition)

    def test_examples_and_choices_of_inputs_are_accepted(self, callable_definition: CallableDefinition) -> None:
        """Every example and every choice is a valid value."""
        for key, values in _samples(callable_definition):
            reason = _reason_of_rejection(callable_definition, values)
            text = f"rejects {values[key]!r}, an example or a choice of its input {key}: {reason}"
            _expect(not reason, callable_definition, text, "Change the example, the choice, or the type.")

    def test_inputs_survive_pickling(self, callable_definition: CallableDefinition) -> None:
        """Validated inputs can be sent to another process."""
        inputs = callable_definition.inputs.from_values(example_inputs(callable_definition))
        same = pickle.loads(pickle.dumps(inputs)) == inputs  # noqa: S301 - pickled one call ago
        _expect(same, callable_definition, "has inputs that pickling changes", "Use types that can be pickled.")

    def test_input_schema_is_json_schema_2020_12(self, definition: Definition) -> None:
        """Workflow engines can load it."""
        validator = _schema_validator()
        validator.check_schema(definition.input_schema)

    def test_input_schema_accepts_the_examples(self, callable_definition: CallableDefinition) -> None:
        """The schema and the model agree."""
        validator = _schema_validator()(callable_definition.input_schema)
        for key, values in _samples(callable_definition):
            reasons = [error.message for error in validator.iter_errors(values)]
            text = f"has a schema that rejects its input {key}: {reasons}"
            _expect(not reasons, callable_definition, text, "Use examples of native types.")

    def test_input_names_a_data_source_that_exists(self, callable_definition: CallableDefinition) -> None:
        """A form can load the choices of the input."""
        for key, marker in callable_definition.inputs.definitions().items():
            is_known = marker.data_source is None or marker.data_source in self.component.data_sources
            text = f'input {key} names an unknown data source "{marker.data_source}"'
            hint = f"Available data sources: {', '.join(self.component.data_sources)}."
            _expect(is_known, callable_definition, text, hint)

    def test_list_action_has_the_inputs_and_the_records_of_its_pagination(self, paged: Action[Any]) -> None:
        """Its pages can be iterated."""
        fields = paged.inputs.model_fields
        for name in (paged.pagination.size_input, paged.pagination.cursor_input, paged.pagination.all_input):  # type: ignore[union-attr]
            text = f"has no input {name}, which its pagination uses"
            _expect(name in fields, paged, text, "Change its Pagination or its inputs.")
        matches = compile_jsonpath(paged.pagination.records).find(paged.example)  # type: ignore[union-attr]
        has_list = bool(matches) and isinstance(matches[0].value, list)
        _expect(has_list, paged, "has no list of records in its example", "Change its Pagination or the example.")

    def test_example_replays(self, replayed: Action[Any]) -> None:
        """If the API returns the body of the example, the action returns the example."""
        with Harness(self.component) as harness:
            expected = harness.respond_with_example(replayed.key, repeat=True)
            payload = harness.invoke(replayed.key, example_inputs(replayed))
        hint = "Change the action or the example, or add the key to not_replayed."
        _expect(payload == expected, replayed, f"returned {payload!r}, but its example is {expected!r}", hint)

    def test_effect_matches_the_methods_sent(self, replayed: Action[Any]) -> None:
        """A policy can rely on it: a read sends only safe methods."""
        with Harness(self.component) as harness:
            harness.respond_with_example(replayed.key, repeat=True)
            inputs = example_inputs(replayed)
            harness.invoke(replayed.key, inputs)
        reads = replayed.effect_of(replayed.inputs.from_values(inputs)) == "read"
        methods = {request.method for request in harness.requests}
        text = f'declares effect "{replayed.effect}" but sends {", ".join(sorted(methods))}'
        _expect(reads == (methods <= SAFE_METHODS), replayed, text, "Change its effect.")

    def test_example_of_a_data_source_is_a_picklist(self, data_source: DataSource[Any]) -> None:
        """Choices have a label and a key."""
        result = (data_source.example or {}).get("result")
        listed = isinstance(result, list) and all(set(entry) == {"label", "key"} for entry in result)
        hint = 'Use the form {"result": [{"label": ..., "key": ...}]}.'
        _expect(listed, data_source, "has an example that is not a picklist", hint)

    def _cases(self) -> dict[str, list[Any]]:
        actions, sources = list(self.component.actions.values()), list(self.component.data_sources.values())
        return {
            "definition": [*actions, *sources, *self.component.connections.values()],
            "callable_definition": [*actions, *sources],
            "data_source": sources,
            "paged": [action for action in actions if action.pagination],
            "replayed": [action for action in actions if action.has_example and action.key not in self.not_replayed],
        }


def _expect(condition: object, definition: Definition, text: str, hint: str) -> None:
    if not condition:
        msg = f"{definition.key} {text}. {hint} ({definition.location})"
        raise AssertionError(msg)


def _reason_of_rejection(definition: CallableDefinition, values: dict[str, Any]) -> str:
    try:
        definition.inputs.from_values(values)
    except InputError as error:
        return " ".join(map(str, error.problems))
    return ""


def _model(definition: Definition) -> type[Inputs]:
    return definition.fields if isinstance(definition, ConnectionDefinition) else definition.inputs


def _samples(definition: CallableDefinition) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the key of each input with inputs that hold one of its examples or choices, and all required inputs."""
    required = example_inputs(definition)
    for key, marker in definition.inputs.definitions().items():
        values = list(marker.choices) if marker.collection is None else []
        values += [] if marker.example is None else [marker.example]
        for value in values:
            yield key, {**required, key: value}


def _schema_validator() -> Any:
    import pytest

    reason = "jsonschema is not installed, so schemas are not checked"
    return pytest.importorskip("jsonschema", reason=reason).Draft202012Validator
