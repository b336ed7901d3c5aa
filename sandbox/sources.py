"""Sources."""

from __future__ import annotations

import json
import re
import string

from pydantic import Field

from connector.sandbox_kit import Body, Data, Record, RequestContext, Row, compose, dumps, invalid, run_checks

from . import api
from .connections import connect_source
from .function_types import refer_type
from .pagination import page
from .segment import SUCCESS
from .settings import Settings, changed_settings, new_settings
from .source_tracking_plans import tracking_plan_of

api.assumption(
    "invalid-slug", "A slug with characters other than letters, digits, `-` and `_`, or none", ("accept", "422")
)
api.assumption("slug-taken", "A source slug that another source has", ("422", "409", "allow"))
api.assumption(
    "source-name",
    "The name of a new source",
    ("slug", "empty"),
    "one documented example of createSource shows the slug, another one an empty name",
)


class CreateSource(Body):
    """Body of createSource."""

    slug: str
    enabled: bool
    metadata_id: str
    settings: Settings = Field({})
    disconnect_all_warehouses: bool = False


class UpdateSource(Body):
    """Body of updateSource."""

    name: str = ""
    enabled: bool = True
    slug: str = ""
    settings: Settings = Field({})


def source_view(context: RequestContext, row: Row) -> str:
    """Return a source; write keys are empty for a token without Source Admin."""
    if not context.restricted:
        return compose(row.body, row.metadata)
    return compose(dumps(json.loads(row.body) | {"writeKeys": []}), row.metadata)


api.resource(
    "sources",
    key="slug",
    catalog="sourcesCatalog",
    required=("id", "slug", "metadataId"),
    defaults={"name": "", "enabled": True, "writeKeys": [], "settings": {}, "labels": []},
    in_workspace=True,
    view=source_view,
)


@api.operation("listSources", "GET /sources")
def list_sources(context: RequestContext) -> Data:
    """List the sources."""
    return page(context, "sources", "sources")


@api.operation("getSource", "GET /sources/{sourceId}")
def get_source(context: RequestContext) -> Data:
    """Return one source."""
    source = context.require("sources", "sourceId")
    data = context.show("sources", source["id"], "source")
    # The API shows the tracking plan beside the source, not in it.
    return f'{data[:-1]},"trackingPlanId":{dumps(tracking_plan_of(context, source["id"]))}}}'


@api.operation("createSource", "POST /sources", status=201, body=CreateSource)
def create_source(context: RequestContext, body: CreateSource) -> Data:
    """Create a source and connect it to every warehouse."""
    metadata, _ = run_checks(
        lambda: refer_type(context, "sourcesCatalog", body.metadata_id),
        lambda: _check_slug(context, body.slug),
    )
    what = f"createSource {body.slug}"
    settings = new_settings(context, body.settings, metadata, what)
    source: Record = {
        "id": context.new_id(),
        "slug": body.slug,
        "name": body.slug if context.assume("source-name") == "slug" else "",
        "workspaceId": context.workspace["id"],
        "enabled": body.enabled,
        "writeKeys": [context.new_text(32, string.ascii_letters + string.digits)],
        "settings": settings,
        "labels": [],
        "metadataId": metadata["id"],
    }
    context.store.add("sources", [source])
    if not body.disconnect_all_warehouses:
        connect_source(context, source["id"])
    return context.show("sources", source["id"], "source")


@api.operation("updateSource", "PATCH /sources/{sourceId}", body=UpdateSource)
def update_source(context: RequestContext, body: UpdateSource) -> Data:
    """Change the fields that the body sets."""
    source = context.require("sources", "sourceId")
    changes = body.set_fields()
    if "slug" in changes and changes["slug"] != source["slug"]:
        _check_slug(context, changes["slug"])
    if "settings" in changes:
        metadata = context.refer("sourcesCatalog", "metadataId", source["metadataId"])
        what = f"updateSource {source['id']}"
        changes["settings"] = changed_settings(context, source["settings"], changes["settings"], metadata, what)
    context.store.put("sources", source | changes)
    return context.show("sources", source["id"], "source")


@api.operation("deleteSource", "DELETE /sources/{sourceId}")
def delete_source(context: RequestContext) -> Data:
    """Delete a source with its connections, destinations, their subscriptions, and its transformations."""
    context.delete("sources", "sourceId")
    return SUCCESS


def _check_slug(context: RequestContext, slug: str) -> None:
    if not re.fullmatch(r"[\w-]+", slug, re.ASCII) and context.assume("invalid-slug") == "422":
        raise invalid("slug", "must consist of letters, digits, hyphens and underscores")
    if not context.store.find("sources", slug):
        return
    taken = context.assume("slug-taken")
    if taken != "allow":
        raise invalid("slug", "is already used by another source", int(taken))
