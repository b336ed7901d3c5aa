"""What a runner is allowed to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.errors import PolicyError

if TYPE_CHECKING:
    from connector.component.definitions import Action
    from connector.component.inputs import Inputs
    from connector.rest import Request


@dataclass(frozen=True, slots=True)
class Policy:
    """Which actions may run; the default allows everything.

    Attributes:
        allowed: Keys of the only actions that may run; None allows every key.
        blocked: Keys of actions that may not run. Blocking anything also blocks the actions that can do
            anything, such as a raw request, unless `allowed` names them.
        read_only: Refuse whatever changes something, before any request is sent.
    """

    allowed: Collection[str] | None = None
    blocked: Collection[str] = ()
    read_only: bool = False

    def check(self, action: Action[Any], inputs: Inputs) -> None:
        """Let an action pass.

        Raises:
            PolicyError: It may not run.
        """
        named = self.allowed is not None and action.key in self.allowed
        if action.key in self.blocked or (self.allowed is not None and not named):
            raise PolicyError("is not allowed by the policy of this runner.", action=action.key)
        if self.blocked and action.effect_depends_on_inputs and not named:
            hint = "It could do what is blocked. Allow it by name if it may."
            raise PolicyError("is not allowed while other actions are blocked.", action=action.key, hint=hint)
        if self.read_only and action.effect_of(inputs) != "read":
            raise PolicyError("would change something, and this runner only reads.", action=action.key)

    def check_request(self, key: str, request: Request) -> None:
        """Let a request pass.

        Raises:
            PolicyError: It changes something, and only reading is allowed.
        """
        if self.read_only and not request.is_safe:
            raise PolicyError(f"would send {request.method}, and this runner only reads.", action=key)
