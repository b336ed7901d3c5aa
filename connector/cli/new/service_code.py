"""The module that all connections share: the URL of the service, and its error responses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from connector.cli.new.field_code import field, field_label, snake_case
from connector.cli.new.python_code import bracketed, call, string

if TYPE_CHECKING:
    from connector.describe.openapi.servers import Server, Variable

SERVICE = '''\
"""What all connections share: the URL of the service, and its error responses."""

from collections.abc import Sequence
from typing import __TYPING__

from connector import Input, Inputs__VALUE_OR__
from connector.errors import ApiErrorDetail
__MISSING__

class Service(Inputs):
    """Where the service is."""

__FIELDS__

    def url(self) -> str:
        """Return the URL of the service, without a slash at its end."""
        __URL__.rstrip("/")


def read_api_errors(body: Any) -> Sequence[ApiErrorDetail]:
    """Return the messages of an error response; correct this if the service has another form."""
    if not isinstance(body, dict):
        return []
    entries = body.get("errors") or body.get("error") or body.get("message") or body.get("detail") or []
    listed = entries if isinstance(entries, list) else [entries]
    texts = [entry.get("message") or entry.get("detail") if isinstance(entry, dict) else entry for entry in listed]
    return [ApiErrorDetail(str(text)) for text in texts if text]
'''


def service_code(server: Server) -> str:
    """Return the code of the module for a server."""
    fields = [_variable_field(variable) for variable in server.variables]
    default = f" Default: {server.url}." if server.url else ""
    others = f" Others: {', '.join(server.others)}." if server.others and server.url else ""
    comments = string(f"URL of the service.{default}{others}", indent=12)
    marker = call(
        "Input", {"label": '"Base URL"', "comments": comments, "example": '"https://api.example.com"'}, indent=8
    )
    fields.append(field("base_url", "str", marker, optional=bool(server.url)))
    lines = [
        f"{snake_case(each.name)} = value_or(self.{snake_case(each.name)}, {json.dumps(each.default)})"
        for each in server.variables
    ]
    template = re.sub(r"\{([^{}]*)\}", lambda match: "{" + snake_case(match[1]) + "}", server.url)
    literal = f'f"{template}"' if server.variables else json.dumps(server.url)
    lines.append(f"return value_or(self.base_url, {literal})" if server.url else "return self.base_url")
    has_choices = any(variable.choices for variable in server.variables)
    return (
        SERVICE.replace("__FIELDS__", "\n".join(fields))
        .replace("__URL__", "\n        ".join(lines))
        .replace("__TYPING__", "Annotated, Any, Literal" if has_choices else "Annotated, Any")
        .replace("__VALUE_OR__", ", value_or" if server.url else "")
        .replace("__MISSING__", "from pydantic import MISSING\n" if server.url else "")
    )


def _variable_field(variable: Variable) -> str:
    default = f"Default: {variable.default}." if variable.default else ""
    text = f"{variable.comments.removesuffix('.')}. {default}".strip(" .") + "." if variable.comments else default
    arguments = {"label": json.dumps(field_label(variable.name))}
    arguments["comments"] = string(text or f"Part of the URL: {variable.name}.", indent=12)
    kind = "str"
    if variable.choices:
        choices = [json.dumps(each) for each in variable.choices]
        arguments["choices"] = bracketed("{", [f"{each}: {each}" for each in choices], "}", indent=12)
        kind = bracketed("Literal[", choices, "]", indent=8)
    return field(snake_case(variable.name), kind, call("Input", arguments, indent=8), optional=True)
