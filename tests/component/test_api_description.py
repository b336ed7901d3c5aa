"""The form of `api.json`, and what its reader says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.component.api_description import ApiDescription, RateLimit
from connector.errors import ComponentError

FILE = Path(__file__).parents[2] / "api.json"
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))
API = ApiDescription(FILE)

OPERATION_FACTS = {
    "operationId",
    "tags",
    "summary",
    "parameters",
    "requestBody",
    "responses",
    "x-stability",
    "x-versions",
    "x-feature",
    "x-rate-limit",
    "x-pagination",
    "x-testing",
    "x-other-replies",
    "x-permissions",
    "x-forward-only",
    "x-ends",
}
KEYWORDS = {
    "type",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "anyOf",
    "enum",
    "default",
    "format",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "maxItems",
    "x-from-text",
    "x-secret",
}


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema below one."""
    yield value
    nested = [*value.get("properties", {}).values(), *value.get("anyOf", ())]
    nested += [value[key] for key in ("items", "additionalProperties") if key in value]
    for part in nested:
        yield from schemas_in(part)


def test_file_has_the_bytes_that_the_script_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == json.dumps(DOCUMENT, indent=1, ensure_ascii=False) + "\n"


def test_file_records_the_version_of_the_api_and_the_commits_of_the_sdks() -> None:
    assert API.version == "73.2.0"
    assert DOCUMENT["info"]["x-sources"].keys() == {"python", "typescript"}
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in DOCUMENT["info"]["x-sources"].values())


def test_file_describes_201_operations_with_known_facts_only() -> None:
    assert len(API) == 201
    for operation in API.values():
        assert operation.facts.keys() <= OPERATION_FACTS, operation.id
        assert {"operationId", "tags", "summary", "responses", "x-stability", "x-versions"} <= operation.facts.keys()


def test_file_has_schemas_of_known_keywords_only_and_no_sentence() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        for part in schemas_in(schema):
            assert part.keys() <= KEYWORDS or part.keys() == {"$ref"}, name
            assert "$ref" not in part or part["$ref"].rpartition("/")[2] in schemas, name


def test_every_operation_is_readable_to_its_leaves() -> None:
    for operation in API.values():
        for parameter in operation.parameters:
            assert parameter.in_path == ("{" + parameter.name + "}" in operation.path), operation.id
        inlined = [operation.body_schema, operation.response_schema, *(p.schema for p in operation.parameters)]
        assert "$ref" not in json.dumps(inlined), operation.id
        assert operation.status in {200, 201}
        assert (operation.accept or "").startswith("application/vnd.segment.v1")
        assert (operation.content_type is None) == (operation.body_schema == {})


def test_facts_of_single_operations() -> None:
    """Written by hand from Segment's published documentation."""
    sources, filters, invites = API["listSources"], API["listFiltersForSpace"], API["createInvites"]

    assert (sources.method, sources.path, sources.tag, sources.stability) == ("GET", "/sources", "sources", "v1")
    assert (sources.feature, sources.rate_limits, sources.end) == (None, (), None)
    assert sources.pagination["records"] == "sources"
    assert (filters.stability, filters.feature, filters.pagination["most"]) == ("beta", "Space Filters", 10)
    assert invites.rate_limits == (RateLimit(60, "minute"),)
    assert (invites.status, invites.content_type) == (201, "application/json")
    assert str(API["createAudiencePreview"].rate_limits[1]) == "700 requests per month for each spaceId"
    assert API["replaceMessagingSubscriptionsInSpaces"].end == "December 15, 2025"


def test_find_prefers_the_fixed_segment_and_matches_the_method() -> None:
    assert API.find("post", "/sources/x/live-plugins/create") is API["createLivePlugin"]
    assert API.find("GET", "/sources/x/live-plugins/create") is None
    assert API.find("GET", "/sources/") is None
    assert API.find("GET", "/audit-events") is API["listAuditEvents"]


def test_secrets_in_responses_are_marked() -> None:
    def marked(schema: dict[str, Any]) -> set[str]:
        properties = [pair for part in schemas_in(schema) for pair in part.get("properties", {}).items()]
        return {name for name, part in properties if part.get("x-secret")}

    assert marked(API["getSource"].response_schema) == {"writeKeys", "settings"}
    assert marked(API["createDownload"].response_schema) == {"urls"}
    assert marked(API["getCredential"].response_schema) == {"settings"}
    assert marked(API["listSchemaSettingsInSource"].response_schema) == set()
    assert marked(API["getFunction"].response_schema) == {"previewWebhookUrl"}


@pytest.mark.parametrize("content", ["{", "[]", None], ids=["broken", "list", "missing"])
def test_reader_names_a_file_that_is_not_a_description(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ComponentError, match="invalid API description") as caught:
        list(ApiDescription(file))

    assert str(file) in str(caught.value.problems)
