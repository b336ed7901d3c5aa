"""Steps of the component collection-tools: lists and objects."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from connector.common.value_paths import parse_path
from connector.errors import UsageError
from connector.flows.steps.built_in import BuiltIn, Inputs, pure
from connector.flows.steps.script_steps import ENGINE, SCHEMAS, run_function, validate_schema
from connector.flows.steps.step_call import StepCall, StepRunner
from connector.flows.steps.step_values import (
    finite_number,
    list_in,
    number_in,
    object_in,
    pairs_in,
    short_number,
    text_in,
)
from connector.flows.values.javascript import parse_json, strictly_equal

MAX_CHUNK_SIZE = 1_000_000

AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "AVERAGE": statistics.fmean,
    "COUNT": len,
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "PRODUCT": math.prod,
    "MEDIAN": statistics.median,
}


def _create_object(inputs: Inputs) -> dict[str, Any]:
    return pairs_in(inputs, "keyValueInput")


def _add_key(inputs: Inputs) -> dict[str, Any]:
    return _with_members(inputs, {text_in(inputs, "key"): inputs.get("value")})


def _add_keys(inputs: Inputs) -> dict[str, Any]:
    return _with_members(inputs, {**pairs_in(inputs, "keyValueListInput"), **pairs_in(inputs, "dynamicFields")})


def _with_members(inputs: Inputs, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the input `object` with more members, at the path `objectPath` if there is one."""
    result = object_in(inputs, "object")
    holder, path = result, text_in(inputs, "objectPath")
    for segment in parse_path(path) if path else ():
        member = holder.get(segment)
        holder[segment] = dict(member) if isinstance(member, Mapping) else {}
        holder = holder[segment]
    holder.update(members)
    return result


def _first(inputs: Inputs) -> Any:
    return next(iter(list_in(inputs, "listInput")), None)


def _last(inputs: Inputs) -> Any:
    return next(reversed(list_in(inputs, "listInput")), None)


def _length(inputs: Inputs) -> int:
    return len(list_in(inputs, "listInput"))


def _create(inputs: Inputs) -> list[Any]:
    return list_in(inputs, "items") if "items" in inputs else []


def _append(inputs: Inputs) -> dict[str, Any]:
    # The documented payload of this action alone is an object with the list.
    return {"list": [*list_in(inputs, "listInput"), inputs.get("elementInput")]}


def _chunks(inputs: Inputs) -> list[list[Any]]:
    items, size = list_in(inputs, "listInput"), _count(inputs, 1)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _take_first(inputs: Inputs) -> list[Any]:
    return list_in(inputs, "listInput")[: _count(inputs)]


def _take_last(inputs: Inputs) -> list[Any]:
    return list_in(inputs, "listInput")[-_count(inputs) :]


def _count(inputs: Inputs, default: float | None = None) -> int:
    number = number_in(inputs, "numberInput", default)
    if not 1 <= number <= MAX_CHUNK_SIZE or number != int(number):
        raise UsageError(f'"numberInput" must be an integer from 1 to {MAX_CHUNK_SIZE}, got {number}')
    return int(number)


def _flatten(inputs: Inputs) -> list[Any]:
    return [item for part in list_in(inputs, "listInput") for item in (part if isinstance(part, list) else [part])]


def _occurrences(inputs: Inputs) -> int:
    element = inputs.get("elementInput")
    return sum(strictly_equal(item, element) for item in list_in(inputs, "listInput"))


def _remove(inputs: Inputs) -> list[Any]:
    element = inputs.get("elementInput")
    return [item for item in list_in(inputs, "listInput") if not strictly_equal(item, element)]


def _filtered(runner: StepRunner, call: StepCall) -> list[Any]:
    items = list_in(call.inputs, "listInput")
    code = text_in(call.inputs, "filterCodeInput")
    if not code:
        return items
    body = "input.items.filter((item, index) => keep(item, index))"
    return list(run_function(runner, call, {"keep": code}, body, {"items": items}))


def _map(runner: StepRunner, call: StepCall) -> list[Any]:
    items = _filtered(runner, call)
    body = "input.items.map((item, index) => transform(item, index, input.context))"
    values = {"items": items, "context": call.inputs.get("contextInput")}
    return list(run_function(runner, call, {"transform": text_in(call.inputs, "transformCodeInput")}, body, values))


def _aggregate(runner: StepRunner, call: StepCall) -> float:
    name = text_in(call.inputs, "aggregateFunctionInput").upper()
    if name not in AGGREGATES:
        raise UsageError(f'"aggregateFunctionInput" must be one of {", ".join(AGGREGATES)}, got "{name}"')
    items = _filtered(runner, call)
    if name == "COUNT":
        return len(items)
    if not items:
        raise UsageError(f"{name} needs at least one number")
    return short_number(float(AGGREGATES[name]([finite_number(item, "listInput") for item in items])))


def _validate(runner: StepRunner, call: StepCall) -> bool:
    schema, value = (parse_json(call.inputs.get(key)) for key in ("jsonSchema", "jsonInput"))
    validate_schema(runner, call, schema, value)
    return True


def _scripted(
    perform: Callable[[StepRunner, StepCall], Any],
    label: str,
    required: str,
    optional: str = "",
    *,
    needs: str = ENGINE,
) -> BuiltIn:
    keys = frozenset(required.split())
    # Not pure: a function may use the time or random numbers, and a resumed run must see the same results.
    return BuiltIn(perform, label, keys | set(optional.split()), keys, needs=needs)


_STEPS: dict[str, BuiltIn] = {
    "createObject": pure(_create_object, "creates an object from keys and values", "", "keyValueInput"),
    "addKey": pure(_add_key, "adds a key to an object", "key object", "objectPath value"),
    "addMultipleKeys": pure(
        _add_keys, "adds keys to an object", "object", "keyValueListInput dynamicFields objectPath"
    ),
    "create": pure(_create, "creates a list", "", "items"),
    "first": pure(_first, "returns the first item of a list", "listInput"),
    "last": pure(_last, "returns the last item of a list", "listInput"),
    "length": pure(_length, "returns the number of items of a list", "listInput"),
    "append": pure(_append, "adds an item to a list", "listInput", "elementInput"),
    "remove": pure(_remove, "removes every item that equals an element", "listInput", "elementInput"),
    "count": pure(_occurrences, "counts the items that equal an element", "listInput", "elementInput"),
    "chunks": pure(_chunks, "splits a list into lists of a size", "listInput", "numberInput"),
    "takeFirst": pure(_take_first, "returns the first items of a list", "listInput numberInput"),
    "takeLast": pure(_take_last, "returns the last items of a list", "listInput numberInput"),
    "flatten": pure(_flatten, "joins a list of lists", "listInput"),
    "filter": _scripted(_filtered, "returns the items that a function keeps", "listInput filterCodeInput"),
    "map": _scripted(
        _map,
        "returns what a function makes of each item",
        "listInput transformCodeInput",
        "filterCodeInput contextInput",
    ),
    "aggregate": _scripted(
        _aggregate, "computes a number from a list", "listInput aggregateFunctionInput", "filterCodeInput"
    ),
    "validateJsonSchema": _scripted(
        _validate, "fails if a value does not match a JSON Schema", "jsonInput jsonSchema", needs=SCHEMAS
    ),
}

STEPS = {f"collection-tools.{key}": step for key, step in _STEPS.items()}
