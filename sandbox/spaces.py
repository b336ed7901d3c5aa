"""Spaces, as the seed has them."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page

api.resource("spaces", required=("id", "slug", "name"))


@api.operation("listSpaces", "GET /spaces", version="v1alpha")
def list_spaces(context: RequestContext) -> Data:
    """List the spaces."""
    return page(context, "spaces", "spaces")


@api.operation("getSpace", "GET /spaces/{spaceId}", version="v1alpha")
def get_space(context: RequestContext) -> Data:
    """Return one space."""
    return {"space": context.require("spaces", "spaceId")}
