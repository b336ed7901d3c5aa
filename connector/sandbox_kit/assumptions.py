"""Assumptions of a sandbox where nothing published says."""

from __future__ import annotations

from dataclasses import dataclass

NO_SOURCE = "none: nothing published says"


@dataclass(frozen=True)
class Assumption:
    """One thing assumed.

    Attributes:
        name: What `--assume NAME=VALUE` and the header `X-Sandbox-Assumption` call it.
        description: What it decides.
        choices: The values that it takes; the first is the default.
        source: What speaks for the default, or that nothing does.
    """

    name: str
    description: str
    choices: tuple[str, ...]
    source: str = NO_SOURCE

    @property
    def default(self) -> str:
        """The value that holds until it is switched."""
        return self.choices[0]
