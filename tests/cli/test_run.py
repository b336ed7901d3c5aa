from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
from pydantic import MISSING

from connector import Input, Inputs
from connector.cli.empty_inputs import empty_input_notes
from connector.sandbox_kit.sandbox import Sandbox
from tests.cli.conftest import Command, Ended
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

PAGE = {"data": {"sources": [{"id": "a", "slug": "one"}, {"id": "b", "slug": "zwei ü"}], "pagination": {}}}


def page(records: list[str], following: str | None) -> dict[str, object]:
    sources = [{"id": record, "slug": record.upper()} for record in records]
    return {"data": {"sources": sources, "pagination": {"current": "c", "next": following}}}


def pages(request: ReceivedRequest) -> ServerResponse:
    cursor = dict(request.query).get("pagination[cursor]")
    return ServerResponse(page(["a", "b"], "second") if cursor is None else page(["c"], None))


def test_payload_is_the_only_thing_on_standard_output(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)
    ended = command("run", "listSources", "-i", "count=10")

    assert (ended.code, ended.json, ended.err) == (0, {"data": PAGE}, "")
    assert dict(server.requests[0].query) == {"pagination[count]": "10"}
    assert server.requests[0].headers["Authorization"] == "Bearer tok-4711-very-secret"


def test_payload_is_indented_and_keeps_other_alphabets(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)

    assert '        {\n          "id": "b",\n          "slug": "zwei ü"\n' in command("run", "listSources").out


def test_characters_that_utf8_cannot_hold_are_escaped(command: Command, server: LoopbackServer) -> None:
    server.answer(ServerResponse(rb'{"data": {"name": "\ud800"}}'))
    ended = command("run", "getSource", "-i", "sourceId=a")

    assert json.loads(ended.out) == {"data": {"data": {"name": "\ud800"}}}


def test_texts_are_read_as_what_the_input_is(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    settings = '{"websiteUrl": "https://example.com"}'
    command("run", "updateSource", "-i", "sourceId=a", "-i", "enabled=false", "-i", f"settings={settings}")

    assert server.requests[0].json == {"enabled": False, "settings": {"websiteUrl": "https://example.com"}}


def test_colon_equals_takes_json(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    command("run", "updateWarehouse", "-i", "warehouseId=a", "-i", "name:=null", "-i", 'settings:={"a": [1]}')

    assert server.requests[0].json == {"name": None, "settings": {"a": [1]}}


def test_empty_string_is_sent_if_it_is_named(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}}, {"data": {}})
    command("run", "updateSource", "-i", "sourceId=a", "-i", 'name:=""', "-i", "slug=s")
    command("run", "updateSource", "-i", "sourceId=a", "-i", "name=", "-i", "slug=s")

    assert [request.json for request in server.requests] == [{"name": "", "slug": "s"}, {"slug": "s"}]


def test_name_that_comes_again_makes_a_list(command: Command, server: LoopbackServer) -> None:
    server.answer({"data": {}})
    command("run", "deleteUser", "--yes", "-i", "userIds=a", "-i", "userIds=b")

    assert server.requests[0].query == [("userIds.0", "a"), ("userIds.1", "b")]


