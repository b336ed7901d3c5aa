"""The vocabulary of a component: action, data source, connection, and the decorators that declare them.

A decorated function becomes a definition object. Loading the component finds the object in its module, so there is no
list to maintain. The manifest says what exists, with label and description; the code says how.
"""

from __future__ import annotations

import inspect
import json
import typing
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
"""Effect of an action on the service; `destructive` is a write that deletes or removes something."""

InputsT = TypeVar("InputsT", bound=Inputs)
InputsT_contra = TypeVar("InputsT_contra", bound=Inputs, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Label and description of a definition."""

    label: str
    description: str = ""


PaginationStyle = Literal["cursor", "offset", "page", "link"]
"""How a request names the page that it wants; see `Pagination`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How to iterate over the pages of a list action.

    There are four styles. Each request names its page by the input `cursor_input`:

    - `cursor`: by what `cursor` finds in the payload before. The list ends where nothing is there.
    - `link`: by the `Link` header of the response before, which `context.api.get_page` puts into the payload. The list
      ends where no link is called `next`.
    - `offset`: by the number of records before it, from 0.
    - `page`: by its number, from `first_page`.

    A list in the style `offset` or `page` ends where `total` says so, at a page without records, and, with
    `ends_at_short_page`, at a page that has fewer records than requested. Declare that only for a service that never
    returns fewer records than requested before the end.

    Attributes:
        records: JSONPath of the list of records in a payload. Not for the style `link`.
        style: How a request names the page that it wants.
        cursor: JSONPath of the next page's cursor in a payload. For the style `cursor` only.
        total: JSONPath of the number of all records in a payload; empty if a payload does not say.
        cursor_input: Field of the inputs that takes the cursor, the link, the offset, or the number of the page.
        size_input: Field of the inputs that takes the number of records per page.
        all_input: Field of the inputs that requests every page in one payload.
        size: Records per page when iterating.
        max_empty_pages: Number of pages without a record in a row after which iterating ends with an error.
        first_page: Number of the first page, for the style `page`.
        ends_at_short_page: Whether a page with fewer records than requested is the last one.

    Raises:
        ValueError: If the style lacks an attribute, or has one that it does not use.
    """

    records: str = ""
    style: PaginationStyle = "cursor"
    cursor: str = ""
    total: str = ""
    cursor_input: str = "cursor"
    size_input: str = "count"
    all_input: str = "fetch_all"
    size: int = 200
    max_empty_pages: int = 100
    first_page: int = 1
    ends_at_short_page: bool = False

    def __post_init__(self) -> None:
        if self.style == "link":
            if self.records or self.cursor:
                raise ValueError('style "link" finds records and links itself; leave out records and cursor')
            object.__setattr__(self, "records", "$.data.records")  # the way to set a field of a frozen dataclass
            object.__setattr__(self, "cursor", "$.data.next")
        if not self.records:
            raise ValueError(f'style "{self.style}" needs records, the JSONPath of the list')
        if bool(self.cursor) != (self.style in {"cursor", "link"}):
            raise ValueError(f'style "{self.style}" {"has no" if self.cursor else "needs"} cursor')


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """How to undo an action.

    Attributes:
        action: Key of the action of the same component that deletes what this one created.
        inputs: Inputs of that action by key, each a dotted path into the inputs and the response of the action to undo,
            such as `inputs.parcelId` or `results.parcel.id`: `results` is the response body, which is `data` of the
            payload. `connector check` compares the paths with the example payload.
    """

    action: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A defect of an action in Prismatic's component that this component does not have.

    Attributes:
        prismatic: What Prismatic's component does, as a verb phrase.
        ours: What this component does, as a verb phrase.
        unset: Key of an input; the difference matters only if the input is not set.
        input: Key of an input; the difference matters only if the input is set.
    """

    prismatic: str
    ours: str
    unset: str = ""
    input: str = ""


class Perform(Protocol[InputsT_contra]):
    """The function of an action or data source: a few lines from typed inputs to a payload."""

    def __call__(self, context: Context, inputs: InputsT_contra, /) -> Payload:
        """Perform once."""


class _Displayed:
    """What all definitions share: a key, and a label and a description for people."""

    key: str
    display: Display | None

    @property
    def label(self) -> str:
        """Label; the key, if it has no label."""
        return self.display.label if self.display else self.key

    @property
    def description(self) -> str:
        """Description; empty if it has none."""
        return self.display.description if self.display else ""


class _Definition(_Displayed, Generic[InputsT]):
    """What actions and data sources share: a function, the type of its inputs, an example."""

    perform: Perform[InputsT]
    inline_example: Payload | None = None
    example_file: Path | None = None

    @cached_property
    def inputs(self) -> type[InputsT]:
        """Model of the inputs: the type of the function's second parameter."""
        return typing.cast("type[InputsT]", _annotation(self.perform, 1))

    @property
    def location(self) -> str:
        """`file:line` of the function."""
        return location_of(self.perform)

    @property
    def example(self) -> Payload | None:
        """Example payload, loaded on each access; None without one.

        Raises:
            ComponentError: If the example file is not JSON.
        """
        if self.example_file is None:
            return self.inline_example
        try:
            return typing.cast("Payload", json.loads(self.example_file.read_text(encoding="utf-8")))
        except ValueError as error:
            text = f"the example payload is not JSON: {error}"
        problem = Problem(self.key, text, hint=f"Correct {self.example_file}.")
        raise ComponentError("invalid example payload", problems=[problem])

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the inputs, in native types and form order."""
        from connector.component.schema import input_schema

        return input_schema(self.inputs)


@dataclass(eq=False)
class Action(_Definition[InputsT]):
    """One action of a component.

    Attributes:
        key: Documented camelCase key.
        perform: Function of the action.
        effect: Effect on the service, or a function that returns the effect of given inputs.
        idempotent: True if performing the action twice leaves the same state as once.
        pagination: How to iterate over the pages of a list action.
        operation_id: Key of the API's operation, if it differs from the action's key.
        display: Label and description; from the manifest unless a plugin registers the action.
        has_example: False for an action whose payload cannot be known in advance.
        inline_example: Example payload of an action that a plugin registers.
        example_file: File of the example payload in the component's folder.
        undo: How to delete what the action creates; None if it creates nothing, or if the payload does not show
            whether the object is new.
        branches: Names of the branches of an action that branches; its payload names one of them as `branch`.
        in_prismatic: False for an action that Prismatic's component lacks.
        prismatic_bug: Known bug of this action in Prismatic's component, which keeps it from working.
        differences: What else this action does differently from Prismatic's component.
        api: Returns the operations of the component's API; set when the component is loaded.
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
    branches: tuple[str, ...] = ()
    in_prismatic: bool = True
    prismatic_bug: str = ""
    differences: tuple[Difference, ...] = ()
    api: Callable[[], Mapping[str, Operation]] = field(default=dict, repr=False)

    @property
    def is_documented(self) -> bool:
        """True if it is in lists and offered to callers unless more is asked for."""
        return True

    @property
    def operation(self) -> Operation | None:
        """The API's operation behind it, with the facts that the API states; None if the API describes none."""
        return self.api().get(self.operation_id or self.key)

    @property
    def resource(self) -> str:
        """What it is about: the name of the module that defines it."""
        return self.perform.__module__.rpartition(".")[2]

    performs_actions: ClassVar[bool] = False
    """False: an action sends its requests itself, where a data source may perform actions instead."""

    @property
    def effect_depends_on_inputs(self) -> bool:
        """True if the effect depends on the inputs, as for a raw request."""
        return callable(self.effect)

    @property
    def may_be_destructive(self) -> bool:
        """True if the effect is destructive, or depends on the inputs."""
        return self.effect_depends_on_inputs or self.effect == "destructive"

    def effect_of(self, inputs: InputsT) -> Effect:
        """Return the effect on the service with these inputs."""
        return self.effect(inputs) if callable(self.effect) else self.effect

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the payload, with every field that the API documents."""
        from connector.component.schema import output_schema

        return output_schema(self.example, self.operation.response_schema if self.operation else None)


@dataclass(eq=False)
class DataSource(_Definition[InputsT]):
    """A list of choices for an input: `{"result": [{"label", "key"}]}`.

    Attributes:
        key: Documented camelCase key.
        perform: Function of the data source.
        display: Label and description; from the manifest unless a plugin registers the data source.
        inline_example: Example payload of a data source that a plugin registers.
        example_file: File of the example payload in the component's folder.
        in_prismatic: False for a data source that Prismatic's component lacks.
    """

    key: str
    perform: Perform[InputsT]
    display: Display | None = None
    inline_example: Payload | None = None
    example_file: Path | None = None
    in_prismatic: bool = True

    type: ClassVar[str] = "picklist"
    """Prismatic's type of data source."""

    # Hooks and policies treat a data source like an action that reads.
    performs_actions: ClassVar[bool] = True
    is_described: ClassVar[bool] = False
    operation: ClassVar[None] = None
    effect: ClassVar[Effect] = "read"
    effect_depends_on_inputs: ClassVar[bool] = False
    idempotent: ClassVar[bool] = True
    pagination: ClassVar[None] = None

    @property
    def is_documented(self) -> bool:
        """True, as for an action."""
        return True

    def effect_of(self, _inputs: InputsT) -> Effect:
        """Return `read`."""
        return self.effect


@dataclass(eq=False)
class ConnectionDefinition(_Displayed, Generic[InputsT]):
    """How to get from credentials to the service.

    Attributes:
        key: Documented camelCase key.
        connect: Function from the connection's fields, and the inputs of the call that have the key of a field, to an
            endpoint.
        environment: Prefix of the environment variables that the command line reads, one per field.
        test: Function that returns the owner of the credentials.
        display: Label and description, from the manifest.
        has_sandbox: True if the component has a local sandbox to use without credentials.
    """

    key: str
    connect: Callable[[InputsT, Mapping[str, Any]], Endpoint]
    environment: str = ""
    test: Callable[[Context, InputsT], Payload] | None = None
    display: Display | None = None
    has_sandbox: bool = False

    @cached_property
    def fields(self) -> type[InputsT]:
        """Model of the connection's fields: the type of the function's first parameter."""
        return typing.cast("type[InputsT]", _annotation(self.connect, 0))

    @property
    def location(self) -> str:
        """`file:line` of the function."""
        return location_of(self.connect)

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
    branches: Iterable[str] = (),
    in_prismatic: bool = True,
    prismatic_bug: str = "",
    differences: Iterable[Difference] = (),
) -> Callable[[Perform[InputsT]], Action[InputsT]]:
    """Declare a function `(context, inputs) -> Payload` as the action with this key; see `Action`.

    Reads are idempotent by default, writes are not.
    """

    def declare(perform: Perform[InputsT]) -> Action[InputsT]:
        return Action(
            key=key,
            perform=perform,
            effect=effect,
            idempotent=effect == "read" if idempotent is None else idempotent,
            pagination=pagination,
            operation_id=operation,
            display=display,
            has_example=has_example,
            inline_example=example,
            undo=undo,
            branches=tuple(branches),
            in_prismatic=in_prismatic,
            prismatic_bug=prismatic_bug,
            differences=tuple(differences),
        )

    return declare


