"""The ways to authorize a request, as a document declares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connector.describe.openapi.document import OpenApiDocument, UnsupportedError
from connector.describe.openapi.schemas import short_text

Kind = Literal["bearer", "basic", "header", "query", "client credentials"]


@dataclass(frozen=True, slots=True)
class Credential:
    """One thing that authorizes a request.

    Attributes:
        scheme: Name of the security scheme.
        kind: How a request has it.
        name: Name of the header or query parameter of an API key.
        comments: What the document says of it.
        token_url: Token endpoint of client credentials.
    """

    scheme: str
    kind: Kind
    name: str = ""
    comments: str = ""
    token_url: str = ""


Login = tuple[Credential, ...]
"""What a request needs together; empty for no authorization."""


class Security:
    """The security schemes of a document.

    Args:
        document: The document.
    """

    def __init__(self, document: OpenApiDocument) -> None:
        self._document = document
        components = document.content.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        self._schemes: Mapping[str, Any] = schemes if isinstance(schemes, Mapping) else {}

    def logins(self, operation: Mapping[str, Any]) -> list[Login]:
        """Return the ways to authorize an operation, any of which is enough; none if it says nothing.

        Raises:
            UnsupportedError: If a connection can have none of them.
        """
        required = operation.get("security", self._document.content.get("security"))
        alternatives = required if isinstance(required, list) else []
        logins: list[Login] = []
        reasons: list[str] = []
        for alternative in alternatives:
            try:
                logins += self._combined(alternative)
            except UnsupportedError as error:
                reasons.append(str(error))
        if reasons and not logins:
            raise UnsupportedError(f"it needs {' or '.join(dict.fromkeys(reasons))}")
        return logins

    def declared(self) -> list[Login]:
        """Return each scheme as a way of its own, for a document that says of no operation what it needs."""
        logins: list[Login] = []
        for name in self._schemes:
            try:
                logins += [(credential,) for credential in self._credentials(name)]
            except UnsupportedError:
                continue
        return logins

    def _combined(self, alternative: Any) -> list[Login]:
        logins: list[Login] = [()]
        for name in alternative if isinstance(alternative, Mapping) else ():
            logins = [(*login, credential) for login in logins for credential in self._credentials(name)]
        for login in logins:
            if sum(credential.kind not in {"header", "query"} for credential in login) > 1:
                raise UnsupportedError(f"{' and '.join(credential.scheme for credential in login)} at once")
        return logins

    def _credentials(self, name: str) -> Iterator[Credential]:
        scheme = self._document.followed(self._schemes.get(name))
        if not isinstance(scheme, Mapping):
            raise UnsupportedError(f"the security scheme {name}, which is not declared")
        comments = short_text(scheme.get("description"))
        kind = str(scheme.get("type"))
        place, http = str(scheme.get("in")), str(scheme.get("scheme")).lower()
        if kind == "apiKey" and place in {"header", "query"}:
            yield Credential(name, "header" if place == "header" else "query", str(scheme.get("name")), comments)
        elif kind == "apiKey":
            raise UnsupportedError(f"the {place} {scheme.get('name')}")
        elif kind == "http" and http in {"bearer", "basic"}:
            yield Credential(name, "bearer" if http == "bearer" else "basic", "", comments)
        elif kind in {"oauth2", "openIdConnect"}:
            yield Credential(name, "bearer", "", comments)
            flows = scheme.get("flows")
            flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
            if isinstance(flow, Mapping) and flow.get("tokenUrl"):
                yield Credential(name, "client credentials", "", comments, str(flow["tokenUrl"]))
        else:
            method = f"HTTP authentication {http}" if kind == "http" else kind
            raise UnsupportedError(f"{method} (security scheme {name})")
