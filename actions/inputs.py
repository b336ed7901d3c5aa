"""Inputs that several actions share, and their query parameters."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import MISSING, Field, StringConstraints

from connector import CatalogSettings, Input, Inputs, Pagination, PathSegment

ALPHA = "application/vnd.segment.v1alpha+json"
"""Media type of alpha operations; all others are v1, the default of the connection."""

DEFAULT_COUNT = 50

Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255), PathSegment]
"""An ID in the path of a request."""


def id_input(
    name: str,
    example: str,
    *,
    data_source: str | None = None,
    depends_on: Sequence[str] = (),
    in_catalog: bool = False,
) -> Input:
    """Return the input for the ID of a resource, such as a source or a source type in the catalog."""
    noun = name.lower()
    comments = f"ID of the {noun} type in the catalog." if in_catalog else f"ID of the {noun}."
    label = f"{name} Metadata ID" if in_catalog else f"{name} ID"
    return Input(label=label, comments=comments, example=example, data_source=data_source, depends_on=depends_on)


DestinationId = Annotated[Id, id_input("Destination", "5GFhvtz8fha42Cm4B9E6L8", data_source="destination")]
DestinationMetadataId = Annotated[
    Id, id_input("Destination", "54521fd525e721e32a72ee91", data_source="destinationTypes", in_catalog=True)
]
FunctionId = Annotated[Id, id_input("Function", "sfnc_wXzcDGFR3KmjLDrtSawNHf", data_source="functions")]
SourceId = Annotated[Id, id_input("Source", "rh5BDZp6QDHvXFCkibm1pR", data_source="sources")]
SourceMetadataId = Annotated[Id, id_input("Source", "1bow82lmk", data_source="sourceTypes", in_catalog=True)]
SubscriptionId = Annotated[
    Id, id_input("Subscription", "eoeXaMeAYcB2XvEApJDrQs", data_source="subscriptions", depends_on=("destinationId",))
]
TransformationId = Annotated[Id, id_input("Transformation", "pHrD51Ds35Zjfka84yXQE6", data_source="transformations")]
UserId = Annotated[Id, id_input("User", "sgJDWk3K21k6LE3tLU9nRK", data_source="users")]
WarehouseId = Annotated[Id, id_input("Warehouse", "kjU72LCJexvrqL7G4TMHHN", data_source="warehouses")]
WarehouseMetadataId = Annotated[Id, id_input("Warehouse", "55d3d3aea3c", data_source="warehouseTypes", in_catalog=True)]

ResourceType = Annotated[
    Literal["DESTINATION", "INSERT_DESTINATION", "INSERT_SOURCE", "INSERT_TRANSFORMATION", "SOURCE"],
    Input(
        label="Resource Type",
        comments="Type of the function.",
        choices={
            "DESTINATION": "Destination",
            "INSERT_DESTINATION": "Insert for Destinations",
            "INSERT_SOURCE": "Insert for Sources",
            "INSERT_TRANSFORMATION": "Insert for Transformations",
            "SOURCE": "Source",
        },
    ),
]


def settings(noun: str, example: dict[str, Any], types: str = "") -> Input:
    """Return the input for the settings of a resource, an object whose keys are in the catalog.

    Args:
        noun: The resource.
        example: An example of the settings.
        types: List action that returns the types of the resource in the catalog.
    """
    catalog = CatalogSettings(
        key=f"{noun}Id",
        get=f"get{noun.capitalize()}",
        options=f"data.data.{noun}.metadata.options",
        type_key="metadataId",
        types=types,
    )
    return Input(
        label="Settings",
        comments=f"Settings of the {noun}, by name. See `options` of its type in the catalog.",
        collection="keyvaluelist",
        key_label="Name",
        example=example,
        secret=True,
        settings=catalog if types else None,
    )


class SegmentInputs(Inputs):
    """The region, for connections that do not set one."""

    sample_prefix: ClassVar[str | None] = "000xxx"

    region: (
        Annotated[
            Literal["api", "eu1.api"],
            Input(
                label="Region",
                comments="Region of the workspace. Used only if the connection sets none.",
                choices={"api": "US", "eu1.api": "EU"},
            ),
        ]
        | MISSING
    ) = MISSING


class OneDestination(SegmentInputs):
    """The destination that an action is about."""

    destination_id: DestinationId


class PageInputs(SegmentInputs):
    """The page of a list, or all pages."""

    count: (
        Annotated[
            int,
            Field(ge=1, le=1000),
            Input(
                label="Count",
                comments="Records per page, 1 to 1000. Default: 50, or 200 with Fetch All.",
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
                comments="Cursor of the page to fetch: `pagination.next` of the previous response.",
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
                comments="Fetch every page and return all records.",
                type="boolean",
                example=True,
            ),
        ]
        | MISSING
    ) = MISSING

    def page(self) -> dict[str, Any]:
        """Return the query parameters of this page, as Segment's official Go SDK sends them."""
        count = DEFAULT_COUNT if self.count is MISSING else self.count
        query: dict[str, Any] = {"pagination[count]": count}
        if self.cursor is not MISSING:
            query["pagination[cursor]"] = self.cursor
        return query


def numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    """Return a list as query parameters, `name.0=..&name.1=..`, as Segment's official Go SDK sends them."""
    return {f"{name}.{position}": value for position, value in enumerate(values)}


def lists(name: str) -> Pagination:
    """Return the pagination of an action whose payload is `{"data": {"data": {name: [...], "pagination": {...}}}}`."""
    page = "$.data.data.pagination"
    return Pagination(records=f"$.data.data.{name}", cursor=f"{page}.next", total=f"{page}.totalEntries")