def data_source(
    key: str, *, display: Display | None = None, example: Payload | None = None, in_prismatic: bool = True
) -> Callable[[Perform[InputsT]], DataSource[InputsT]]:
    """Declare a function `(context, inputs) -> {"result": [...]}` as the data source with this key."""
    return lambda perform: DataSource(key, perform, display, example, in_prismatic=in_prismatic)


def connection(
    key: str,
    *,
    environment: str = "",
    test: Callable[[Context, Any], Payload] | None = None,
) -> Callable[[Callable[[InputsT, Mapping[str, Any]], Endpoint]], ConnectionDefinition[InputsT]]:
    """Declare a function `(fields, requested) -> Endpoint` as the connection with this key.

    `requested` holds the inputs of the call that have the key of a field, such as `region`.
    """
    return lambda connect: ConnectionDefinition(key, connect, environment, test)


def location_of(function: Callable[..., Any]) -> str:
    """Return `file:line` of a function, below its decorators."""
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def _annotation(function: Callable[..., Any], position: int) -> Any:
    name = list(inspect.signature(function).parameters)[position]
    annotation = function.__annotations__.get(name)
    # `typing.get_type_hints` evaluates the whole signature, which may name types that are imported for checkers only.
    # So it is asked only where `from __future__ import annotations` made the annotation a string.
    return typing.get_type_hints(function)[name] if isinstance(annotation, str) else annotation
