"""What the tests of the sandbox share: a client that sends exactly what it is told to."""

from __future__ import annotations

import functools
import json
import urllib.parse
from typing import Any

import jsonschema
import requests

import sandbox
from tests.support.reference import API

JAVASCRIPT = "IqDTy1TpoU"
KINESIS = "57da359580412f644ff33fb9"
BLUESHIFT = "547610a5db31d978f14a5c4e"
AMPLITUDE = "54521fd525e721e32a72ee91"
MANY = "54521fd525e721e32a72eea2"
POSTGRES = "55d3d3aea3c"
SNOWFLAKE = "CCIl4HLQPz"
IOS_SOURCE = "qQEHquLrjRDN9j1ByrChyn"
WEB_SOURCE = "rh5BDZp6QDHvXFCkibm1pR"
WAREHOUSE = "kjU72LCJexvrqL7G4TMHHN"
DESTINATION = "5GFhvtz8fha42Cm4B9E6L8"
SUBSCRIBED = "fP7qoQw2HTWt9WdMr718gn"
SUBSCRIPTION = "eoeXaMeAYcB2XvEApJDrQs"
ACTION = "jiMz7MfHNeHmUckzRnUGkU"
FILTERED = "qtiZHLLqqsHmpvLXNtP5du"
FILTER = "5NkUjGqXw3cVhTzLbRmYpS"
FUNCTION = "sfnc_wXzcDGFR3KmjLDrtSawNHf"
TRANSFORMATION = "pHrD51Ds35Zjfka84yXQE6"
TRACKING_PLAN = "tp_2FLXuLhLDJbJfmqkPnBBQG"
PLANNED_SOURCE = "44LMHs8Wf5vidxba4kN52J"
USER_GROUP = "7v3EwbT9KqYxLmNc2RfHsP"
AUDIENCE = "aud_0ujsszwN8NRY24YaXiTIE2VWDTS"
MODEL = "3gLx9QvNcTzBhKmRw7YpFd"
INSERT_FUNCTION = "ifnd_76365637324e715a67535831"
INSERT_FUNCTION_INSTANCE = "65c2bdbcde6f2d8297f943d7"
PROFILES_WAREHOUSE = "4tQmXbRnGyPpSdKv9LzWcH"
SYNC = "8ZkTqLmW3cVhXbRnGyPpSd"
USER = "sgJDWk3K21k6LE3tLU9nRK"
WORKSPACE = "9aQ1Lj62S4bomZKLF4DPqW"
OWNER_ROLE = "1WDUuRLxv84rrfCNUwvkrRtkxnS"


class Api:
    """A client of one workspace."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Sends one request; the path goes out as written."""
        options.setdefault("timeout", 20)
        if body is not None:
            options["data"] = json.dumps(body).encode()
            options["headers"] = {"Content-Type": "application/json"} | options.get("headers", {})
        prepared = self._session.prepare_request(requests.Request(method, self.url, **_sent(options)))
        prepared.url = self.url + path
        return self._session.send(prepared, timeout=options["timeout"], allow_redirects=False)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of a request that must succeed."""
        response = self(method, path, body)
        assert response.status_code in (200, 201), response.text
        return response.json()["data"]

    def fields(self, method: str, path: str, body: Any = None) -> list[str]:
        """The fields that a 422 names."""
        response = self(method, path, body)
        assert response.status_code == 422, response.text
        return [entry["field"] for entry in response.json()["errors"]]

    def source(self, slug: str = "new-source", **more: Any) -> dict[str, Any]:
        """Makes a source."""
        body = {"slug": slug, "enabled": True, "metadataId": JAVASCRIPT, **more}
        source: dict[str, Any] = self.data("POST", "/sources", body)["source"]
        return source

    def close(self) -> None:
        """Closes its connections."""
        self._session.close()


def _sent(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in ("data", "headers") if name in options}


@functools.cache
def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each simulated operation by its id."""
    simulated = {each.id for each in sandbox.api.operations}
    return {
        described["operationId"]: (method.upper(), path, described)
        for path, methods in API.document["paths"].items()
        for method, described in methods.items()
        if described["operationId"] in simulated
    }


@functools.cache
def _validator(reference: str) -> Any:
    return jsonschema.Draft202012Validator({"$ref": reference, "components": API.document["components"]})


def check_answer(operation: str, response: requests.Response) -> None:
    """Asserts that the API's description allows an answer of an operation."""
    described = operations()[operation][2]["responses"].get(str(response.status_code))
    assert described is not None, f"{operation} does not answer {response.status_code}: {response.text}"
    if "$ref" in described:
        described = API.document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
    media_type = response.headers["Content-Type"].partition(";")[0]
    # api.json names the versioned type; the API also takes the general one
    assert media_type in {*described["content"], "application/json"}
    schema = next(iter(described["content"].values()))["schema"]
    validator = _validator(schema["$ref"]) if "$ref" in schema else _inline(json.dumps(schema))
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]
    assert not errors, (operation, response.status_code, errors)


@functools.cache
def _inline(schema: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schema) | {"components": API.document["components"]})


def quoted(text: str) -> str:
    """A path segment."""
    return urllib.parse.quote(text, safe="")
