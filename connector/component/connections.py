"""The credentials of a customer, in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import MISSING, SecretStr

from connector.common.redaction import Redactor
from connector.component.definitions import ConnectionDefinition
from connector.component.inputs import Input, Inputs
from connector.errors import ConnectionInputError, InputError
from connector.rest import Endpoint


class Connection:
    """Credentials of one customer, in use; thread-safe.

    Attributes:
        definition: The connection as the component declares it.
        fields: The validated fields; secret ones are shown as `***`.
        transport: The connection pool of every call.
        tenant: Name of the customer, for plugins and logs; may be empty.
    """

    def __init__(self, definition: ConnectionDefinition[Any], fields: Mapping[str, Any], tenant: str = "") -> None:
        from connector.rest.transport import Transport

        self.definition = definition
        self.fields: Inputs = _validated(definition, fields)
        self.transport = Transport()
        self.tenant = tenant
        self._endpoints: dict[tuple[Any, ...], Endpoint] = {}
        self._choices_by_class: dict[type, list[tuple[str, str]]] = {}
        self._names = {info.alias or name: name for name, info in definition.fields.model_fields.items()}

    def endpoint(self, inputs: Inputs | None) -> Endpoint:
        """Return the service for a call; inputs with the key of a field, such as `region`, take part in the choice."""
        if inputs is self.fields:  # the test of the connection
            inputs = None
        values = ((key, getattr(inputs, name)) for key, name in self._choices(type(inputs)))
        requested = {key: value for key, value in values if value is not MISSING}
        identity = tuple(requested.items())
        endpoint = self._endpoints.get(identity)
        if endpoint is None:
            endpoint = self._endpoints.setdefault(identity, self.definition.connect(self.fields, requested))
        return endpoint

    def _choices(self, inputs: type) -> list[tuple[str, str]]:
        """Return the key and name of each field that inputs of this class have too, as an input or as a property."""
        choices = self._choices_by_class.get(inputs)
        if choices is None:  # once, since pydantic raises an error for each name that is missing
            fields = getattr(inputs, "model_fields", {})
            choices = [each for each in self._names.items() if each[1] in fields or hasattr(inputs, each[1])]
            self._choices_by_class[inputs] = choices
        return choices

    def redact(self, text: str) -> str:
        """Return a text without the secret fields of this connection."""
        values = [getattr(self.fields, name) for name in self._names.values()]
        return Redactor(value.get_secret_value() for value in values if isinstance(value, SecretStr)).text(text)

    def secrets(self) -> list[str]:
        """Return the values of the secret fields that are set."""
        secret = self.fields.secret_keys()
        values = []
        for field, info in type(self.fields).model_fields.items():
            value = getattr(self.fields, field)
            if isinstance(value, SecretStr):
                values.append(value.get_secret_value())
            elif (info.alias or field) in secret and isinstance(value, str):
                values.append(value)
        return values

    def close(self) -> None:
        """Cancel the calls that wait, send no further request, and close the idle connections."""
        self.transport.close()

    def __repr__(self) -> str:
        return f"Connection({self.definition.key!r})"


def _validated(definition: ConnectionDefinition[Any], fields: Mapping[str, Any]) -> Inputs:
    model: type[Inputs] = definition.fields
    try:
        return model.from_values(fields)
    except InputError as error:
        problems = error.problems
    if len(problems) == 1 and problems[0].message == "is required":
        key = problems[0].location
        raise _missing_error(definition, key, model.definitions()[key])
    raise ConnectionInputError(
        f'invalid connection "{definition.label}"', problems=problems, hint="Correct its fields."
    )


def _missing_error(definition: ConnectionDefinition[Any], key: str, marker: Input) -> ConnectionInputError:
    name = " ".join(word if word.isupper() else word.lower() for word in marker.label.split())
    sentences = [f'Pass connection={{"key": "{definition.key}", "fields": {{"{key}": ...}}}}.']
    if definition.has_sandbox:
        sentences.append("To try it without an account, use connector.testing.sandbox().")
    return ConnectionInputError(f"no {name}", hint=" ".join([*sentences, marker.comments]).rstrip())


def environment_names(definition: ConnectionDefinition[Any]) -> dict[str, str]:
    """Return the environment variable of each field: `ACME_API_KEY` for `apiKey` and the prefix `ACME`."""
    if not definition.environment:
        return {}
    fields = definition.fields.model_fields
    return {info.alias or name: f"{definition.environment}_{name.upper()}" for name, info in fields.items()}
