"""The script that makes `api.json`, run on a miniature of the two SDKs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

ROOT = Path(__file__).parents[1]

MODELS = '''
class Color(str, Enum):
    RED = "RED"
    BLUE = "BLUE"

class Config(BaseModel):
    any_of_schemas: Set[str] = {"Paint", "Page"}

class Paint(BaseModel):
    """A sentence that is not copied."""
    color: Optional[Color] = None
    layers: StrictInt = Field(description="How many, between 1 and 9. Defaults to 2.")
    kind: StrictStr = Field(description="Either.", alias="paintKind")
    writeKeys: Optional[List[StrictStr]] = None
    settings: Optional[Dict[str, Any]] = None
    note: Optional[StrictStr] = None
    __properties: ClassVar[List[str]] = ["color"]

    @field_validator('kind')
    def kind_validate_enum(cls, value):
        if value not in set(['OIL', 'WATER']):
            raise ValueError("no")
        return value

    def to_dict(self):
        if self.note is None and "note" in self.model_fields_set:
            _dict['note'] = None
        return _dict

class Page(BaseModel):
    count: Optional[StrictInt] = Field(default=None, description="min 1, max 10")
    cursor: Optional[StrictStr] = None

class PaintList(BaseModel):
    paints: List[Paint]
    pagination: Page

class ListPaints200Response(BaseModel):
    data: Optional[PaintList] = None

class PutPaint200Response(BaseModel):
    data: Optional[Paint] = None

class RequestErrorEnvelope(BaseModel):
    errors: List[Any]

class Unused(BaseModel):
    x: StrictStr
'''

API = '''
class HousePaintsApi:
    def list_paints(self, room_id: StrictStr, order: Optional[StrictStr] = None, pagination: Optional[Page] = None,
                    _request_timeout: Any = None) -> ListPaints200Response:
        """List Paints

        Lists. The rate limit for this endpoint is 1,200 requests per minute. The workspace
        needs to have the Rooms feature enabled.

        :param room_id: (required)
        :param order: Defaults to `asc`.
        """
        _response_types_map: Dict[str, Optional[str]] = {'200': "ListPaints200Response", '404': "RequestErrorEnvelope"}

    def _list_paints_serialize(self, room_id, order, pagination):
        _path_params['roomId'] = room_id
        _query_params.append(('order', order))
        _query_params.append(('pagination', pagination))
        _header_params['Accept'] = self.api_client.select_header_accept(
            ['application/vnd.segment.v1beta+json', 'application/vnd.segment.v1alpha+json', 'application/json'])
        return self.api_client.param_serialize(method='GET', resource_path='/rooms/{roomId}/paints')

    def put_paint(self, room_id: StrictStr, paint: Paint) -> PutPaint200Response:
        """Put Paint"""
        _response_types_map: Dict[str, Optional[str]] = {'201': "PutPaint200Response", '429': "RequestErrorEnvelope"}

    def _put_paint_serialize(self, room_id, paint):
        _path_params['roomId'] = room_id
        _body_params = paint
        _header_params['Accept'] = self.api_client.select_header_accept(['application/vnd.segment.v1+json'])
        _content = self.api_client.select_header_content_type(['application/vnd.segment.v1+json', 'application/json'])
        return self.api_client.param_serialize(method='PUT', resource_path='/rooms/{roomId}/paints')
'''

TYPESCRIPT = """
  public async listPAINTS(roomId: string, order?: 'asc' | 'desc', pagination?: Page): Promise<{}> {
    const localVarPath = this.basePath + '/rooms/{roomId}/paints'.replace();
    let options = { method: 'GET' };
  }
  public async putPaint(roomId: string, Paint: Paint): Promise<{}> {
    const localVarPath = this.basePath +
      '/rooms/{roomId}/paints'.replace();
    let options = { method: 'PUT' };
  }
"""


def write_sdks(folder: Path) -> None:
    package = folder / "public-api-sdk-python" / "segment_public_api"
    files = {
        package / "__init__.py": '__version__ = "99.1.0"\n',
        package / "models" / "all.py": MODELS,
        package / "api" / "house_paints_api.py": API,
        folder / "public-api-sdk-typescript" / "api" / "paintsApi.ts": TYPESCRIPT,
    }
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in ("public-api-sdk-python", "public-api-sdk-typescript"):
        git = ["git", "-C", str(folder / name), "-c", "user.name=n", "-c", "user.email=e"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sdks")
    write_sdks(folder)
    command = [sys.executable, "-m", "scripts.make_api", str(folder), "--out", str(folder / "api.json")]
    subprocess.run(command, check=True, cwd=ROOT)
    created: dict[str, Any] = from_json((folder / "api.json").read_bytes())
    return created


def test_script_records_the_version_and_the_commit_of_each_sdk(document: dict[str, Any]) -> None:
    assert document["info"]["version"] == "99.1.0"
    assert {len(commit) for commit in document["info"]["x-sources"].values()} == {40}


def test_script_describes_a_list_operation(document: dict[str, Any]) -> None:
    facts = document["paths"]["/rooms/{roomId}/paints"]["get"]

    assert facts == {
        "operationId": "listPAINTS",
        "tags": ["House Paints"],
        "summary": "List Paints",
        "parameters": [
            {"name": "roomId", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
            {
                "name": "order",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "default": "asc", "x-from-text": ["default"], "enum": ["asc", "desc"]},
            },
            {
                "name": "pagination",
                "in": "query",
                "required": False,
                "schema": {"$ref": "#/components/schemas/Page"},
                "style": "deepObject",
                "explode": True,
            },
        ],
        "responses": {
            "200": {
                "description": "OK",
                "content": {
                    "application/vnd.segment.v1beta+json": {
                        "schema": {
                            "type": "object",
                            "properties": {"data": {"$ref": "#/components/schemas/PaintList"}},
                        }
                    }
                },
            },
            "404": {"$ref": "#/components/responses/404"},
        },
        "x-stability": "beta",
        "x-versions": ["v1beta", "v1alpha"],
        "x-rate-limit": [{"requests": 1200, "per": "minute"}],
        "x-feature": "Rooms",
        "x-pagination": {
            "cursor": "pagination.cursor",
            "size": "pagination.count",
            "records": "paints",
            "next": "pagination.next",
            "most": 10,
        },
    }


def test_script_describes_the_body_of_a_write(document: dict[str, Any]) -> None:
    facts = document["paths"]["/rooms/{roomId}/paints"]["put"]

    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Paint"}}}
    assert facts["requestBody"] == {"required": True, "content": body}
    assert facts["responses"].keys() == {"201", "429"}


def test_script_reads_models_and_leaves_out_what_no_operation_reaches(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas.keys() == {"Color", "Page", "Paint", "PaintList", "RequestErrorEnvelope"}
    assert schemas["Paint"] == {
        "type": "object",
        "properties": {
            "color": {"$ref": "#/components/schemas/Color"},
            "layers": {
                "type": "integer",
                "minimum": 1,
                "maximum": 9,
                "default": 2,
                "x-from-text": ["default", "maximum", "minimum"],
            },
            "paintKind": {"type": "string", "enum": ["OIL", "WATER"]},
            "writeKeys": {"type": "array", "items": {"type": "string"}, "x-secret": True},
            "settings": {"type": "object", "x-secret": True},
            "note": {"type": ["string", "null"]},
        },
        "required": ["layers", "paintKind"],
    }
