"""What a runner is allowed to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.errors import PolicyError, UsageError

if TYPE_CHECKING:
    from connector.component.definitions import Action, DataSource
    from connector.component.inputs import Inputs
    from connector.rest import Request

METHOD_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})
"""Headers with which some servers let a GET stand for another method."""


@dataclass(frozen=True, slots=True, init=False)
class Policy:
    """What may run; the default allows everything.

    It holds for actions, data sources and the test of the connection (`testConnection`), for every caller. A data
    source may run if the actions that it performs may; one that sends requests itself must be allowed by its own key.

    Attributes:
        allowed: Keys of all that may run; None allows every key.
        blocked: Keys of what may not run. Blocking anything also blocks the actions whose effect depends on the inputs,
            such as a raw request, unless `allowed` names them.
        read_only: Reject every write before a request is sent.
        toolset: What is offered: `all` actions, only the `documented` ones (handwritten or of a plugin), or those with
            one of these tags of the API, such as `tracking-plans`. An action that `allowed` names is offered.
    """

    allowed: frozenset[str] | None
    blocked: frozenset[str]
    read_only: bool
    toolset: str | tuple[str, ...]

    def __init__(
        self,
        allowed: Iterable[str] | None = None,
        blocked: Iterable[str] = (),
        read_only: bool = False,
        toolset: str | Iterable[str] = "all",
    ) -> None:
        # Copied: a list that changes later, or a generator that ends, must not lift a block.
        object.__setattr__(self, "allowed", None if allowed is None else _keys("allow", allowed))
        object.__setattr__(self, "blocked", _keys("block", blocked))
        object.__setattr__(self, "read_only", read_only)
        object.__setattr__(self, "toolset", toolset if isinstance(toolset, str) else tuple(toolset))

    @property
    def keys(self) -> frozenset[str]:
        """All keys that the policy names."""
        return (self.allowed or frozenset()) | self.blocked

    def offers(self, action: Action[Any] | DataSource[Any]) -> bool:
        """Return whether an action belongs to the toolset."""
        if self.toolset == "all":
            return True
        if self.toolset == "documented":
            return action.is_documented
        return action.operation is not None and action.operation.tag in tags_of(self.toolset)

    def check(self, definition: Action[Any] | DataSource[Any], inputs: Inputs) -> None:
        """Raise PolicyError if an action or data source may not run."""
        self._check_key(definition)
        self._check_effect(definition.key, definition.effect_of(inputs))

    def check_step(self, action: Action[Any]) -> None:
        """Raise PolicyError if an action may not run in a flow, where its inputs are not known before.

        The toolset does not matter: it says which actions are offered.
        """
        every_tool = Policy(self.allowed, self.blocked, self.read_only)
        every_tool._check_key(action)
        self._check_effect(action.key, "" if callable(action.effect) else action.effect)

    def _check_key(self, definition: Action[Any] | DataSource[Any]) -> None:
        key = definition.key
        permitted = self.allowed is not None and key in self.allowed
        if key in self.blocked:
            raise PolicyError("is blocked by the policy of this runner", action=key)
        if self.allowed is not None and not permitted and not definition.performs_actions:
            raise PolicyError("is not allowed by the policy of this runner", action=key, hint=_permit(key))
        if not (permitted or definition.performs_actions or self.offers(definition)):
            text = f"is not in the toolset {', '.join(tags_of(self.toolset))}"
            raise PolicyError(text, action=key, hint=_OTHER_TOOLSET)
        if self.blocked and definition.effect_depends_on_inputs and not permitted:
            raise PolicyError("could perform blocked actions", action=key, hint=_permit(key))

    def _check_effect(self, key: str, effect: str) -> None:
        if self.read_only and effect != "read":
            text = {"write": "is a write", "destructive": "is destructive"}.get(effect, "could be a write")
            raise PolicyError(f"{text}, and this runner is read-only", action=key)

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
        """Raise PolicyError if an action or data source may not send a request."""
        if self.allowed is not None and key not in self.allowed:
            raise PolicyError("is not allowed by the policy of this runner", action=key, hint=_permit(key))
        if not self.read_only:
            return
        if not request.is_safe:
            raise PolicyError(f"would send {request.method}, and this runner is read-only", action=key)
        overrides = [name for name in request.headers if name.lower() in METHOD_OVERRIDES]
        if overrides:
            raise PolicyError(f"header {overrides[0]} is not allowed: this runner is read-only", action=key)


_OTHER_TOOLSET = "Choose another toolset, or allow the action by its key."


def hint_for_callers(error: PolicyError) -> str:
    """Return the hint of an error for someone who calls a server, and so does not own the policy."""
    is_for_owner = error.hint in (_OTHER_TOOLSET, _permit(error.action or ""))
    return "Ask the operator of this server to permit it." if is_for_owner else error.hint


def _permit(key: str) -> str:
    return f'Add "{key}" to allow=[...] to permit it.'


def _keys(argument: str, keys: Iterable[str]) -> frozenset[str]:
    if isinstance(keys, str):
        raise UsageError(f'{argument} must be a list of keys, got "{keys}"', hint=f'Pass {argument}=["{keys}"].')
    return frozenset(keys)


def tags_of(toolset: str | Iterable[str]) -> list[str]:
    """Return the names in a toolset."""
    return [toolset] if isinstance(toolset, str) else list(toolset)
