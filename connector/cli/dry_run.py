"""`--dry-run`: reads are performed, the first write is shown instead of sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.cli.masking import Mask
from connector.hookspecs import hookimpl

if TYPE_CHECKING:
    from connector.component.context import Context
    from connector.rest import Request, Response


class WouldSendError(Exception):
    """Ends an action at its first write; `request` is that write as it may be shown."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__("a write would be sent")
        self.request = request


class DryRun:
    """A plugin that lets nothing but reads through."""

    @hookimpl(tryfirst=True)
    def send_request(self, context: Context, request: Request) -> Response | None:
        """Leave a read to whoever sends it.

        Raises:
            WouldSendError: The request is a write.
        """
        if request.is_safe:
            return None
        assert context.inputs is not None  # noqa: S101 - an action that sends has been started with its inputs
        raise WouldSendError(Mask(context.inputs, context.endpoint).request(request))
