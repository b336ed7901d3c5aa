"""Lists of tasks."""

from connector.sandbox_kit import Data, RequestContext

from . import api

api.resource("lists", required=("id", "name"), standard=True)


@api.operation("listLists", "GET /lists")
def list_lists(context: RequestContext) -> Data:
    """Return every list."""
    return {"lists": context.store.all("lists")}
