"""Models of Reverse ETL, as the seed has them."""

from __future__ import annotations

from connector.sandbox_kit import Data, RequestContext

from . import api
from .pagination import page

api.resource(
    "reverseEtlModels",
    key="sourceId",
    required=("id", "sourceId", "name"),
    defaults={"description": "", "enabled": True, "query": "", "queryIdentifierColumn": ""},
    belongs_to={"sourceId": "sources"},
)


@api.operation("listReverseEtlModels", "GET /reverse-etl-models", version="v1alpha")
def list_models(context: RequestContext) -> Data:
    """List the models."""
    return page(context, "models", "reverseEtlModels")
