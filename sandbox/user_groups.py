"""Groups of users."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page

api.resource("userGroups", required=("id", "name"), defaults={"memberCount": 0, "permissions": []})


@api.operation("listUserGroups", "GET /groups")
def list_user_groups(context: RequestContext) -> Data:
    """List the groups of users."""
    return page(context, "userGroups", "userGroups")
