"""The inputs that actions share, and how a page is asked for."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import MISSING, Field

from connector import Input, Inputs, Pagination, PathSegment

ALPHA = "application/vnd.segment.v1alpha+json"
"""Media type of the operations that are alpha; every other is v1, which the connection asks for."""

DEFAULT_COUNT = 50

_ID = Field(min_length=1, max_length=255)

DestinationId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Destination ID",
        comments="The id of the Destination.",
        example="5GFhvtz8fha42Cm4B9E6L8",
        data_source="destination",
    ),
]
DestinationMetadataId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Destination Metadata ID",
        comments="The id of a kind of Destination in the Segment catalog; see Get Destination Catalog.",
        example="54521fd525e721e32a72ee91",
    ),
]
FunctionId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(label="Function ID", comments="The id of the Function.", example="sfnc_wXzcDGFR3KmjLDrtSawNHf"),
]
SourceId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Source ID",
        comments="The id of the Source.",
        example="rh5BDZp6QDHvXFCkibm1pR",
        data_source="sources",
    ),
]
SourceMetadataId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Source Metadata ID",
        comments="The id of a kind of Source in the Segment catalog; see Get Sources Catalog.",
        example="1bow82lmk",
    ),
]
SubscriptionId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Subscription ID",
        comments="The id of the Destination subscription.",
        example="eoeXaMeAYcB2XvEApJDrQs",
    ),
]
TransformationId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(label="Transformation ID", comments="The id of the Transformation.", example="pHrD51Ds35Zjfka84yXQE6"),
]
UserId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(label="User ID", comments="The id of the user.", example="sgJDWk3K21k6LE3tLU9nRK"),
]
WarehouseId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Warehouse ID",
        comments="The id of the Warehouse.",
        example="kjU72LCJexvrqL7G4TMHHN",
        data_source="warehouses",
    ),
]
WarehouseMetadataId = Annotated[
    str,
    _ID,
    PathSegment,
    Input(
        label="Warehouse Metadata ID",
        comments="The id of a kind of Warehouse in the Segment catalog; see Get Warehouses Catalog.",
        example="55d3d3aea3c",
    ),
]

ResourceType = Annotated[
    Literal["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"],
    Input(
        label="Resource Type",
        comments="What kind of Function it is.",
        choices={
            "DESTINATION": "Destination",
            "INSERT_DESTINATION": "Insert for Destinations",
            "INSERT_SOURCE": "Insert for Sources",
            "INSERT_TRANSFORMATION": "Insert for Transformations",
            "SOURCE": "Source",
        },
    ),
]


def settings(of: str, example: dict[str, Any]) -> Input:
    """The settings of a resource: an object, whose keys its kind in the catalog lists."""
    return Input(
        label="Settings",
        comments=f"Settings of the {of} by name. Its kind in the Segment catalog lists the names under options.",
        collection="keyvaluelist",
        key_label="Name",
        example=example,
        secret=True,
    )


class SegmentInputs(Inputs):
    """The region, for connections that do not set one."""

    sample_prefix: ClassVar[str | None] = "000xxx"

    region: (
        Annotated[
            Literal["api", "eu1.api"],
            Input(
                label="Region",
                comments="Region of the Workspace, where the connection does not set it.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING


class PageInputs(SegmentInputs):
    """Which page of a list, or all of them."""

    count: (
        Annotated[
            int,
            Field(ge=1, le=1000),
            Input(
                label="Count",
                comments="Records a page, from 1 to 1000; 50 unless given, 200 when fetching all.",
                example=50,
                default="50",
            ),
        ]
        | MISSING
    ) = MISSING
    cursor: (
        Annotated[
            str,
            Input(
                label="Cursor",
                comments="The page to begin with: pagination.next of an earlier answer.",
                example="MA==",
            ),
        ]
        | MISSING
    ) = MISSING
    fetch_all: (
        Annotated[
            bool,
            Input(
                label="Fetch All",
                in_prismatic=False,
                comments="Follow every page and answer all records in one payload.",
                type="boolean",
                example=True,
            ),
        ]
        | MISSING
    ) = MISSING

    def page(self) -> dict[str, Any]:
        """Query parameters of this page, in the form that the official Go SDK sends."""
        count = DEFAULT_COUNT if self.count is MISSING else self.count
        query: dict[str, Any] = {"pagination[count]": count}
        if self.cursor is not MISSING:
            query["pagination[cursor]"] = self.cursor
        return query


def numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    """A list as query parameters, `name.0=..&name.1=..`, in the form that the official Go SDK sends."""
    return {f"{name}.{position}": value for position, value in enumerate(values)}


def lists(name: str) -> Pagination:
    """An action that answers `{"data": {"data": {name: [...], "pagination": {...}}}}`."""
    page = "$.data.data.pagination"
    return Pagination(records=f"$.data.data.{name}", cursor=f"{page}.next", total=f"{page}.totalEntries")
