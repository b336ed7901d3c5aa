"""What a handler sends, found out by performing it.

Every input is a marker, and the client records the request. Where a marker turns up, in path, query, or body, is the
row of the table. The row is then evaluated for the required inputs alone, with each optional input, and with all, and
must give what the handler gives.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from pydantic import MISSING

from connector.component.definitions import Action, DataSource, Payload
from connector.component.schema import input_schema
from connector.rest import HttpClient, Request, Response

Row = dict[str, Any]

_MARKER = re.compile("\u00ab(\\w+)(\\.\\d)?\u00bb")
_QUERY_TYPES = {"string", "integer", "array"}


class InexpressibleError(Exception):
    """A definition does something that no table can express; the message says what."""


class _Request(NamedTuple):
    method: str
    path: tuple[str, ...]
    query: dict[str, Any]
    body: Any
    media_type: str | None
    content_type: str | None


class _Recorder(HttpClient):
    """Stands for `context.api`, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[_Request] = []
        self.payload: Payload = {"data": {}}

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        media_type: str | None = None,
        content_type: str | None = None,
    ) -> Payload:
        """Record a request."""
        if form is not None:
            raise InexpressibleError("it sends a form")
        self.requests.append(_Request(method, path, dict(query or {}), json, media_type, content_type))
        return self.payload

    def send(self, request: Request) -> Response:
        """Reject a request that the handler writes itself, or whose headers it reads."""
        raise InexpressibleError("it sends a request other than by get, post, put, patch, or delete")


def operation(action: Action[Any]) -> Row:
    """Return what an action sends, as a row of the table.

    Raises:
        InexpressibleError: If it is not one request whose response is the payload, made of the inputs alone.
    """
    return _Probe(action).row()


