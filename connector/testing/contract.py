"""The checks that every component should pass, for the authors of components."""

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

Definition = Action[Any] | DataSource[Any] | ConnectionDefinition[Any]


class ComponentContract:
    """A pytest class that checks each action, data source and connection of a component.

    It takes three lines to use:

        class TestTodo(ComponentContract):
            component = load_component("todo/manifest.yaml")

    Actions are replayed with their examples: an API that answers the example's body must make the action return the
    example. The checks of JSON schemas are skipped where `jsonschema` is not installed.

    Attributes:
        component: What is checked.
        not_replayed: Keys of actions that make their payload from something else than one reply.
    """

    component: ClassVar[Component]
    not_replayed: ClassVar[Collection[str]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Repeat each test for what it asks for: an action, a definition, and so on."""
        for name, definitions in self._cases().items():
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, definitions, ids=[definition.key for definition in definitions])

    def test_definition_has_a_label_and_a_description(self, definition: Definition) -> None:
        """Designers and people find it by what it says of itself."""
        display = definition.display
        told = display is not None and display.label and display.description
        _expect(told, definition, "has no label, or no description", "Write both in the manifest.")

    def test_input_has_a_label_and_comments(self, definition: Definition) -> None:
        """A form can be rendered from the inputs alone."""
        for key, marker in _model(definition).definitions().items():
            told = marker.label and marker.comments
            _expect(told, definition, f"has no label or no comments for its input {key}", "Give its Input both.")

    def test_required_input_has_an_example(self, asked: Action[Any] | DataSource[Any]) -> None:
        """Whoever tries it out has something to begin with."""
        example_inputs(asked)

    def test_examples_and_choices_of_inputs_are_accepted(self, asked: Action[Any] | DataSource[Any]) -> None:
        """What is shown as right is right."""
        for key, given in _given(asked):
            refusal = _refusal(asked, given)
            text = f"refuses {given[key]!r}, which its input {key} shows"
            _expect(not refusal, asked, text, f"Correct one of them: {refusal}")

    def test_inputs_survive_pickling(self, asked: Action[Any] | DataSource[Any]) -> None:
        """Validated inputs can go to another process."""
        inputs = asked.inputs.from_values(example_inputs(asked))
        same = pickle.loads(pickle.dumps(inputs)) == inputs  # noqa: S301 - made a moment ago
        _expect(same, asked, "has inputs that pickling changes", "Keep to values that can be pickled.")

    def test_input_schema_is_json_schema_2020_12(self, definition: Definition) -> None:
        """Engines can read it."""
        validator = _schema_validator()
        validator.check_schema(definition.input_schema)

    def test_input_schema_accepts_the_examples(self, asked: Action[Any] | DataSource[Any]) -> None:
        """The schema and the model agree."""
        validator = _schema_validator()(asked.input_schema)
        for key, given in _given(asked):
            wrong = [error.message for error in validator.iter_errors(given)]
            _expect(not wrong, asked, f"has a schema that refuses its input {key}: {wrong}", "Give native types.")

    def test_input_names_a_data_source_that_exists(self, asked: Action[Any] | DataSource[Any]) -> None:
        """A form can ask for the choices of the input."""
        for key, marker in asked.inputs.definitions().items():
            known = marker.data_source is None or marker.data_source in self.component.data_sources
            hint = f"The data sources are {', '.join(self.component.data_sources)}."
            _expect(known, asked, f"names the data source {marker.data_source} for its input {key}", hint)

    def test_list_has_the_inputs_and_the_records_of_its_paging(self, paged: Action[Any]) -> None:
        """It can be walked from page to page."""
        fields = paged.inputs.model_fields
        for name in (paged.pagination.size_input, paged.pagination.cursor_input, paged.pagination.all_input):  # type: ignore[union-attr]
            _expect(
                name in fields, paged, f"is paged by the field {name}, which its inputs lack", "Correct its Paging."
            )
        found = compile_jsonpath(paged.pagination.records).find(paged.example)  # type: ignore[union-attr]
        there = bool(found) and isinstance(found[0].value, list)
        _expect(there, paged, "has no list of records in its example", "Correct its Paging or the example.")

    def test_example_replays(self, replayed: Action[Any]) -> None:
        """An API that answers the body of the example makes the action return the example."""
        with Harness(self.component) as harness:
            expected = harness.respond_with_example(replayed.key, repeat=True)
            payload = harness.invoke(replayed.key, example_inputs(replayed))
        hint = "Correct one of them, or name it in not_replayed."
        _expect(payload == expected, replayed, f"answers {payload!r} instead of its example", hint)

    def test_effect_tells_what_is_sent(self, replayed: Action[Any]) -> None:
        """A policy can rely on it: what reads sends only methods that change nothing."""
        with Harness(self.component) as harness:
            harness.respond_with_example(replayed.key, repeat=True)
            inputs = example_inputs(replayed)
            harness.invoke(replayed.key, inputs)
        reads = replayed.effect_of(replayed.inputs.from_values(inputs)) == "read"
        methods = {request.method for request in harness.requests}
        text = f"says that its effect is {replayed.effect} and sends {', '.join(sorted(methods))}"
        _expect(reads == (methods <= SAFE_METHODS), replayed, text, "Correct its effect.")

    def test_example_of_a_data_source_is_a_picklist(self, data_source: DataSource[Any]) -> None:
        """Choices have a label and a key."""
        result = (data_source.example or {}).get("result")
        listed = isinstance(result, list) and all(set(entry) == {"label", "key"} for entry in result)
        hint = 'Its shape is {"result": [{"label": ..., "key": ...}]}.'
        _expect(listed, data_source, "has an example that is no picklist", hint)

    def _cases(self) -> dict[str, list[Any]]:
        actions, sources = list(self.component.actions.values()), list(self.component.data_sources.values())
        return {
            "definition": [*actions, *sources, *self.component.connections.values()],
            "asked": [*actions, *sources],
            "data_source": sources,
            "paged": [action for action in actions if action.pagination],
            "replayed": [action for action in actions if action.has_example and action.key not in self.not_replayed],
        }


def _expect(holds: object, definition: Definition, text: str, hint: str) -> None:
    if not holds:
        msg = f"{definition.key} {text}. {hint} ({definition.location})"
        raise AssertionError(msg)


def _refusal(asked: Action[Any] | DataSource[Any], given: dict[str, Any]) -> str:
    try:
        asked.inputs.from_values(given)
    except InputError as error:
        return " ".join(map(str, error.problems))
    return ""


def _model(definition: Definition) -> type[Inputs]:
    return definition.fields if isinstance(definition, ConnectionDefinition) else definition.inputs


def _given(asked: Action[Any] | DataSource[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each input's key with inputs that hold its example or one of its choices beside what is required."""
    required = example_inputs(asked)
    for key, marker in asked.inputs.definitions().items():
        values = list(marker.choices) if marker.collection is None else []
        values += [] if marker.example is None else [marker.example]
        for value in values:
            yield key, {**required, key: value}


def _schema_validator() -> Any:
    import pytest

    reason = "jsonschema is not installed, so schemas are not checked"
    return pytest.importorskip("jsonschema", reason=reason).Draft202012Validator
