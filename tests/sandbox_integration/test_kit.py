"""What a component builds its sandbox from: one module declares a resource, and nothing else names it."""

from __future__ import annotations

import dataclasses
import re
import threading
from pathlib import Path

import pytest
import requests

import connector
from connector.sandbox_kit import (
    ApiError,
    Query,
    RequestContext,
    Resource,
    SandboxApp,
    SandboxError,
    SimulatedApi,
    Workspace,
    sandbox_of,
    serve,
)
from connector.sandbox_kit.asgi_server import serve as serve_app
from connector.sandbox_kit.store import Store
from tests.support.components import write_component

API = """
from connector.sandbox_kit import SimulatedApi

class TinyApi(SimulatedApi):
    def connection(self, token, url):
        return {"key": "token", "fields": {"token": token}}

api = TinyApi(__name__)
"""
STARS = """
from connector.sandbox_kit import Body
from . import api

api.resource("stars", required=("id", "name"), defaults={"color": "red"})
api.assumption("star-color", "The color of a new star", ("red", "blue"))

class CreateStar(Body):
    name: str

@api.operation("createStar", "POST /stars", status=201, body=CreateStar)
def create_star(context, body):
    star = {"id": context.new_id(), "name": body.name, "color": context.assume("star-color")}
    context.store.add("stars", [star])
    return star

@api.operation("getStar", "GET /stars/{starId}")
def get_star(context):
    return context.require("stars", "starId")

@api.operation("deleteStar", "DELETE /stars/{starId}")
def delete_star(context):
    context.delete("stars", "starId")
    return {}
"""
PLANETS = """
from . import api

api.resource("planets", scope="starId", belongs_to={"starId": "stars"})
api.resource("moons", key="planetId", belongs_to={"planetId": "planets"})

@api.command("name-planet")
def name_planet(workspace, id, name):
    \"\"\"Name the planet ID.\"\"\"
    workspace.store.put("planets", workspace.store.get("planets", id) | {"name": name})
    return workspace.store.get("planets", id)
"""
SEED = {
    "stars": [{"id": "s", "name": "Sun"}],
    "planets": [{"id": "p", "starId": "s"}],
    "moons": [{"id": "m", "planetId": "p"}],
}


def write_tiny(folder: Path, key: str = "tiny") -> connector.Component:
    manifest = write_component(folder, key)
    manifest.write_text(manifest.read_text() + "sandbox: sandbox\n")
    (folder / "sandbox").mkdir()
    for name, code in (("__init__", API), ("stars", STARS), ("planets", PLANETS)):
        (folder / "sandbox" / f"{name}.py").write_text(code)
    return connector.load_component(manifest)


@pytest.fixture
def tiny(tmp_path: Path) -> connector.Component:
    return write_tiny(tmp_path / "tiny")


def test_resource_is_in_seeds_dumps_and_commands_without_a_list(tiny: connector.Component) -> None:
    with Workspace(sandbox_of(tiny), seed=SEED) as workspace:
        assert workspace.dump()["planets"] == [{"id": "p", "starId": "s"}]
        assert workspace.stars == [{"color": "red", "id": "s", "name": "Sun"}]
        assert workspace.name_planet("p", "Earth")["name"] == "Earth"
        assert [each["name"] for each in workspace.planets] == ["Earth"]
        assert "star-color" in sandbox_of(tiny).assumptions


def test_seed_may_leave_out_a_resource(tiny: connector.Component) -> None:
    with Workspace(sandbox_of(tiny), seed={}) as workspace:
        dumped = workspace.dump()
        assert dumped == {
            **{name: dumped[name] for name in ("tokens", "workspace")},
            **{name: [] for name in ("stars", "planets", "moons")},
        }


def test_deleting_a_record_deletes_what_belongs_to_it_at_every_depth(tiny: connector.Component) -> None:
    with serve(tiny, seed=SEED) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        sandbox.set_assumption("delete-cascade", "409")
        assert requests.delete(f"{sandbox.url}/stars/s", headers=headers, timeout=5).status_code == 409
        sandbox.set_assumption("delete-cascade", "cascade")
        assert requests.delete(f"{sandbox.url}/stars/s", headers=headers, timeout=5).status_code == 200
        assert (sandbox.stars, sandbox.planets, sandbox.moons) == ([], [], [])


def test_record_with_the_id_of_another_one_is_409(tiny: connector.Component) -> None:
    with serve(tiny, seed=SEED) as sandbox:
        sandbox.handler._random.choices = lambda *_args, **_more: ["s"]
        response = requests.post(
            f"{sandbox.url}/stars",
            json={"name": "Sirius"},
            headers={"Authorization": f"Bearer {sandbox.token}"},
            timeout=5,
        )
        assert response.status_code == 409
        assert response.json() == {"errors": [{"message": 'a record with the id "s" already exists in stars'}]}
        assert [each["name"] for each in sandbox.stars] == ["Sun"]


def test_reference_to_a_missing_record_is_a_problem_of_the_seed(tiny: connector.Component) -> None:
    with pytest.raises(SandboxError, match=r'planets\.0\.starId: no record "x" in stars'):
        Workspace(sandbox_of(tiny), seed={"planets": [{"id": "p", "starId": "x"}]})


def test_same_component_in_two_folders_has_two_sandboxes(tmp_path: Path) -> None:
    one, other = write_tiny(tmp_path / "one"), write_tiny(tmp_path / "other")
    (tmp_path / "other" / "sandbox" / "comets.py").write_text('from . import api\napi.resource("comets")\n')
    assert "comets" not in sandbox_of(one).resources
    assert "comets" in sandbox_of(other).resources
    with serve(one, seed=SEED) as first, serve(other) as second:
        assert [len(each.stars) for each in (first, second)] == [1, 0]


