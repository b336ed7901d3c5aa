"""The code of the fields of a connection, and their names."""

from __future__ import annotations

import json
import keyword
import re

from connector.cli.new.python_code import call, string
from connector.component.json_schema import label_of
from connector.describe.openapi.operations import camel_key


def field(name: str, kind: str, marker: str, *, optional: bool) -> str:
    """Return the code of a field with a type and an `Input`."""
    if not optional:
        return f"    {name}: Annotated[\n        {kind},\n        {marker},\n    ]"
    inner, kind = marker.replace("\n", "\n    "), kind.replace("\n", "\n    ")
    annotated = f"        Annotated[\n            {kind},\n            {inner},\n        ]\n        | MISSING"
    return f"    {name}: (\n{annotated}\n    ) = MISSING"


def secret_field(name: str, label: str, comments: str) -> str:
    """Return the code of a required field that holds a secret."""
    arguments = {"label": json.dumps(label), "type": '"password"', "comments": string(comments, indent=12)}
    return field(name, "SecretStr", call("Input", arguments, indent=8), optional=False)


def text_field(name: str, label: str, comments: str) -> str:
    """Return the code of a required field that holds a string."""
    arguments = {"label": json.dumps(label), "comments": string(comments, indent=12), "example": '"sandbox"'}
    return field(name, "str", call("Input", arguments, indent=8), optional=False)


def field_label(snake: str) -> str:
    """Return the label of a field."""
    return label_of(camel_key(snake)[:1].upper() + camel_key(snake)[1:])


def snake_case(text: str) -> str:
    """Return a name of Python for a name in an OpenAPI document."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    snake = "_".join(re.findall(r"[a-z0-9]+", spaced.lower()))
    return f"field_{snake}" if not snake or snake[0].isdigit() or keyword.iskeyword(snake) else snake
