"""The forms of Segment's Public API: envelopes, errors, versions, and rate limits."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connector.sandbox_kit import ApiError, Data, Operation, RequestContext, SimulatedApi, not_found, unauthorized

ERROR_TYPES = {
    400: "bad-request",
    401: "unauthorized",
    404: "NotFound",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    422: "input-validation",
    429: "RequestError",
}
OTHER_ERROR_TYPES = {
    "bad-request": "BadRequest",
    "unauthorized": "Unauthorized",
    "method-not-allowed": "MethodNotAllowed",
    "conflict": "Conflict",
    "too-large": "TooLarge",
    "input-validation": "ValidationFailure",
    "RequestError": "RateLimited",
    "not-implemented": "NotImplemented",
}
"""The error types in the other style; see the assumption `error-types`."""

OTHER_REGION = "other-region"

SUCCESS: Data = {"status": "SUCCESS"}
"""What operations return that have nothing else to return."""

_FILTERS = re.compile(r"/destinations/([^/]+/filters(?:/[^/]+)?)")
_VERSION = re.compile(r"application/vnd\.segment\.(\w+)\+json", re.IGNORECASE)
_VERSION_NAMES = {"stable": "v1", "beta": "v1beta", "alpha": "v1alpha"}

Assume = Callable[[str], str]


def timestamp(context: RequestContext) -> str:
    """Return the current time in the form of most responses, with milliseconds."""
    return context.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SegmentApi(SimulatedApi):
    """Segment's Public API."""

    workspace_fields = ("id", "slug", "name")

    def __init__(
        self, package: str, *, initial_state: Path, description: Path, generate: Callable[..., dict[str, Any]]
    ) -> None:
        super().__init__(package, initial_state=initial_state, description=description, generate=generate)
        self.assumption(
            "accept-version",
            "An Accept header with a version that the operation does not have: the response has another version, "
            "or the request is rejected with 404",
            ("respond", "404"),
            "documented only: without a version, the most stable one is used",
        )
        self.assumption(
            "error-types",
            "The `type` of errors, in the style of 422's; the guide and the API description differ",
            ("input-validation", "ValidationFailure"),
            "both are documented for 422 and 429, NotFound for 404; the types for 400, 401, 405, 409, 413 and 501 are "
            "assumed",
        )
        self.assumption(
            "rate-limit-budget",
            "The requests per minute that the X-RateLimit headers count down from; enforced only with a fault",
            ("600", "1000", "200"),
            "reported by a third party; no default is published",
        )
        self.assumption(
            "filters-path",
            "The filters of a destination are below `/destination/{id}`, or also below `/destinations/{id}`",
            ("documented", "both"),
            "the former is documented; six published programs send the latter",
        )
        self.assumption(
            "other-region",
            f"A token of the other region, which every token that begins with `{OTHER_REGION}` stands for: 401 as for "
            "any wrong token, a redirect to the other region, or 400; the latter two with a message that names its URL",
            ("401", "301", "400"),
            "401 is documented for wrong tokens; two published programs read such a message, of an unknown status",
        )
        self.evidence(
            "body-limit", "413 is documented without a size; a deployment script sends more than 2 MB of code"
        )
        self.evidence("cursors", "documented cursors are counts in Base64: MA==, Mg==, Mw==")
        self.evidence("missing-in-path", "404 is documented")
        self.evidence("trailing-slash", "a published client sends it")
        self.evidence("unknown-body-keys", "older documented examples repeat path parameters in the body")

    def connection(self, token: str, url: str) -> dict[str, Any]:
        """Return a connection with a token and the URL of the sandbox."""
        return {"key": "apiKey", "fields": {"apiKey": token, "baseUrl": url}}

    def canonical_path(self, path: str, assume: Assume) -> str:
        """Return the documented path of the filters of a destination."""
        match = _FILTERS.fullmatch(path)
        return f"/destination/{match[1]}" if match and assume("filters-path") == "both" else path

    def wrap(self, data: str) -> str:
        """Return the envelope `{"data": ...}`."""
        return f'{{"data":{data}}}'

    def error_body(self, error: ApiError, assume: Assume) -> Any:
        """Return the envelope `{"errors": [...]}`, with the type of each error."""
        errors = [{"type": ERROR_TYPES.get(error.status, "error")} | entry for entry in error.errors]
        if any(entry["type"] in OTHER_ERROR_TYPES for entry in errors) and assume("error-types") == "ValidationFailure":
            errors = [entry | {"type": OTHER_ERROR_TYPES.get(entry["type"], entry["type"])} for entry in errors]
        return {"errors": errors}

    def reject_token(self, token: str, path: str, assume: Assume) -> ApiError:
        """Return 401, or what `other-region` says for a token of the other region."""
        choice = assume("other-region") if token.startswith(OTHER_REGION) else "401"
        if choice == "401":
            return unauthorized()
        # No such host exists: a client that follows the redirect must not reach the real API.
        url = f"https://{OTHER_REGION}.invalid"
        message = f"Requests with this token must be sent to Segment's EU-hosted API: {url}"
        return ApiError(int(choice), [{"message": message}], {"Location": url + path} if choice == "301" else {})

    def rate_limit_error(self, consumed: int, wait: float) -> ApiError:
        """Return the documented error 429."""
        data = {"remainingPoints": 0, "msBeforeNext": round(wait * 1000), "consumedPoints": consumed}
        return ApiError(429, [{"message": "Too many requests", "data": data}])

    def rate_limit_headers(self, consumed: int, remaining: int, reset: float) -> dict[str, str]:
        """Return the documented headers; the reset is an RFC 5322 date."""
        return {
            "X-RateLimit-Consumed": str(consumed),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": email.utils.formatdate(reset, usegmt=True),
        }

    def points_per_minute(self, assume: Assume) -> int:
        """Return the assumed budget."""
        return int(assume("rate-limit-budget"))

    def media_type(self, operation: Operation, accept: str, assume: Assume) -> str:
        """Return the versioned content type if the Accept header names the version of the operation."""
        versions = [_VERSION_NAMES.get(name.lower(), name.lower()) for name in _VERSION.findall(accept)]
        if operation.version in versions:
            return f"application/vnd.segment.{operation.version}+json"
        generic = any(each in accept for each in ("*/*", "application/*", "application/json"))
        if versions and not generic and assume("accept-version") == "404":
            raise not_found()
        return "application/json"

    def is_json(self, content_type: str) -> bool:
        """Return whether a content type is JSON or one of Segment's versioned types."""
        return content_type.strip().lower().startswith(("application/json", "application/vnd.segment."))
