"""The inputs that list actions share."""

from typing import Annotated

from pydantic import MISSING, Field

from connector.component.inputs import Input, Inputs


class PageInputs(Inputs):
    """The page of a list, or all pages, for every style of `Pagination`.

    `cursor` names the page as the style does: by a cursor, a link, an offset, or a number. A subclass can declare
    `count` again, with the bounds of its service.
    """

    count: (
        Annotated[int, Field(ge=1), Input(label="Count", comments="Number of records per page.", example=50)] | MISSING
    ) = MISSING
    cursor: (
        Annotated[
            str,
            Input(
                label="Cursor",
                comments="Page to fetch, as the previous response names it. Default: the first page.",
                example="50",
            ),
        ]
        | MISSING
    ) = MISSING
    fetch_all: (
        Annotated[
            bool,
            Input(
                label="Fetch All",
                comments="Fetch every page and return all records.",
                type="boolean",
                example=True,
            ),
        ]
        | MISSING
    ) = MISSING
