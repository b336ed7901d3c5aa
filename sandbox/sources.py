"""Sources."""

from __future__ import annotations

import json
import string

from pydantic import Field

from connector.sandbox_kit.record_types import Record

from .errors import invalid
from .operations import (
    SUCCESS,
    Data,
    RequestContext,
    compose,
    new_id,
    new_text,
    operation,
    refuse_dependents,
    show,
    together,
)
from .pagination import page
from .request_bodies import Body, Settings, check_required_settings, known_settings, merged_settings
from .store import Row, dumps


class CreateSource(Body):
    """Of createSource."""

    slug: str
    enabled: bool
    metadata_id: str
    settings: Settings = Field({})
    disconnect_all_warehouses: bool = False


class UpdateSource(Body):
    """Of updateSource."""

    name: str = ""
    enabled: bool = True
    slug: str = ""
    settings: Settings = Field({})


def source_view(call: RequestContext, row: Row) -> str:
    """A source; write keys are empty for a token without Source Admin."""
    if not call.restricted:
        return compose(row.body, row.metadata)
    return compose(dumps(json.loads(row.body) | {"writeKeys": []}), row.metadata)


@operation("listSources", "GET /sources")
def list_sources(call: RequestContext) -> Data:
    """All sources."""
    return page(call, "sources", "sources", view=source_view)


@operation("getSource", "GET /sources/{sourceId}")
def get_source(call: RequestContext) -> Data:
    """One source."""
    source = call.require("sources", "sourceId")
    text = show(call, "sources", source["id"], "source", source_view)
    return f'{text[:-1]},"trackingPlanId":null}}'


@operation("createSource", "POST /sources", status=201, body=CreateSource)
def create_source(call: RequestContext, body: CreateSource) -> Data:
    """Makes a source and connects it to every warehouse."""
    metadata, _ = together(
        lambda: call.refer("sourcesCatalog", "metadataId", body.metadata_id),
        lambda: _check_slug(call, body.slug),
    )
    what = f"createSource {body.slug}"
    settings = known_settings(call, body.settings, metadata, what)
    check_required_settings(call, settings, metadata, what)
    source: Record = {
        "id": new_id(),
        "slug": body.slug,
        "name": body.slug if call.assume("source-name") == "slug" else "",
        "workspaceId": call.workspace["id"],
        "enabled": body.enabled,
        "writeKeys": [new_text(32, string.ascii_letters + string.digits)],
        "settings": settings,
        "labels": [],
        "metadataId": metadata["id"],
    }
    call.store.add("sources", [source])
    if not body.disconnect_all_warehouses:
        call.store.connect_all(source=source["id"])
    return show(call, "sources", source["id"], "source", source_view)


@operation("updateSource", "PATCH /sources/{sourceId}", body=UpdateSource)
def update_source(call: RequestContext, body: UpdateSource) -> Data:
    """Changes what the body holds."""
    source = call.require("sources", "sourceId")
    given = body.given()
    if "slug" in given and given["slug"] != source["slug"]:
        _check_slug(call, given["slug"])
    if "settings" in given:
        metadata = call.refer("sourcesCatalog", "metadataId", source["metadataId"])
        settings = known_settings(call, given["settings"], metadata, f"updateSource {source['id']}")
        given["settings"] = merged_settings(call, source["settings"], settings)
    call.store.put("sources", source | given)
    return show(call, "sources", source["id"], "source", source_view)


@operation("deleteSource", "DELETE /sources/{sourceId}")
def delete_source(call: RequestContext) -> Data:
    """Removes a source with its connections, destinations, their subscriptions, and transformations."""
    id_ = call.require("sources", "sourceId")["id"]
    destinations = call.store.find("destinations", id_)
    dependents = destinations + call.store.find("transformations", id_) + call.store.find("connections", id_)
    refuse_dependents(call, "sourceId", dependents)
    for destination in destinations:
        call.store.remove("subscriptions", scope=destination["id"])
    for kind in ("destinations", "transformations", "connections"):
        call.store.remove(kind, key=id_)
    call.store.remove("sources", id_=id_)
    return SUCCESS


def _check_slug(call: RequestContext, slug: str) -> None:
    if not call.store.find("sources", slug):
        return
    taken = call.assume("slug-taken")
    if taken != "allow":
        raise invalid("slug", "is taken by another source", int(taken))
