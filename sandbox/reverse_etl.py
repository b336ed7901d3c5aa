"""Models of Reverse ETL."""

from __future__ import annotations

from connector.sandbox_kit import Body, Data, RequestContext

from . import api
from .pagination import page
from .segment import SUCCESS

api.resource(
    "reverseEtlModels",
    key="sourceId",
    required=("id", "sourceId", "name"),
    defaults={"description": "", "enabled": True, "query": "", "queryIdentifierColumn": ""},
    belongs_to={"sourceId": "sources"},
)

_MODEL = "/reverse-etl-models/{modelId}"


class UpdateModel(Body):
    """Body of updateReverseEtlModel."""

    name: str = ""
    description: str = ""
    enabled: bool = True
    query: str = ""
    query_identifier_column: str = ""


class CreateModel(Body):
    """Body of createReverseEtlModel."""

    source_id: str
    name: str
    description: str
    enabled: bool
    query: str
    query_identifier_column: str


@api.operation("listReverseEtlModels", "GET /reverse-etl-models", version="v1alpha")
def list_models(context: RequestContext) -> Data:
    """List the models."""
    return page(context, "models", "reverseEtlModels")


@api.operation("getReverseEtlModel", f"GET {_MODEL}", version="v1alpha")
def get_model(context: RequestContext) -> Data:
    """Return one model."""
    return {"reverseEtlModel": context.require("reverseEtlModels", "modelId")}


@api.operation("createReverseEtlModel", "POST /reverse-etl-models", status=201, body=CreateModel, version="v1alpha")
def create_model(context: RequestContext, body: CreateModel) -> Data:
    """Create a model of a source."""
    context.refer("sources", "sourceId", body.source_id)
    model = {"id": context.new_id()} | body.set_fields()
    context.store.add("reverseEtlModels", [model])
    return {"reverseEtlModel": model}


@api.operation("updateReverseEtlModel", f"PATCH {_MODEL}", body=UpdateModel, version="v1alpha")
def update_model(context: RequestContext, body: UpdateModel) -> Data:
    """Change the fields that the body sets."""
    model = context.require("reverseEtlModels", "modelId") | body.set_fields()
    context.store.put("reverseEtlModels", model)
    return {"reverseEtlModel": model}


@api.operation("deleteReverseEtlModel", f"DELETE {_MODEL}", version="v1alpha")
def delete_model(context: RequestContext) -> Data:
    """Delete a model."""
    context.delete("reverseEtlModels", "modelId")
    return SUCCESS