def test_at_sign_reads_a_file(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer({"data": {}})
    text, options = tmp_path / "name.txt", tmp_path / "settings.json"
    text.write_text("a = 1\n", encoding="utf-8")
    options.write_text('{"a": [1]}', encoding="utf-8")
    command("run", "updateWarehouse", "-i", "warehouseId=a", "-i", f"name=@{text}", "-i", f"settings:=@{options}")

    assert server.requests[0].json == {"name": "a = 1\n", "settings": {"a": [1]}}


def test_value_may_hold_equals_signs(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)
    command("run", "listSources", "-i", "cursor=MA==")

    assert dict(server.requests[0].query)["pagination[cursor]"] == "MA=="


def test_inputs_come_from_a_file_and_assignments_win(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(PAGE)
    file = tmp_path / "inputs.json"
    file.write_text('{"count": 5, "cursor": "x"}', encoding="utf-8")
    command("run", "listSources", "--inputs", file, "-i", "count=7")

    assert dict(server.requests[0].query) == {"pagination[count]": "7", "pagination[cursor]": "x"}


def test_inputs_come_from_standard_input(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)
    command("run", "listSources", "--inputs", "-", stdin='{"count": 5}')

    assert dict(server.requests[0].query) == {"pagination[count]": "5"}


def test_file_that_is_not_text_is_read_for_an_input_that_takes_files(
    command: Command, server: LoopbackServer, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG\xff")
    server.answer({})

    form = ("-i", "url=/photos", "-i", "method=POST", "-i", f"fileData.front=@{photo}")
    assert command("run", "rawRequest", *form).code == 0
    text = command("run", "updateSource", "-i", "sourceId=s", "-i", f"name=@{photo}")

    assert (
        b'name="front"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\xff' in server.requests[0].body
    )
    assert (text.code, len(server.requests)) == (2, 1)
    assert "Name (name): must be a string" in text.err


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.data.data.sources[*].id", ["a", "b"]),
        ("$.data.data.sources[0].slug", "one"),
        ("$.data.data.sources[?(@.slug == 'one')].id", ["a"]),
        ("$..id", ["a", "b"]),
        ("$.data.data.pagination", {}),
    ],
)
def test_select_prints_a_part_and_a_path_that_can_match_often_a_list(
    command: Command, server: LoopbackServer, path: str, expected: object
) -> None:
    server.answer(PAGE)

    assert command("run", "listSources", "--select", path).json == expected


def test_select_without_a_match_warns_and_succeeds(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)
    ended = command("run", "listSources", "--select", "$.data.sources")

    assert (ended.code, ended.json) == (0, None)
    assert 'warning: --select "$.data.sources" matched nothing' in ended.err


def test_invalid_select_is_rejected_before_a_request_is_sent(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "deleteSource", "--yes", "-i", "sourceId=a", "--select", "$[")

    assert (ended.code, server.requests) == (2, [])
    assert 'invalid JSONPath "$["' in ended.err


def test_all_prints_every_record_as_one_json_list(command: Command, server: LoopbackServer) -> None:
    server.script = pages
    ended = command("run", "listSources", "--all")

    assert [record["id"] for record in ended.json] == ["a", "b", "c"]
    assert dict(server.requests[0].query)["pagination[count]"] == "200"


def test_all_of_an_empty_list_is_an_empty_list(command: Command, server: LoopbackServer) -> None:
    server.answer(page([], None))

    assert command("run", "listSources", "--all").json == []
    assert command("run", "listSources", "--all", "--format", "jsonl").out == ""


def test_jsonl_prints_a_line_a_record_and_select_applies_to_each(command: Command, server: LoopbackServer) -> None:
    server.script = pages
    ended = command("run", "listSources", "--all", "--format", "jsonl", "--select", "$.slug")

    assert ended.out == '"A"\n"B"\n"C"\n'


def test_records_before_a_failure_are_printed(command: Command, server: LoopbackServer) -> None:
    server.answer(page(["a"], "x"), ServerResponse({"errors": [{"type": "forbidden", "message": "no"}]}, 403))
    ended = command("run", "listSources", "--all", "--format", "jsonl")

    assert (ended.code, ended.out) == (4, '{"id":"a","slug":"A"}\n')


def test_fetch_all_is_one_payload(command: Command, server: LoopbackServer) -> None:
    server.script = pages
    ended = command("run", "listSources", "-i", "fetchAll=true", "--select", "$..id")

    assert ended.json == ["a", "b", "c"]


def test_all_is_rejected_for_an_action_that_is_not_a_list_action(command: Command) -> None:
    ended = command("run", "getSource", "-i", "sourceId=a", "--all")

    assert (ended.code, "--all works only with list actions" in ended.err) == (2, True)


def test_debug_logs_requests_without_the_token(command: Command, server: LoopbackServer) -> None:
    server.answer(PAGE)
    ended = command("run", "listSources", "--debug")

    assert ended.json == {"data": PAGE}
    assert "GET 127.0.0.1" in ended.err
    assert "-> 200" in ended.err


def test_wait_for_a_rate_limit_is_reported(command: Command, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "0"}), PAGE)
    ended = command("run", "listSources")

    assert ended.code == 0
    assert "Rate limited, retrying in 0.05 s" in ended.err


def test_rate_limit_fails_at_once_without_max_wait(command: Command, server: LoopbackServer) -> None:
    server.answer(ServerResponse(b"", 429, {"Retry-After": "30"}))
    ended = command("run", "listSources", "--max-wait", "0")

    assert (ended.code, len(server.requests)) == (5, 1)
    assert "in 30 s" in ended.err


def test_deadline_ends_a_slow_response(command: Command, server: LoopbackServer) -> None:
    server.answer(ServerResponse(PAGE, hang=60))
    ended = command("run", "listSources", "--deadline", "0.5")

    assert (ended.code, "request timed out" in ended.err) == (5, True)


