"""Actions on lists, whose pages name the next one in the header `Link`."""

from connector import Context, PageInputs, Pagination, Payload, action


@action("listLists", pagination=Pagination(style="link", size=100))
def list_lists(context: Context, inputs: PageInputs) -> Payload:
    """GET /lists."""
    return context.api.get_page("lists", query=inputs.body("count"), link=inputs.cursor)
