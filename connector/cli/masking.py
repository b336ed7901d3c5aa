"""Inputs and requests as they may be shown: every secret in them replaced by stars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import SecretStr

from connector.common.redaction import STARS, hide

if TYPE_CHECKING:
    from connector.component.inputs import Inputs
    from connector.rest import Endpoint, Request

SHORTEST = 4
"""Secrets with fewer characters are not searched for inside of other texts, which they would shred."""


class Mask:
    """The secrets of some inputs and of the endpoint that they go to."""

    def __init__(self, inputs: Inputs, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        given = inputs.model_dump()
        markers = inputs.definitions()
        self.keys = {key for key, marker in markers.items() if marker.secret or marker.type == "password"}
        self.secrets = {leaf for key in self.keys for leaf in _leaves(given.get(key))}
        self.inputs = {key: STARS if key in self.keys else value for key, value in given.items()}

    def text(self, text: str) -> str:
        """The text with stars for each secret in it."""
        texts = [secret for secret in self.secrets if isinstance(secret, str) and len(secret) >= SHORTEST]
        return str(self.endpoint.redact(hide(text, [*texts, *(quote(secret, safe="") for secret in texts)])))

    def value(self, value: Any) -> Any:
        """A JSON value with stars for each secret leaf."""
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, bool) and value is not None and value in self.secrets:
            return STARS
        return self.text(value) if isinstance(value, str) else value

    def request(self, request: Request) -> dict[str, Any]:
        """A request as JSON: `{"method", "url", "headers", "body"}`; binary bodies are only counted."""
        headers = {"Accept": self.endpoint.media_type, **self.endpoint.headers, **request.headers}
        shown = {
            "method": request.method,
            "url": self.text(self.endpoint.base_url + request.path),
            "headers": self.value(headers),
        }
        if self.endpoint.authorization is not None:
            shown["headers"]["Authorization"] = STARS
        return shown if request.body is None else {**shown, "body": self._body(request.body)}

    def _body(self, body: bytes) -> Any:
        from pydantic_core import from_json

        try:
            return self.value(from_json(body))
        except ValueError:
            try:
                return self.text(body.decode())
            except UnicodeDecodeError:
                return f"{len(body)} bytes"


def _leaves(value: Any) -> Iterator[str | int | float]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield value
