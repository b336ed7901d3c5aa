"""A local to-do service, so that the component can be run and tested without an account."""

from collections.abc import Mapping
from pathlib import Path

from connector.sandbox_kit import ApiError, SimulatedApi


class TodoApi(SimulatedApi):
    """The forms of the to-do service that differ from the kit's."""

    def token_of(self, headers: Mapping[str, str]) -> str:
        """Return the API key of a request, or the token that OAuth 2.0 granted."""
        return headers.get("x-api-key") or super().token_of(headers)

    def connection(self, token: str, url: str) -> dict[str, object]:
        """Return a connection with a token and the URL of the sandbox."""
        return {"key": "apiKey", "fields": {"apiKey": token, "baseUrl": url}}

    def error_body(self, error: ApiError, _assume: object) -> dict[str, str]:
        """Return the body of an error: the first message."""
        return {"error": error.errors[0]["message"]}


api = TodoApi(__name__, initial_state=Path(__file__).parent / "initial_state.json")
api.grant_access_tokens("POST /oauth/token")