def test_threads_that_ask_first_see_every_resource(tiny: connector.Component) -> None:
    api = tiny.module("sandbox").api
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(len(api.resources))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [3] * 8


def test_module_that_cannot_be_imported_is_named_again_and_again(tmp_path: Path) -> None:
    tiny = write_tiny(tmp_path / "tiny")
    (tmp_path / "tiny" / "sandbox" / "broken.py").write_text("raise ValueError('broken')")
    for _ in range(2):
        with pytest.raises(connector.errors.ComponentError, match="ValueError: broken"):
            sandbox_of(tiny)


def test_fixed_workspaces_create_the_same_ids_and_do_not_repeat_them(tiny: connector.Component, tmp_path: Path) -> None:
    def create(path: Path | None) -> str:
        with Workspace(sandbox_of(tiny), path, fixed=True) as workspace:
            return workspace.handler.new_id()

    assert create(None) == create(None)
    with Workspace(sandbox_of(tiny), tmp_path / "w.sqlite", fixed=True) as workspace:
        first = workspace.handler.new_id()
        workspace.store.add("stars", [{"id": first, "name": "Sun"}])
    assert create(tmp_path / "w.sqlite") != first


@pytest.mark.parametrize("declare", ["resource", "operation", "assumption"])
def test_second_declaration_of_a_name_is_an_error(declare: str) -> None:
    api = SimulatedApi(__name__)

    def twice() -> None:
        for _ in range(2):
            if declare == "resource":
                api.resource("stars")
            elif declare == "operation":
                api.operation("getStar", "GET /stars/{id}")(lambda context: {})
            else:
                api.assumption("cursors", "x", ("1", "2"))

    with pytest.raises(ValueError, match="is declared twice"):
        twice()


def test_field_that_deletion_follows_must_be_indexed() -> None:
    with pytest.raises(ValueError, match="planets: belongs_to needs starId as scope or key"):
        Resource("planets", belongs_to={"starId": "stars"})


def test_id_that_is_a_string_is_rejected() -> None:
    with pytest.raises(TypeError, match=r'bins: id must be a tuple of fields, such as \("binId",\), got "binId"'):
        SimulatedApi(__name__).resource("bins", id="binId")


KEYED = """
from connector.sandbox_kit import SimulatedApi

class KeyedApi(SimulatedApi):
    def token_of(self, headers):
        return headers.get("x-key", "")

    def connection(self, token, url):
        return {"key": "token", "fields": {"token": token}}

api = KeyedApi(__name__)
"""


def test_each_api_has_its_own_place_for_the_token(tiny: connector.Component, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "keyed", key="keyed")
    (tmp_path / "keyed" / "sandbox" / "__init__.py").write_text(KEYED)
    first, second = Workspace(sandbox_of(tiny), token="first-token"), Workspace(sandbox_of(other), token="second-token")
    with first, second, serve_app(SandboxApp([first, second])) as url:

        def status(headers: dict[str, str]) -> int:
            return requests.post(f"{url}/stars", json={"name": "Sirius"}, headers=headers, timeout=5).status_code

        assert status({"Authorization": "Bearer first-token"}) == 201
        assert status({"X-Key": "second-token"}) == 201
        assert status({"Authorization": "Bearer second-token"}) == 401
        assert status({"X-Key": "first-token"}) == 401
        assert (len(first.stars), len(second.stars)) == (1, 1)


@pytest.mark.parametrize(
    "header", ["Basic ###", "Basic /w==", "Basic bm8tY29sb24=", "Bearer access9.wrong", "", "Digest x"]
)
def test_invalid_credentials_get_no_access_token(tiny: connector.Component, header: str) -> None:
    api = sandbox_of(tiny)
    api.grant_access_tokens("POST /token")
    with Workspace(api) as workspace, serve_app(SandboxApp([workspace])) as url:
        response = requests.post(f"{url}/token", headers={"Authorization": header}, timeout=5)

    assert (response.status_code, response.json()) == (401, {"errors": [{"message": "Unauthorized"}]})


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", 5), ("n=7", 7), ("n=0", None), ("n=10", None), ("n=", None), ("n=٣", None), ("n=1e3", None), ("n=6&n=8", 8)],
)
def test_integer_of_a_query_is_within_its_bounds(query: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(ApiError, match='"n" must be an integer from 1 to 9'):
            Query(query).integer("n", 5, least=1, most=9)
    else:
        assert Query(query).integer("n", 5, least=1, most=9) == expected


def test_page_of_the_kit_names_what_exists() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox-kit.md").read_text(encoding="utf-8")
    fields = {field.name for field in dataclasses.fields(RequestContext)}

    assert {
        name for name in re.findall(r"^\| `(\w+)\(", page, re.MULTILINE) if not hasattr(SimulatedApi, name)
    } == set()
    used = set(re.findall(r"\bcontext\.(\w+)", page))
    assert {name for name in used - fields if not hasattr(RequestContext, name)} == set()
    row = next(line for line in page.splitlines() if line.startswith("| records |"))
    assert {name for name in re.findall(r"\.(\w+)`|store\.(\w+)\(", row) if not hasattr(Store, "".join(name))} == set()
    declared = set(re.findall(r"\bapi\.(\w+)\(", page))
    assert {"resource", "operation", "assumption", "command", "grant_access_tokens"} <= declared
    assert {name for name in declared if not hasattr(SimulatedApi, name)} == set()
