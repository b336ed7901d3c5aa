"""The rules that every component should keep, as tests, for component authors."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from connector.component.component import Component
from connector.component.definitions import Action, DataSource
from connector.describe.check import RULES, Rule, definitions
from connector.describe.summaries import Definition, example_inputs
from connector.rest.http_messages import SAFE_METHODS
from connector.testing.harness import Harness

if TYPE_CHECKING:
    import pytest


class ComponentContract:
    """A pytest class that tests each action, data source and connection of a component.

    Three lines use it:

        class TestTodo(ComponentContract):
            component = load_component("todo/manifest.yaml")

    It tests the rules of `connector check`, and those that need an action to run: an API that returns the body of the
    example must make the action return the example. The tests of JSON Schemas are skipped where `jsonschema` is not
    installed.

    Attributes:
        component: Component to test.
        not_replayed: Keys of actions whose payload is not made from one response.
    """

    component: ClassVar[Component]
    not_replayed: ClassVar[Collection[str]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize each test with the definitions that it is about."""
        names = metafunc.fixturenames
        if "rule" in names:
            pairs = [(rule, each) for rule in RULES for each in definitions(self.component) if rule.applies(each)]
            ids = [f"{rule.name}-{definition.key}" for rule, definition in pairs]
            metafunc.parametrize(("rule", "definition"), pairs, ids=ids)
            return
        for name, subjects in self._subjects().items():
            if name in names:
                metafunc.parametrize(name, subjects, ids=[definition.key for definition in subjects])

    def test_rule_is_kept(self, rule: Rule, definition: Definition) -> None:
        """A definition keeps a rule of `connector check`."""
        problems = [str(problem) for problem in rule.check(self.component, definition)]
        if problems:
            raise AssertionError("\n".join([f"{rule.name} ({definition.location}):", *problems]))

    def test_inputs_survive_pickling(self, performed: Action[Any] | DataSource[Any]) -> None:
        """Validated inputs can go to another process."""
        inputs = performed.inputs.from_values(example_inputs(performed))
        restored = pickle.loads(pickle.dumps(inputs))  # noqa: S301 - made one line above
        _expect(restored == inputs, performed, "has inputs that pickling changes", "Use values that can be pickled.")

    def test_input_schema_is_json_schema_2020_12(self, definition: Definition) -> None:
        """The schema is valid JSON Schema."""
        validator = _schema_validator()
        validator.check_schema(definition.input_schema)

    def test_input_schema_accepts_the_examples(self, performed: Action[Any] | DataSource[Any]) -> None:
        """The schema agrees with the model."""
        validator = _schema_validator()(performed.input_schema)
        for key, inputs in _example_values(performed):
            errors = [error.message for error in validator.iter_errors(inputs)]
            _expect(not errors, performed, f"has a schema that rejects its input {key}: {errors}", "Use native types.")

    def test_example_replays(self, replayed: Action[Any]) -> None:
        """An API that returns the body of the example makes the action return the example."""
        with Harness(self.component) as harness:
            expected = harness.respond_with_example(replayed.key, repeat=True)
            payload = harness.invoke(replayed.key, example_inputs(replayed))
        hint = "Correct one of them, or add the action to not_replayed."
        _expect(payload == expected, replayed, f"returned {payload!r}, but its example is {expected!r}", hint)

    def test_effect_matches_the_requests(self, replayed: Action[Any]) -> None:
        """A policy can rely on the effect: a read sends only methods that change nothing."""
        with Harness(self.component) as harness:
            harness.respond_with_example(replayed.key, repeat=True)
            inputs = example_inputs(replayed)
            harness.invoke(replayed.key, inputs)
        reads = replayed.effect_of(replayed.inputs.from_values(inputs)) == "read"
        methods = {request.method for request in harness.requests}
        text = f'declares effect "{replayed.effect}" but sends {", ".join(sorted(methods))}'
        _expect(reads == (methods <= SAFE_METHODS), replayed, text, "Correct its effect.")

    def _subjects(self) -> dict[str, list[Any]]:
        actions, sources = list(self.component.actions.values()), list(self.component.data_sources.values())
        return {
            "definition": definitions(self.component),
            "performed": [*actions, *sources],
            "replayed": [action for action in actions if action.has_example and action.key not in self.not_replayed],
        }


def _expect(holds: object, definition: Definition, text: str, hint: str) -> None:
    if not holds:
        msg = f"{definition.key} {text}. {hint} ({definition.location})"
        raise AssertionError(msg)


def _example_values(definition: Action[Any] | DataSource[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each input's key, with its example or one of its choices among the required inputs."""
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