def test_another_component_comes_from_a_manifest(
    command: Command, other_component: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = command("--manifest", other_component, "list", "--json")
    monkeypatch.setenv("CONNECTOR_MANIFEST", str(other_component))
    by_variable = command("list", "--json")

    assert named.json["key"] == by_variable.json["key"] == "other"


def test_warning_of_a_region_that_is_overruled_is_shown(
    command: Command, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEGMENT_BASE_URL")
    monkeypatch.setenv("SEGMENT_REGION", "eu1.api")
    ended: Ended = command(
        "run", "createSource", "--inputs", "-", "--dry-run", stdin=json.dumps(NEW | {"region": "api"})
    )

    assert "using region eu1.api of the connection" in ended.err
    assert ended.json["url"] == "https://eu1.api.segmentapis.com/sources"


NEW = {"slug": "s", "enabled": True, "metadataId": "m"}


def test_name_with_dots_sets_a_field_of_an_object(command: Command, server: LoopbackServer, tmp_path: Path) -> None:
    server.answer(*[{"data": {}}] * 3)
    one = ["run", "updateSource", "-i", "sourceId=a"]
    command(*one, "-i", "settings.websiteUrl=https://a.example", "-i", "settings.limits.most:=3")
    command(*one, "-i", "settings.b=x=y", "-i", 'settings={"a": 1, "b": 2}')
    file = tmp_path / "inputs.json"
    file.write_text('{"settings": {"a": {"c": 1}}}')
    command(*one, "--inputs", file, "-i", "settings.a.d=2")

    assert [request.json["settings"] for request in server.requests] == [
        {"websiteUrl": "https://a.example", "limits": {"most": 3}},
        {"a": 1, "b": "x=y"},
        {"a": {"c": 1, "d": "2"}},
    ]


@pytest.mark.parametrize("name", ["settings..a", ".a", "settings.", "slug.a"])
def test_field_of_what_is_not_an_object_is_rejected(command: Command, server: LoopbackServer, name: str) -> None:
    ended = command("run", "updateSource", "-i", "sourceId=a", "-i", "slug=x", "-i", f"{name}=1")

    assert (ended.code, server.requests) == (2, [])
    assert name in ended.err


@pytest.mark.parametrize("second", [("-i", "name=@-"), ("--connection", "-")])
def test_standard_input_named_twice_is_rejected(
    command: Command, server: LoopbackServer, second: tuple[str, str]
) -> None:
    ended = command("run", "updateSource", "--inputs", "-", *second, stdin='{"sourceId": "a", "slug": "b"}')

    assert (ended.code, server.requests) == (2, [])
    assert "standard input can be read only once" in ended.err


@pytest.mark.parametrize(("assignment", "state"), [("name=", "empty"), ("name:=null", "null")])
def test_assigned_input_that_is_not_sent_is_named_with_the_way_to_send_it(
    command: Command, workspace: Sandbox, assignment: str, state: str
) -> None:
    note = f"name is {state}, so it is not sent; to send an empty string, write name:='\"\"'"
    update = ("run", "updateSource", "-i", f"sourceId={workspace.sources[0]['id']}")
    ended = command(*update, "-i", assignment, "-i", "enabled=true")
    assert (ended.code, f"{note}\n" in ended.err) == (0, True)
    alone = command(*update, "-i", assignment)
    assert (alone.code, alone.err.endswith(f"settings.\n{note}.\n")) == (2, True)
    as_json = command(*update, "-i", assignment, "--error-format", "json")
    assert note in json.loads(as_json.err)["error"]["hint"]
    cleared = command(*update, "-i", 'name:=""')
    assert (cleared.code, "not sent" in cleared.err, workspace.sources[0]["name"]) == (0, False, "")


def test_note_about_an_input_that_is_not_sent_says_how_to_send_null() -> None:
    class Parcel(Inputs):
        note: Annotated[str | MISSING | None, Input(label="Note")] = MISSING
        weight: Annotated[int | MISSING, Input(label="Weight")] = MISSING

    action = SimpleNamespace(inputs=Parcel)
    notes = empty_input_notes(action, {"note": "", "weight": ""}, ["note=", "weight="])  # type: ignore[arg-type]
    assert notes == [
        "note is empty, so it is not sent; to send an empty string, write note:='\"\"'; to send null, write note:=null",
        "weight is empty, so it is not sent",
    ]
    assert empty_input_notes(action, {"note": None, "weight": 5}, ["note:=null"]) == []  # type: ignore[arg-type]
    assert empty_input_notes(action, {"note": ""}, []) == []  # type: ignore[arg-type]
