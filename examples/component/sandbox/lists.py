"""Simulated lists."""

from connector.sandbox_kit import Data, RequestContext, dumps

from . import api

api.resource("lists", required=("id", "name"), standard=True)


@api.operation("listLists", "GET /lists")
def list_lists(context: RequestContext) -> Data:
    """Return one page as a JSON list, and name the next page in the header `Link`."""
    count, page = context.query.integer("count", 20, least=1), context.query.integer("page", 1, least=1)
    lists, end = context.store.all("lists"), count * page
    if end < len(lists):
        context.response_headers["Link"] = f'</lists?count={count}&page={page + 1}>; rel="next"'
    return dumps(lists[end - count : end])
