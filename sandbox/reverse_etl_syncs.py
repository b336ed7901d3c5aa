"""Syncs of Reverse ETL models. They finish at once and deliver nothing."""

from __future__ import annotations

from connector.sandbox_kit import Body, Data, Record, RequestContext, run_checks

from . import api
from .segment import timestamp

api.resource(
    "reverseEtlSyncs",
    id=("syncId",),
    key="modelId",
    required=("syncId", "modelId", "sourceId", "startedAt"),
    defaults={"syncStatus": "SUCCESS", "duration": "0s"},
    belongs_to={"modelId": "reverseEtlModels"},
)


class CreateSync(Body):
    """Body of createReverseETLManualSync."""

    source_id: str
    model_id: str
    subscription_id: str


@api.operation("createReverseETLManualSync", "POST /reverse-etl-syncs", body=CreateSync, version="v1alpha")
def create_sync(context: RequestContext, body: CreateSync) -> Data:
    """Sync a model."""
    source, model = run_checks(
        lambda: context.refer("sources", "sourceId", body.source_id),
        lambda: context.refer("reverseEtlModels", "modelId", body.model_id),
    )
    now = timestamp(context)
    times = {"startedAt": now, "finishedAt": now}
    sync: Record = {
        "syncId": context.new_id(),
        "modelId": model["id"],
        "sourceId": source["id"],
        "syncStatus": "SUCCESS",
        "duration": "0s",
        **times,
        "extractPhase": {
            **dict.fromkeys(("addedCount", "updatedCount", "deletedCount", "extractCount"), "0"),
            "errorCode": "",
            **times,
        },
        "loadPhase": {"deliverSuccessCount": "0", "deliverFailureCount": "0", "errorCode": "", **times},
    }
    context.store.add("reverseEtlSyncs", [sync])
    return {"reverseETLManualSync": {"syncId": sync["syncId"], "startedAt": now}}


@api.operation("getReverseETLSyncStatus", "GET /reverse-etl-models/{modelId}/syncs/{syncId}", version="v1alpha")
def get_sync_status(context: RequestContext) -> Data:
    """Return the status of a sync."""
    model, sync = context.require("reverseEtlModels", "modelId"), context.require("reverseEtlSyncs", "syncId")
    if sync["modelId"] != model["id"]:
        raise context.missing("syncId")
    return {"reverseETLSyncStatus": sync}
