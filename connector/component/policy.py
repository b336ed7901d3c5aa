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
        toolset: How much is offered: `all` actions, only the `documented` ones (hand-made or of a plugin), or those
            with one of these tags of the API, such as `tracking-plans`. An action that `allowed` names is offered.
    """

    allowed: Collection[str] | None = None
    blocked: Collection[str] = ()
    read_only: bool = False
    toolset: str | Collection[str] = "all"

    def offers(self, action: Action[Any]) -> bool:
        """Return whether an action belongs to the toolset."""
        if self.toolset == "all":
            return True
        if self.toolset == "documented":
            return not action.is_described
        return action.operation is not None and action.operation.tag in tags_of(self.toolset)

    def check(self, action: Action[Any], inputs: Inputs) -> None:
        """Let an action pass.

        Raises:
            PolicyError: It may not run.
        """
        named = self.allowed is not None and action.key in self.allowed
        if action.key in self.blocked or (self.allowed is not None and not named):
            raise PolicyError("is not allowed by the policy of this runner.", action=action.key)
        if not named and not self.offers(action):
            hint = "Choose another toolset, or allow the action by its key."
            raise PolicyError(f"is not in the toolset {', '.join(tags_of(self.toolset))}", action=action.key, hint=hint)
        if self.blocked and action.effect_depends_on_inputs and not named:
            hint = "It could do what is blocked. Allow it by name if it may."
            raise PolicyError("is not allowed while other actions are blocked.", action=action.key, hint=hint)
        if self.read_only and action.effect_of(inputs) != "read":
            raise PolicyError("would change something, and this runner only reads.", action=action.key)

    def permits(self, action: Action[Any]) -> bool:
        """Return whether an action may run with some inputs: what a list of actions should offer."""
        named = self.allowed is not None and action.key in self.allowed
        if action.key in self.blocked or (self.allowed is not None and not named):
            return False
        if not named and (not self.offers(action) or (self.blocked and action.effect_depends_on_inputs)):
            return False
        return not self.read_only or action.effect_depends_on_inputs or action.effect == "read"

    def narrowed(self, other: Policy) -> Policy:
        """Return a policy that permits only what both permit.

        Raises:
            ValueError: If both choose a toolset; only one may.
        """
        if "all" not in (self.toolset, other.toolset):
            raise ValueError("both policies choose a toolset")
        allowed = self.allowed
        if other.allowed is not None:
            allowed = other.allowed if allowed is None else frozenset(allowed) & frozenset(other.allowed)
        blocked = frozenset(self.blocked) | frozenset(other.blocked)
        toolset = other.toolset if self.toolset == "all" else self.toolset
        return Policy(allowed, blocked, self.read_only or other.read_only, toolset)

    def check_request(self, key: str, request: Request) -> None:
        """Let a request pass.

        Raises:
            PolicyError: It changes something, and only reading is allowed.
        """
        if self.read_only and not request.is_safe:
            raise PolicyError(f"would send {request.method}, and this runner only reads.", action=key)


def tags_of(toolset: str | Collection[str]) -> list[str]:
    """Return the names in a toolset."""
    return [toolset] if isinstance(toolset, str) else list(toolset)
