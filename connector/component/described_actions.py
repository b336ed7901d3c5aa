"""Actions that are made from the API description: the operations that have no handler of their own.

An action is made when its key is looked up, and the model of its inputs when they are first used. Parameters of the
path, fields of the body and the query are inputs of one level; objects and lists are JSON inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from connector.component.definitions import Action, Display, Effect, Pagination, Payload, Undo
from connector.component.described_requests import ListRequest, OperationRequest
from connector.component.inputs import Inputs
from connector.component.json_schema import sample

if TYPE_CHECKING:
    from connector.component.api_description import ApiDescription, Operation

EFFECTS: dict[str, Effect] = {"GET": "read", "HEAD": "read", "PUT": "destructive", "DELETE": "destructive"}
"""Effect by method; any other method writes. A replacement deletes what the new value lacks."""

LARGEST_PAGE = 200
"""Records per page when all pages are fetched, where the operation allows it."""

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, kw_only=True)
class OperationNotes:
    """What a component says of the operations of its API, beside the facts.

    Attributes:
        inputs: What the inputs of all operations share.
        comments: Help by name of an input, nested ones included.
        effects: Effect and repeatability by operation, where the method does not show them.
        pagination: How to iterate over the pages of a list, by operation. `cursor_input` and `size_input` are keys of
            inputs; the other inputs of a list are added.
        secrets: Names of inputs whose values are never shown, where the API description does not say so.
    """

    inputs: type[Inputs] = Inputs
    comments: Mapping[str, str] = field(default_factory=dict)
    effects: Mapping[str, tuple[Effect, bool]] = field(default_factory=dict)
    pagination: Mapping[str, Pagination] = field(default_factory=dict)
    secrets: Collection[str] = ()


@dataclass(eq=False, kw_only=True)
class DescribedAction(Action[Any]):
    """An action that is made from the API description alone."""

    is_described: ClassVar[bool] = True

    described: Operation
    notes: OperationNotes
    by_default: bool = False

    @property
    def operation(self) -> Operation:
        """The operation that it performs."""
        return self.described

    @property
    def resource(self) -> str:
        """What it is about: the tag of the operation."""
        return self.described.tag.replace("-", "_")

    @property
    def is_documented(self) -> bool:
        """True if the component offers all its operations by default."""
        return self.by_default

    @property
    def location(self) -> str:
        """The operation in the API description."""
        return f"{self.described.method} {self.described.path}"

    @cached_property
    def inputs(self) -> type[Any]:
        """The model of the inputs."""
        from connector.component.described_inputs import inputs_of

        return inputs_of(self.described, self.notes, self.pagination)

    @property
    def example(self) -> Payload:
        """A payload that is made from the schema of the response."""
        body = sample(self.described.response_schema)
        is_linked = self.pagination is not None and self.pagination.style == "link"
        return {"data": {"records": body} if is_linked else body}

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the payload, with every field that the API documents."""
        from connector.component.schema import output_schema

        return output_schema(self.example, payload_schema(self))


