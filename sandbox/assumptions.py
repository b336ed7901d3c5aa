"""What the sandbox takes for true where the API's documentation is silent; each can be switched."""

from __future__ import annotations

from collections.abc import Mapping

from connector.sandbox_kit.assumptions import Assumption

from .errors import SandboxError

_ALL = (
    Assumption(
        "accept-version",
        "An Accept header that asks for a version that the operation lacks is answered, or refused with 404",
        ("answer", "404"),
        "documented only: no version asked for means the most stable one",
    ),
    Assumption("already-connected", "Connecting a source to a warehouse twice", ("same-answer", "409")),
    Assumption(
        "body-limit",
        "The size from which on a body is refused with 413",
        ("1MiB", "10MiB", "none"),
        "413 is documented; no size is",
    ),
    Assumption("content-type", "A body of another type than JSON", ("422", "read-as-json")),
    Assumption(
        "created-by",
        "The user of a function's `createdBy`: the owner of the token, taken to be the first user, or nobody",
        ("first-user", "absent"),
    ),
    Assumption(
        "cursors",
        "A cursor counts records, so that deletions shift pages, or it marks a place",
        ("offset", "stable"),
        "documented cursors are counts in Base64: MA==, Mg==, Mw==",
    ),
    Assumption(
        "delete-cascade",
        "What hangs on a deleted record (connections, destinations, subscriptions, transformations) goes too",
        ("cascade", "409"),
    ),
    Assumption(
        "destination-instances",
        "A second destination of one type on one source, unless the catalog says MULTIPLE or above 1",
        ("400", "allow"),
        "the 400 and its message were seen; that 0 in the catalog means one instance is a guess",
    ),
    Assumption(
        "enabled-by-default",
        "A destination or warehouse created without `enabled` is enabled",
        ("true", "false"),
        "the documented example of createDestination sends none and gets true",
    ),
    Assumption(
        "error-types",
        "The words in `type` of errors, in the style of 422's: the guide and the API's description have different ones",
        ("input-validation", "ValidationFailure"),
        "both are documented for 422 and 429, NotFound for 404; the words for 400, 401, 409, 413 and 501 are guesses",
    ),
    Assumption(
        "function-name",
        "How the workspace's name is appended to a destination function's name",
        ("parentheses", "plain"),
        "documented: it is appended; not how",
    ),
    Assumption("list-order", "The order of every list", ("oldest-first", "newest-first")),
    Assumption("malformed-json", "The status of a body that is not JSON", ("422", "400")),
    Assumption(
        "missing-function",
        "getFunction of an unknown id",
        ("404", "null"),
        "documented: `function` may be null",
    ),
    Assumption("missing-in-body", "The status of an unknown id in a body", ("422", "404")),
    Assumption("missing-in-path", "The status of an unknown id in a path", ("404", "422"), "404 is documented"),
    Assumption("not-connected", "Removing a connection that is not there", ("404", "SUCCESS")),
    Assumption(
        "patch-settings",
        "Settings in a PATCH are merged into those there, or replace them",
        ("merge", "replace"),
    ),
    Assumption(
        "rate-limit-budget",
        "The points a minute that X-RateLimit headers count down from; never enforced without a fault",
        ("600", "1000", "200"),
        "a third party's figure; no default is published",
    ),
    Assumption("repeat-invite", "Inviting a known e-mail address again", ("allow", "422")),
    Assumption("required-settings", "A required setting of the catalog that is missing", ("log", "422")),
    Assumption("restricted-token", "A token without Source Admin may read only, or write too", ("read-only", "write")),
    Assumption(
        "secret-names",
        "Which settings of a destination are secret: those with the usual names, or `apiKey` alone",
        ("usual", "apiKey"),
        "a documented example shows bullets for apiKey; that ...Token, ...Password, ...Secret are alike is a guess",
    ),
    Assumption(
        "secret-settings",
        "Secret settings of a destination come back as bullets",
        ("bullets", "plain"),
        "a documented example shows bullets for apiKey",
    ),
    Assumption("slug-taken", "A source slug that another source has", ("422", "409", "allow")),
    Assumption(
        "source-name",
        "The name of a new source",
        ("slug", "empty"),
        "one documented example of createSource shows the slug, another one nothing",
    ),
    Assumption(
        "unbuilt-operation",
        "An operation that the sandbox does not have: 501 says so; the API itself may have it, or answer 404",
        ("501", "404"),
    ),
    Assumption(
        "unknown-body-keys",
        "A key of a body that the operation does not know",
        ("ignore", "422"),
        "older documented examples repeat path parameters in the body",
    ),
    Assumption("unknown-role", "An invitation to an unknown role", ("accept", "422")),
    Assumption(
        "unknown-settings",
        "A setting that the catalog does not list, where it lists any, is left out or kept",
        ("ignore", "keep"),
        "users saw such keys accepted without effect",
    ),
    Assumption("unknown-user", "An unknown id in deleteUsers", ("404", "ignore")),
    Assumption(
        "volume-counts",
        "Event volumes are made up, the same for the same sources and times",
        ("synthetic", "zero"),
    ),
    Assumption("volume-range", "More than 1,500 buckets in one answer", ("422", "allow")),
    Assumption(
        "warehouse-name",
        "The name of a warehouse is shown among its settings, the only place there is",
        ("in-settings", "hidden"),
        "the documented example of updateWarehouse sends a name and gets it there",
    ),
)

ASSUMPTIONS = {each.name: each for each in _ALL}


class Assumptions:
    """The values that hold in one workspace."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name: each.default for name, each in ASSUMPTIONS.items()}
        for name, value in values.items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def set(self, name: str, value: str) -> None:
        """Switches one assumption.

        Raises:
            SandboxError: There is no such assumption, or it has no such value.
        """
        if name not in ASSUMPTIONS:
            raise SandboxError(f"there is no assumption {name!r}; there are {', '.join(ASSUMPTIONS)}.")
        if value not in ASSUMPTIONS[name].choices:
            choices = ", ".join(ASSUMPTIONS[name].choices)
            raise SandboxError(f"the assumption {name} cannot be {value!r}; it can be {choices}.")
        self._values[name] = value
