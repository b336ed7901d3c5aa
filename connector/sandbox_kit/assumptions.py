"""Assumptions: what a sandbox does where the documentation of its API says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.sandbox_kit.errors import SandboxError

UNDOCUMENTED = "undocumented"


@dataclass(frozen=True)
class Assumption:
    """One named assumption.

    Attributes:
        name: The name in `--assume NAME=VALUE` and in the header `X-Sandbox-Assumption`.
        description: What it decides.
        choices: The values that can be set; the first is the default.
        source: The evidence for the default.
    """

    name: str
    description: str
    choices: tuple[str, ...]
    source: str = UNDOCUMENTED

    @property
    def default(self) -> str:
        """The value that applies until another one is set."""
        return self.choices[0]


class AssumptionValues:
    """The values that are set in one workspace.

    Args:
        declared: The assumptions of the simulated API, by name.
        values: Values other than the defaults.

    Raises:
        SandboxError: If a name or a value is unknown.
    """

    def __init__(self, declared: Mapping[str, Assumption], values: Mapping[str, str]) -> None:
        self._declared = declared
        self._values = {name: each.default for name, each in declared.items()}
        for name, value in values.items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def set(self, name: str, value: str) -> None:
        """Set one assumption.

        Raises:
            SandboxError: If the name or the value is unknown.
        """
        if name not in self._declared:
            raise SandboxError(f'unknown assumption "{name}"', hint="Run `connector sandbox assumptions`.")
        choices = self._declared[name].choices
        if value not in choices:
            raise SandboxError(
                f'invalid value "{value}" for assumption "{name}"', hint=f"Valid values: {', '.join(choices)}."
            )
        self._values[name] = value


STANDARD = (
    Assumption("body-limit", "The largest request body; a larger one is rejected with 413", ("10MiB", "1MiB", "none")),
    Assumption("content-type", "A body with a content type other than JSON", ("422", "read-as-json")),
    Assumption(
        "cursors",
        "A cursor counts records, so that deletions shift pages, or it marks a record",
        ("offset", "stable"),
    ),
    Assumption(
        "delete-cascade",
        "Deleting a record also deletes the records that belong to it, or is rejected with 409 while there are any",
        ("cascade", "409"),
    ),
    Assumption("list-order", "The order of every list", ("oldest-first", "newest-first")),
    Assumption("malformed-json", "The status of a body that is not JSON", ("422", "400")),
    Assumption("missing-in-body", "The status of an unknown id in a body", ("422", "404")),
    Assumption("missing-in-path", "The status of an unknown id in a path", ("404", "422")),
    Assumption("restricted-token", "The restricted token may only read, or also write", ("read-only", "write")),
    Assumption("trailing-slash", "A slash at the end of a path is ignored, or is an empty id", ("ignore", "strict")),
    Assumption(
        "unbuilt-operation",
        "An operation of the API that the sandbox does not simulate: 501 with its name, 404, or a sample response made "
        "from the API description, with the header `X-Sandbox-Sample`",
        ("501", "404", "sample"),
    ),
    Assumption("unknown-body-keys", "A key of a body that the operation does not have", ("ignore", "422")),
)
"""What the kit itself decides, for every simulated API."""
