"""An open connection: validated fields, the pool, and an endpoint for whatever an action asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import MISSING

from connector.component.definitions import ConnectionDefinition
from connector.component.inputs import Inputs
from connector.errors import ConnectionInputError, InputError
from connector.rest import Endpoint


class Connection:
    """Credentials of one customer, in use; safe to share between threads.

    Attributes:
        definition: The connection as the component declares it.
        fields: The validated fields; secrets in them show themselves as stars.
        transport: The pool that every call goes through.
    """

    def __init__(self, definition: ConnectionDefinition[Any], fields: Mapping[str, Any]) -> None:
        from connector.rest.transport import Transport

        self.definition = definition
        self.fields: Inputs = _read(definition, fields)
        self.transport = Transport()
        self._endpoints: dict[tuple[Any, ...], Endpoint] = {}
        self._names = {info.alias or name: name for name, info in definition.fields.model_fields.items()}

    def endpoint(self, inputs: Inputs | None) -> Endpoint:
        """The service for a call whose inputs may say something about the connection's own fields."""
        given = ((key, getattr(inputs, name, MISSING)) for key, name in self._names.items())
        asked = {key: value for key, value in given if value is not MISSING}
        identity = tuple(asked.items())
        endpoint = self._endpoints.get(identity)
        if endpoint is None:
            endpoint = self._endpoints.setdefault(identity, self.definition.connect(self.fields, asked))
        return endpoint

    def close(self) -> None:
        """Close the idle connections of the pool."""
        self.transport.close()

    def __repr__(self) -> str:
        return f"Connection({self.definition.key!r})"


def _read(definition: ConnectionDefinition[Any], fields: Mapping[str, Any]) -> Inputs:
    model: type[Inputs] = definition.fields
    try:
        return model.from_values(fields)
    except InputError as error:
        problems = error.problems
    label = definition.display.label if definition.display else definition.key
    variables = ", ".join(environment_names(definition).values())
    hint = f"On the command line the fields come from {variables}, or from --connection FILE." if variables else ""
    raise ConnectionInputError(f'the connection "{label}" cannot be used.', problems=problems, hint=hint)


def environment_names(definition: ConnectionDefinition[Any]) -> dict[str, str]:
    """The environment variable of each field: `apiKey` of a connection with the prefix `ACME` is `ACME_API_KEY`."""
    if not definition.environment:
        return {}
    fields = definition.fields.model_fields
    return {info.alias or name: f"{definition.environment}_{name.upper()}" for name, info in fields.items()}
