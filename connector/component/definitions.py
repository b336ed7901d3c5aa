"""The vocabulary of a component: action, data source, connection, and the decorators that declare them.

A decorated function becomes a definition object; loading the component finds it in its module, so there is no
list to keep. What exists, with its label and description, the manifest says; the code says how.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from connector.component.inputs import Inputs
from connector.errors import ComponentError, Problem

if TYPE_CHECKING:
    from connector.component.api_description import Operation
    from connector.component.context import Context
    from connector.rest import Endpoint

Payload = dict[str, Any]
"""`{"data": <the API's response body>}`."""

Effect = Literal["read", "write", "destructive"]
"""What an action does to the service: `destructive` is a write that takes something away."""

InputsT = TypeVar("InputsT", bound=Inputs)
InputsT_contra = TypeVar("InputsT_contra", bound=Inputs, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How a definition is shown to people."""

    label: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How an action that lists is walked from page to page.

    Attributes:
        records: JSONPath of the list of records in a payload.
        cursor: JSONPath of the next page's cursor in a payload; absent on the last page.
        total: JSONPath of the number of all records in a payload; empty if a payload does not say.
        cursor_input: Field of the inputs that takes the cursor.
        size_input: Field of the inputs that takes the number of records a page.
        all_input: Field of the inputs that asks for every page in one payload.
        size: Records a page when walking.
    """

    records: str
    cursor: str
    total: str = ""
    cursor_input: str = "cursor"
    size_input: str = "count"
    all_input: str = "fetch_all"
    size: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """How to take back what an action created.

    Attributes:
        action: Key of the action of the same component that deletes it.
        inputs: Its inputs by key, each a dotted path into `{"inputs": what was given, "results": what was answered}`,
            such as `results.data.source.id`.
    """

    action: str
    inputs: Mapping[str, str]


class Perform(Protocol[InputsT_contra]):
    """The function of an action or data source: a few lines from typed inputs to a payload."""

    def __call__(self, context: Context, inputs: InputsT_contra, /) -> Payload:
        """Perform once."""


class _Definition(Generic[InputsT]):
    """What actions and data sources share: a key, a function, the type of its inputs, an example."""

    key: str
    perform: Perform[InputsT]
    inline_example: Payload | None = None
    example_file: Path | None = None

    @cached_property
    def inputs(self) -> type[InputsT]:
        """The model of the inputs: the type of the function's second parameter."""
        return typing.cast("type[InputsT]", _annotation(self.perform, 1))

    @property
    def location(self) -> str:
        """`file:line` of the function."""
        code = inspect.unwrap(self.perform).__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    @property
    def example(self) -> Payload | None:
        """An example payload, read when it is asked for; None without one.

        Raises:
            ComponentError: Its file holds no JSON.
        """
        if self.example_file is None:
            return self.inline_example
        try:
            return typing.cast("Payload", json.loads(self.example_file.read_text(encoding="utf-8")))
        except ValueError as error:
            text = f"the example payload is not JSON: {error}."
        problem = Problem(self.key, text, hint=f"Correct {self.example_file}.")
        raise ComponentError("an example payload cannot be read.", problems=[problem])

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the inputs, in native types and form order."""
        from connector.component.schema import input_schema

        return input_schema(self.inputs)


@dataclass(eq=False)
class Action(_Definition[InputsT]):
    """One thing that a component can do.

    Attributes:
        key: The documented camelCase key.
        perform: The function that does it.
        effect: What it does to the service, or a function that tells from the inputs.
        idempotent: Performing it twice leaves the same state as once.
        pagination: How to walk it, when it lists.
        operation_id: Key of the API's operation behind it, where it differs from the action's.
        display: Label and description; from the manifest unless a plugin brings the action.
        has_example: False for an action whose payload cannot be known.
        inline_example: The example payload of an action that a plugin brings.
        example_file: Where the component keeps the example payload.
        undo: How to delete what it creates; None when it creates nothing, or nothing that can be told from what was
            there before.
        prismatic_bug: What does not work in the platform's own component, if this action does not work there.
        api: The operations of the component's API; set when the component is loaded.
    """

    is_described: ClassVar[bool] = False
    """True for an action that is made from the API description alone."""

    key: str
    perform: Perform[InputsT]
    effect: Effect | Callable[[InputsT], Effect] = "read"
    idempotent: bool = False
    pagination: Pagination | None = None
    operation_id: str = ""
    display: Display | None = None
    has_example: bool = True
    inline_example: Payload | None = None
    example_file: Path | None = None
    undo: Undo | None = None
    prismatic_bug: str = ""
    api: Mapping[str, Operation] = field(default_factory=dict, repr=False)

    @property
    def operation(self) -> Operation | None:
        """The API's operation behind it, with the facts that the API states; None if the API describes none."""
        return self.api.get(self.operation_id or self.key)

    @property
    def resource(self) -> str:
        """What it is about: the name of the module that defines it."""
        return self.perform.__module__.rpartition(".")[2]

    @property
    def effect_depends_on_inputs(self) -> bool:
        """True when only the inputs tell what it does: it can do anything that the service can."""
        return callable(self.effect)

    def effect_of(self, inputs: InputsT) -> Effect:
        """What it does to the service with these inputs."""
        return self.effect(inputs) if callable(self.effect) else self.effect

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 that describes the payload, with every field that the API documents."""
        from connector.component.schema import output_schema

        return output_schema(self.example, self.operation.response_schema if self.operation else None)


@dataclass(eq=False)
class DataSource(_Definition[InputsT]):
    """A list of choices for an input: `{"result": [{"label", "key"}]}`."""

    key: str
    perform: Perform[InputsT]
    display: Display | None = None
    inline_example: Payload | None = None
    example_file: Path | None = None


@dataclass(eq=False)
class ConnectionDefinition(Generic[InputsT]):
    """How to get from credentials to the service.

    Attributes:
        key: The documented camelCase key.
        connect: From the connection's fields, and what the action asks for under the same keys, to an endpoint.
        environment: Prefix of the environment variables that the command line reads, one a field.
        test: Asks the service who the credentials belong to.
        display: Label and description, from the manifest.
    """

    key: str
    connect: Callable[[InputsT, Mapping[str, Any]], Endpoint]
    environment: str = ""
    test: Callable[[Context, InputsT], Payload] | None = None
    display: Display | None = None

    @cached_property
    def fields(self) -> type[InputsT]:
        """The model of the connection's fields: the type of the factory's first parameter."""
        return typing.cast("type[InputsT]", _annotation(self.connect, 0))

    @property
    def location(self) -> str:
        """`file:line` of the factory."""
        code = inspect.unwrap(self.connect).__code__
        return f"{code.co_filename}:{code.co_firstlineno}"

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the connection's fields."""
        from connector.component.schema import input_schema

        return input_schema(self.fields)