class DescribedActions(Mapping[str, Action[Any]]):
    """Described actions by key; each is made when it is looked up for the first time.

    Args:
        api: The API description.
        notes: What the component says beside it.
        actions: The hand-made actions; their operations are left out, and they may undo what a described one creates.
        by_default: Whether they are offered like handwritten actions.
    """

    def __init__(
        self,
        api: ApiDescription,
        notes: OperationNotes,
        actions: Mapping[str, Action[Any]],
        *,
        by_default: bool = False,
    ) -> None:
        self._api = api
        self._by_default = by_default
        self._notes = notes
        self._hand_made = {action.operation_id or key: action for key, action in actions.items()}
        self._keys = [key for key in api if key not in self._hand_made and key not in actions]
        self._known = frozenset(self._keys)
        self._made: dict[str, DescribedAction] = {}

    def __getitem__(self, key: str) -> DescribedAction:
        if key not in self._made:
            if key not in self._known:
                raise KeyError(key)
            self._made[key] = self._make(self._api[key])
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def _make(self, operation: Operation) -> DescribedAction:
        method = operation.method
        by_method = (EFFECTS.get(method, "write"), method in REPEATABLE)
        effect, repeatable = self._notes.effects.get(operation.id, by_method)
        noted = self._notes.pagination.get(operation.id)
        pagination = _pagination(operation) if noted is None else _of_fields(noted)
        return DescribedAction(
            key=operation.id,
            perform=(ListRequest if pagination and pagination.style == "link" else OperationRequest)(operation),
            effect=effect,
            idempotent=repeatable,
            pagination=pagination,
            display=Display(label=operation.summary, description=_description(operation)),
            undo=self._undo(operation) if method == "POST" else None,
            described=operation,
            notes=self._notes,
            by_default=self._by_default,
        )

    def _undo(self, created: Operation) -> Undo | None:
        """Return how to delete what an operation creates: by DELETE of the same path and parameters below it."""
        for deletion in self._api.values():
            below = deletion.path.removeprefix(f"{created.path}/").split("/")
            if deletion.method == "DELETE" and all(part.startswith("{") for part in below):
                inputs = _undo_inputs(created, deletion)
                if inputs is not None:
                    hand_made = self._hand_made.get(deletion.id)
                    return Undo(action=hand_made.key if hand_made else deletion.id, inputs=inputs)
        return None


def _undo_inputs(created: Operation, deletion: Operation) -> dict[str, str] | None:
    """Return where each required input of the deletion is found; None if one of them is nowhere."""
    data = created.response_schema.get("properties", {}).get("data", {}).get("properties", {})
    roots = {key: schema.get("properties", {}) for key, schema in data.items() if schema.get("type") == "object"}
    if len(roots) != 1:
        return None
    [(root, fields)] = roots.items()
    in_path = {parameter.name for parameter in created.parameters if parameter.in_path}
    missing = [parameter for parameter in deletion.parameters if parameter.required and parameter.name not in in_path]
    inputs = {name: f"inputs.{name}" for name in in_path}
    for parameter in missing:
        name = "id" if _is_id_of(root, parameter.name) else parameter.name
        if name not in fields:
            return None
        inputs[parameter.name] = f"results.data.{root}.{name}"
    return inputs


def _is_id_of(root: str, parameter: str) -> bool:
    """Return whether a parameter is the id of a record, as `modelId` is of a `reverseEtlModel`."""
    noun = parameter.removesuffix("Id").casefold()
    return parameter == "id" or (parameter.endswith("Id") and root.casefold().endswith(noun))


def _of_fields(pagination: Pagination) -> Pagination:
    """Return a pagination that names fields of the model of inputs instead of keys."""
    from connector.component.described_inputs import LINK

    size = f"{pagination.size_input}_"
    if pagination.style == "link":
        # The places of records and link follow from the style; to pass them would be an error.
        return replace(pagination, records="", cursor="", cursor_input=LINK, size_input=size)
    return replace(pagination, cursor_input=f"{pagination.cursor_input}_", size_input=size)


def payload_schema(action: DescribedAction) -> dict[str, Any]:
    """Return the schema of the data in the payload of an action."""
    body = action.described.response_schema
    if action.pagination is None or action.pagination.style != "link":
        return body
    return {"type": "object", "properties": {"records": body, "next": {"type": "string"}}}


def _pagination(operation: Operation) -> Pagination | None:
    facts = operation.pagination
    if not facts:
        return None
    size = min(LARGEST_PAGE, int(facts.get("most", LARGEST_PAGE)))
    page = f"$.data.data.{facts['next'].rpartition('.')[0]}"
    return Pagination(
        records=f"$.data.data.{facts['records']}",
        cursor=f"$.data.data.{facts['next']}",
        total=f"{page}.totalEntries",
        size=size,
    )


def _description(operation: Operation) -> str:
    text = operation.description
    sentences = [text if text.endswith((".", "!", "?")) else f"{text}."] if text else []
    sentences += [f"{operation.method} {operation.path}."]
    sentences += [f"Requires the {operation.feature} feature."] if operation.feature else []
    sentences += [f"Limit: {limit}." for limit in operation.rate_limits]
    sentences += [f"Ends on {operation.end}."] if operation.end else []
    return " ".join(sentences)
