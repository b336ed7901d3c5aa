"""The raw request: any operation of the API, always on the connection's own host."""

from typing import Annotated

from pydantic import MISSING

import connector
from connector import Difference, Input

from .inputs import SegmentInputs


class RawRequest(connector.RawRequest, SegmentInputs):
    """Inputs of Raw Request, with examples of Segment."""

    url: Annotated[
        str,
        Input(
            label="URL",
            comments="Path below the API's base URL, such as /sources.",
            example="/sources",
        ),
    ]
    headers: (
        Annotated[
            dict[str, str],
            Input(
                label="Header",
                comments="Additional headers. Authorization always comes from the connection.",
                collection="keyvaluelist",
                key_label="Name",
                example={"Accept": "application/vnd.segment.v1beta+json"},
                secret=True,
            ),
        ]
        | MISSING
    ) = MISSING


raw_request = connector.raw_request(
    RawRequest,
    differences=(
        Difference(
            prismatic="sends the token to any host that url names",
            ours="accepts only a path on the host of the connection",
        ),
        Difference(
            prismatic="sends a string without a Content-Type header as a form",
            ours="sends JSON as JSON, and other strings as text",
            input="data",
        ),
        Difference(prismatic="loses status and body of an error", ours="keeps both"),
    ),
)