def action(
    key: str,
    *,
    effect: Effect | Callable[[InputsT], Effect] = "read",
    idempotent: bool | None = None,
    pagination: Pagination | None = None,
    operation: str = "",
    display: Display | None = None,
    example: Payload | None = None,
    has_example: bool = True,
    undo: Undo | None = None,
    prismatic_bug: str = "",
) -> Callable[[Perform[InputsT]], Action[InputsT]]:
    """Declare a function `(context, inputs) -> Payload` as the action with this key; see `Action`.

    Reads are idempotent unless told otherwise, writes are not.
    """

    def declare(perform: Perform[InputsT]) -> Action[InputsT]:
        repeatable = effect == "read" if idempotent is None else idempotent
        return Action(
            key,
            perform,
            effect,
            repeatable,
            pagination,
            operation,
            display,
            has_example,
            example,
            undo=undo,
            prismatic_bug=prismatic_bug,
        )

    return declare


def data_source(key: str) -> Callable[[Perform[InputsT]], DataSource[InputsT]]:
    """Declare a function `(context, inputs) -> {"result": [...]}` as the data source with this key."""
    return lambda perform: DataSource(key, perform)


def connection(
    key: str,
    *,
    environment: str = "",
    test: Callable[[Context, InputsT], Payload] | None = None,
) -> Callable[[Callable[[InputsT, Mapping[str, Any]], Endpoint]], ConnectionDefinition[InputsT]]:
    """Declare a function `(fields, asked) -> Endpoint` as the connection with this key."""
    return lambda connect: ConnectionDefinition(key, connect, environment, test)


def picklist(records: Iterable[Any], *labels: str, key: str = "id") -> Payload:
    """`{"result": [{"label", "key"}]}` from records, sorted by label.

    Args:
        records: Objects as an API lists them; one without a key is left out.
        labels: Dotted paths into a record; the first that leads to something is its label, else its key is.
        key: Field that holds the key.

    Equal keys count once; equal labels get their key as a suffix so that a person can choose.
    """
    label_of: dict[str, str] = {}
    for record in records:
        found = _text_at(record, key)
        if found:
            label_of.setdefault(found, next(filter(None, (_text_at(record, path) for path in labels)), found))
    while len(set(label_of.values())) < len(label_of):
        shared = Counter(label_of.values())
        label_of = {key: label if shared[label] == 1 else f"{label} ({key})" for key, label in label_of.items()}
    ordered = sorted(label_of.items(), key=lambda pair: (pair[1].casefold(), pair[1], pair[0]))
    return {"result": [{"label": label, "key": key} for key, label in ordered]}


def _text_at(record: Any, path: str) -> str:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return "" if record is None or isinstance(record, dict | list) else str(record)


def _annotation(function: Callable[..., Any], position: int) -> Any:
    name = list(inspect.signature(function).parameters)[position]
    found = function.__annotations__.get(name)
    return typing.get_type_hints(function)[name] if isinstance(found, str) else found
