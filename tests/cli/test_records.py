"""Records on standard output: formats, columns, conditions, and raw strings."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from connector.cli.record_writers import RecordOptions, RecordPrinter
from connector.cli.tables import write_table
from tests.cli.conftest import Command, Terminal
from tests.support.server import LoopbackServer, ReceivedRequest, ServerResponse

SOURCES = [
    {"id": "1", "slug": "web", "enabled": True, "metadata": {"name": "Javascript"}, "labels": [{"key": "a"}]},
    {"id": "2", "slug": "ios", "enabled": False, "metadata": {"name": "iOS, 2"}, "labels": []},
    {"id": "3", "slug": "old", "enabled": False, "metadata": None, "labels": [], "name": "Old"},
]


def one_per_page(request: ReceivedRequest) -> ServerResponse:
    number = int(dict(request.query).get("pagination[cursor]", "0"))
    following = str(number + 1) if number + 1 < len(SOURCES) else None
    pagination = {"current": str(number), "next": following, "totalEntries": len(SOURCES)}
    return ServerResponse({"data": {"sources": [SOURCES[number]], "pagination": pagination}})


@pytest.fixture(autouse=True)
def sources(server: LoopbackServer) -> None:
    server.script = one_per_page


def test_csv_has_a_column_for_each_field_and_nested_ones_by_their_path(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))

    assert list(rows[0]) == ["id", "slug", "enabled", "metadata.name", "labels"]
    assert [row["slug"] for row in rows] == ["web", "ios", "old"]
    assert (rows[0]["enabled"], rows[1]["metadata.name"], json.loads(rows[0]["labels"])) == (
        "true",
        "iOS, 2",
        [{"key": "a"}],
    )


def test_field_that_appears_later_is_reported_by_name(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "csv")

    assert "warning: left out name; name them with --columns" in ended.err


def test_columns_choose_fields_in_their_order(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "csv", "--columns", "metadata.name, id,labels.0.key")

    assert ended.out == 'metadata.name,id,labels.0.key\nJavascript,1,a\n"iOS, 2",2,\n,3,\n'
    assert ended.err == ""


def test_columns_of_json_are_keys(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "jsonl", "--columns", "slug,metadata.name")

    assert json.loads(ended.out.splitlines()[2]) == {"slug": "old", "metadata.name": None}


def test_unknown_column_is_a_warning_with_the_nearest(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--columns", "id,slgu")

    assert ended.err == 'warning: no record has the column "slgu"; did you mean slug?\n'


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("enabled == false", ["ios", "old"]),
        ("@.metadata.name == 'Javascript'", ["web"]),
        ("slug =~ '^[a-m]'", ["ios"]),
        ("enabled == false && metadata.name =~ 'iOS'", ["ios"]),
        ("id > '1'", ["ios", "old"]),
    ],
)
def test_condition_keeps_records_of_every_page(command: Command, condition: str, expected: list[str]) -> None:
    ended = command("run", "listSources", "--where", condition, "--select", "$.slug")

    assert (ended.code, ended.json, ended.err) == (0, expected, "")


def test_invalid_condition_is_rejected_before_a_request(command: Command, server: LoopbackServer) -> None:
    ended = command("run", "listSources", "--where", "enabled ==")

    assert (ended.code, server.requests) == (2, [])
    assert 'invalid JSONPath "enabled =="' in ended.err


def test_condition_is_rejected_for_an_action_that_is_not_a_list_action(command: Command) -> None:
    ended = command("run", "getSource", "-i", "sourceId=a", "--where", "enabled == true")

    assert (ended.code, "--where works only with list actions" in ended.err) == (2, True)


def test_selection_prints_only_matches(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "jsonl", "--select", "$.labels[*].key")

    assert (ended.out, ended.err) == ('"a"\n', "")


def test_selection_that_never_matches_is_one_warning(command: Command) -> None:
    ended = command("run", "listSources", "--all", "--format", "jsonl", "--select", "$.nothing")

    assert (ended.out, ended.err) == ("", 'warning: --select "$.nothing" matched nothing\n')


def test_raw_prints_strings_without_quotes(command: Command) -> None:
    assert command("run", "listSources", "--all", "--select", "$.slug", "-r").out == "web\nios\nold\n"
    assert command("run", "listSources", "--select", "$.data.data.sources[*].slug", "-r").out == "web\n"
    assert command("run", "listSources", "--select", "$.data.data.sources[0].slug", "--raw").out == "web\n"
    assert command("run", "listSources", "--all", "--select", "$.metadata", "-r").out.splitlines()[0] == (
        '{"name":"Javascript"}'
    )


def test_one_page_in_another_format_says_how_to_get_all(command: Command) -> None:
    ended = command("run", "listSources", "--format", "jsonl", "--select", "$.slug")

    assert (ended.out, ended.err) == ('"web"\n', "first 1 of 3; add --all to print every record\n")


def test_object_of_another_action_is_one_record(command: Command, server: LoopbackServer) -> None:
    server.script = lambda _request: ServerResponse({"data": {"source": SOURCES[0]}})
    ended = command("run", "getSource", "-i", "sourceId=1", "--format", "csv", "--columns", "slug,enabled")

    assert ended.out == "slug,enabled\nweb,true\n"


def test_table_in_a_pipe_is_aligned_and_has_the_flat_fields(command: Command) -> None:
    assert command("run", "listSources", "--all", "--format", "table").out.splitlines() == [
        "id  slug  enabled  metadata  name",
        "1   web   true",
        "2   ios   false",
        "3   old   false              Old",
    ]


@pytest.mark.parametrize("output_format", ["csv", "table", "jsonl"])
def test_columns_of_values_without_fields_are_an_error(
    command: Command, server: LoopbackServer, output_format: str
) -> None:
    server.answer({"data": {"sources": [{"slug": "web"}, {"slug": "ios"}], "pagination": {}}})
    ended = command(
        *("run", "listSources", "--all", "--columns", "slug", "--select", "$.slug", "--format", output_format)
    )
    assert (ended.code, ended.out) == (2, "")
    assert 'error: --columns needs objects, but the match of --select "$.slug" is a string\n' in ended.err
    assert "hint: Leave out --columns, or --select.\n" in ended.err


def test_csv_of_no_records_has_the_named_columns(capsys: pytest.CaptureFixture[str]) -> None:
    printer = RecordPrinter(RecordOptions.of("csv", "a,b", None, None, False))
    printer.print([])
    printer.close()

    assert capsys.readouterr().out == "a,b\n"


WORDS = ["identifier", "a sentence of some words", "x"]


@pytest.mark.parametrize("width", [200, 40, 30, 22, 12, 5])
def test_table_fits_the_terminal_and_keeps_words_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    screen = io.BytesIO()
    monkeypatch.setattr("sys.stdout", Terminal(screen, write_through=True))
    write_table(["id", "text", "日本"], [WORDS, ["b", "", "終"]])
    text = screen.getvalue().decode()

    words = [word for cell in WORDS for word in cell.split()]
    assert set(words) <= set(text.split())
    if width >= 30:
        assert max(len(line) for line in text.splitlines()) <= width


def test_table_of_words_that_are_too_long_becomes_a_line_per_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = io.BytesIO()
    monkeypatch.setattr("sys.stdout", Terminal(screen, write_through=True))
    write_table(["id", "name"], [["a" * 20, "b" * 20], ["c", "d"]])

    assert screen.getvalue().decode() == f"id    {'a' * 20}\nname  {'b' * 20}\n\nid    c\nname  d\n"


def records(*values: Any) -> list[Any]:
    return list(values)


def test_records_that_are_not_objects_have_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    printer = RecordPrinter(RecordOptions.of("csv", None, None, None, False))
    printer.print(records("a", 1, None))
    printer.close()

    assert capsys.readouterr().out == 'value\na\n1\n""\n'


@pytest.mark.parametrize("option", ["--where", "--select"])
@pytest.mark.parametrize("pattern", ["source-(1", "[", "*a"])
def test_invalid_regular_expression_is_rejected(
    command: Command, server: LoopbackServer, option: str, pattern: str
) -> None:
    condition = f'slug =~ "{pattern}"'
    text = condition if option == "--where" else f"$.a[?({condition})]"
    ended = command("run", "listSources", "--all", option, text)

    assert (ended.code, server.requests) == (2, [])
    assert f'invalid regular expression "{pattern}"' in ended.err


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("enabled == False", "Write false."),
        ("enabled==TRUE", "Write true."),
        ('slug == "a == b" && metadata != None', "Write null."),
        ("slug == web", 'Write "web" for a string.'),
    ],
)
def test_word_without_quotes_is_rejected(command: Command, condition: str, hint: str) -> None:
    ended = command("run", "listSources", "--where", condition)

    assert (ended.code, hint in ended.err) == (2, True)


@pytest.mark.parametrize(("name", "value"), [("enabled", "true"), ("!enabled", "false"), ("@.enabled", "true")])
def test_name_of_a_boolean_alone_is_rejected_as_a_condition(command: Command, name: str, value: str) -> None:
    ended = command("run", "listSources", "--where", f'slug != "x" && {name}')

    assert (ended.code, ended.out) == (2, "")
    assert f"Write enabled == {value}." in ended.err


def test_name_alone_is_met_by_records_with_the_field(command: Command) -> None:
    ended = command("run", "listSources", "--where", "metadata.name || name", "--format", "jsonl", "--select", "$.id")

    assert (ended.out, ended.err) == ('"1"\n"2"\n"3"\n', "")


@pytest.mark.parametrize("where", ['metadata.nam == "Javascript"', '(id == "1" && (slug == "x" || metadata.nam == 1))'])
def test_field_of_a_condition_that_no_record_has_is_named(command: Command, where: str) -> None:
    ended = command("run", "listSources", "--where", where)

    near = "did you mean metadata.name or metadata?"
    assert f'warning: no record has the field "metadata.nam" of --where; {near}' in ended.err
    assert 'the field "id"' not in ended.err


def test_condition_that_cannot_be_applied_is_rejected(command: Command) -> None:
    ended = command("run", "listSources", "--where", "metadata / 2 > 4")

    assert (ended.code, "internal error" in ended.err) == (2, False)
