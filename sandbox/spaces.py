"""Spaces and their audiences, as the seed has them."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page

api.resource("spaces", required=("id", "slug", "name"))
api.resource("audiences", scope="spaceId", required=("id", "spaceId", "name", "key"), belongs_to={"spaceId": "spaces"})


@api.operation("listSpaces", "GET /spaces", version="v1alpha")
def list_spaces(context: RequestContext) -> Data:
    """List the spaces."""
    return page(context, "spaces", "spaces")


@api.operation("listAudiences", "GET /spaces/{spaceId}/audiences")
def list_audiences(context: RequestContext) -> Data:
    """List the audiences of a space."""
    space = context.require("spaces", "spaceId")
    return page(context, "audiences", "audiences", scope=space["id"], most=200)