class _Probe:
    """One action with markers as its inputs, two in a list."""

    def __init__(self, action: Action[Any]) -> None:
        self._action = action
        self._model = action.inputs
        self._schema = input_schema(action.inputs)["properties"]
        self._required = action.inputs.required_keys()
        self._markers = {key: self._marker(key) for key in self._schema}

    def row(self) -> Row:
        every = set(self._markers)
        row = self._row(self._sent(every), self._sent(self._required))
        for key in row.get("query", {}).values():
            if self._schema[key].get("type") not in _QUERY_TYPES:
                raise InexpressibleError(f'the input "{key}" of its query is neither a string, an integer, nor a list')
        for optional in [set(), *({key} for key in sorted(every - self._required)), every]:
            keys = self._required | optional
            if self._evaluated(row, keys) != self._sent(keys):
                raise InexpressibleError("its request depends on more than which inputs are set")
        return row

    def _marker(self, key: str) -> Any:
        is_list = self._schema[key].get("type") == "array"
        return [f"\u00ab{key}.{position}\u00bb" for position in range(2)] if is_list else f"\u00ab{key}\u00bb"

    def _sent(self, keys: Collection[str]) -> _Request:
        """Return the request of the action if these inputs are set."""
        fields = {name: info.alias or name for name, info in self._model.model_fields.items()}
        values = {name: self._markers[key] if key in keys else MISSING for name, key in fields.items()}
        recorder = _Recorder()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydantic's: the markers have other types than the fields
            try:
                inputs = self._model.model_construct(**values)
                payload = self._action.perform(SimpleNamespace(api=recorder), inputs)  # type: ignore[arg-type]
            except InexpressibleError:
                raise
            except Exception as error:
                reason = f"it needs more than its inputs and context.api ({type(error).__name__}: {error})"
                raise InexpressibleError(reason) from error
        if len(recorder.requests) != 1 or payload is not recorder.payload or payload != {"data": {}}:
            raise InexpressibleError("it is not one request whose response is the payload")
        return recorder.requests[0]

    def _row(self, request: _Request, least: _Request) -> Row:
        segments = [re.sub(_MARKER, r"{\1}", segment) for segment in request.path]
        query: dict[str, str] = {}
        defaults: dict[str, Any] = {}
        for name, value in request.query.items():
            match = _MARKER.fullmatch(str(value))
            column = re.sub(r"\.\d$", ".#", name) if match and match[2] else name
            query[column] = self._key_of(value)
            if name in least.query and query[column] not in self._required:
                defaults[column] = least.query[name]
        row: Row = {
            "method": request.method,
            "path": "/" + "/".join(segments),
            "query": query,
            "defaults": defaults,
            "mediaType": request.media_type,
            "contentType": request.content_type,
        }
        row = {name: value for name, value in row.items() if value}
        return row if request.body is None else row | self._body(request.body)

    def _body(self, body: Any) -> Row:
        if not isinstance(body, dict):
            raise InexpressibleError("its body is not an object")
        wrapper = next(iter(body)) if len(body) == 1 and isinstance(next(iter(body.values())), dict) else None
        fields = body[wrapper] if wrapper else body
        row: Row = {"body": {name: self._key_of(value) for name, value in fields.items()}}
        return {**row, "wrapper": wrapper} if wrapper else row

    def _key_of(self, value: Any) -> str:
        """Return the key of the input whose marker a value is."""
        match = _MARKER.fullmatch(str(value[0] if isinstance(value, list) and value else value))
        if match is None or (not match[2] and value != self._markers[match[1]]):
            raise InexpressibleError(f"it sends a value that is not one of its inputs: {value!r}")
        return match[1]

    def _evaluated(self, row: Row, keys: Collection[str]) -> _Request:
        """Return the request that the runtime makes of a row."""
        segments = row["path"].split("/")[1:]
        path = tuple(re.sub(r"^\{(.*)\}$", "\u00ab\\1\u00bb", segment) for segment in segments)
        body = None
        if "body" in row:
            body = {name: self._markers[key] for name, key in row["body"].items() if key in keys}
            body = {row["wrapper"]: body} if "wrapper" in row else body
        query = dict(self._evaluated_query(row, keys))
        return _Request(row["method"], path, query, body, row.get("mediaType"), row.get("contentType"))

    def _evaluated_query(self, row: Row, keys: Collection[str]) -> Iterator[tuple[str, Any]]:
        for name, key in row.get("query", {}).items():
            if key not in keys:
                if name in row.get("defaults", {}):
                    yield name, row["defaults"][name]
            elif isinstance(self._markers[key], list):
                for position, marker in enumerate(self._markers[key]):
                    yield name.replace("#", str(position)), marker
            else:
                yield name, self._markers[key]


class _Record(dict[str, Any]):
    """A record that notes which of its fields are read; only the first one, its key, has a value."""

    def __init__(self, reads: list[str], path: str = "") -> None:
        super().__init__()
        self._reads = reads
        self._path = path

    def get(self, name: str, _default: Any = None) -> Any:
        """Note a read, which replaces the one of the object above."""
        path = f"{self._path}.{name}".removeprefix(".")
        if self._path in self._reads:
            self._reads.remove(self._path)
        if path not in self._reads:
            self._reads.append(path)
        return "key" if len(self._reads) == 1 else _Record(self._reads, path)


def choices(source: DataSource[Any]) -> Row:
    """Return which list action a data source reads, and which fields of its records are key and labels.

    Raises:
        InexpressibleError: If it does more than that.
    """
    reads: list[str] = []
    lists: list[tuple[str, Any]] = []

    def records(key: str, inputs: Any) -> list[_Record]:
        lists.append((key, inputs))
        return [_Record(reads)]

    inputs = source.inputs.model_construct()
    try:
        payload = source.perform(SimpleNamespace(records=records), inputs)  # type: ignore[arg-type]
    except Exception as error:
        reason = f"it needs more than its inputs and context.records ({type(error).__name__}: {error})"
        raise InexpressibleError(reason) from error
    if len(lists) != 1 or lists[0][1] is not inputs or payload != {"result": [{"label": "key", "key": "key"}]}:
        raise InexpressibleError("it is not the picklist of one list action")
    return {"list": lists[0][0], "id": reads[0], "labels": reads[1:]}
