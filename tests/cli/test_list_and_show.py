"""list, show, options and manifest: what the component offers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import connector
from tests.cli.conftest import Command
from tests.support.server import LoopbackServer

SOURCES = {"data": {"sources": [{"id": "b", "slug": "web"}, {"id": "a", "slug": "App"}], "pagination": {}}}


def test_list_groups_actions_and_marks_effects(command: Command) -> None:
    lines = command("list").out.splitlines()
    group = lines[lines.index("sources") + 1 :][:5]

    assert [line.split()[0] for line in group] == [
        "createSource",
        "deleteSource",
        "getSource",
        "listSources",
        "updateSource",
    ]
    assert [line.split()[1].strip(",") for line in group] == ["write", "destructive", "read", "read", "write"]
    assert "  rawRequest  any  Send raw HTTP request to Segment" in lines


def test_list_as_json_has_everything(command: Command) -> None:
    printed = command("list", "--json").json
    segment = connector.load_component()

    assert [entry["key"] for entry in printed["actions"]] == list(segment.actions)
    documented = [entry["key"] for entry in printed["dataSources"] if entry.get("inPrismatic", True)]
    assert documented == ["destination", "sources", "warehouses"]
    assert [entry["key"] for entry in printed["dataSources"]] == list(segment.data_sources)
    assert [entry["key"] for entry in printed["connections"]] == ["apiKey"]
    subscription = next(e for e in printed["actions"] if e["key"] == "createDestinationSubscription")
    assert subscription == {
        "key": "createDestinationSubscription",
        "label": "Create Destination Subscription",
        "description": "Creates a new Destination subscription.",
        "resource": "destination_subscriptions",
        "effect": "write",
        "idempotent": False,
        "paginated": False,
        "method": "POST",
        "path": "/destinations/{destinationId}/subscriptions",
        "stability": "alpha",
        "feature": "Destination Subscriptions",
        "rateLimits": ["5 requests per minute"],
    }


def test_show_prints_all_facts_of_the_inputs(command: Command) -> None:
    lines = command("show", "createFunction").out.splitlines()

    assert lines[0] == "Create Function (createFunction)"
    assert "effect: write" in lines
    assert "idempotent: no" in lines
    assert "feature: Functions" in lines
    assert any(line.startswith("  resourceType  string, required: Resource Type.") for line in lines)
    assert any("choices: DESTINATION (Destination), INSERT_DESTINATION" in line for line in lines)
    assert "Example payload" in lines


def test_show_prints_types_defaults_examples_and_data_sources(command: Command) -> None:
    text = command("show", "listSources").out + command("show", "updateDestination").out

    assert "  count  integer, optional: Count." in text
    assert "      default: 50" in text
    assert '      example: "MA=="' in text
    assert "      data source: destination" in text
    assert "  name  string or null, optional: Name." in text
    assert "  userIds  list of strings, required: User IDs." in command("show", "deleteUser").out


def test_show_as_json_is_the_schemas(command: Command) -> None:
    printed = command("show", "createSource", "--json").json
    action = connector.load_component().actions["createSource"]

    assert printed["inputSchema"] == action.input_schema
    assert printed["outputSchema"] == action.output_schema
    assert (printed["example"], printed["effect"]) == (action.example, "write")


def test_show_knows_data_sources_and_connections(command: Command) -> None:
    source, connection = command("show", "warehouses"), command("show", "apiKey")

    assert source.out.startswith("Fetch Warehouses (warehouses)\n")
    assert "  apiKey  string, required, secret: API Key." in connection.out
    assert "      variable: SEGMENT_API_KEY" in connection.out
    assert command("show", "apiKey", "--json").json["inputSchema"]["required"] == ["apiKey"]


def test_show_of_an_unknown_key_names_the_nearest(command: Command) -> None:
    ended = command("show", "wharehouses")

    assert (ended.code, "Did you mean warehouses" in ended.err) == (2, True)


def test_options_are_lines_of_key_and_label(command: Command, server: LoopbackServer) -> None:
    server.answer(SOURCES)

    assert command("choices", "sources").out == "a\tApp\nb\tweb\n"


def test_options_are_searched_and_limited(command: Command, server: LoopbackServer) -> None:
    server.answer(SOURCES)

    assert command("choices", "sources", "--search", "WEB").out == "b\tweb\n"
    assert command("choices", "sources", "--limit", "1").out == "a\tApp\n"


def test_options_as_json_are_the_payload(command: Command, server: LoopbackServer) -> None:
    server.answer(SOURCES)
    expected = [{"label": "App", "key": "a"}, {"label": "web", "key": "b"}]

    assert command("choices", "sources", "--json", "-i", "region=api").json == {"result": expected}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sorces",), "Did you mean sources"),
        (("sources", "-i", "regoin=api"), "Did you mean region"),
        (("sources", "-i", "region=evil.com/"), "must be one of api (US), eu1.api (EU)"),
        (("sources", "--limit", "-1"), "--limit"),
    ],
)
def test_invalid_options_are_rejected(command: Command, arguments: tuple[str, ...], message: str) -> None:
    ended = command("choices", *arguments)

    assert (ended.code, message in ended.err) == (2, True)


def test_manifest_as_yaml_is_the_manifest(command: Command) -> None:
    printed = yaml.safe_load(command("export", "manifest").out)
    segment = connector.load_component()

    assert printed == yaml.safe_load((segment.folder / "manifest.yaml").read_text(encoding="utf-8"))


def test_printed_manifest_loads_again(command: Command, other_component: Path) -> None:
    printed = command("--manifest", other_component, "export", "manifest").out
    other_component.write_text(printed, encoding="utf-8")

    assert command("--manifest", other_component, "check").out == "No problems found.\n"


def test_manifest_as_json_schema_holds_every_schema(command: Command) -> None:
    printed = command("export", "json-schema").json
    segment = connector.load_component()

    assert printed["actions"]["deleteUser"]["input"] == segment.actions["deleteUser"].input_schema
    assert printed["actions"]["deleteUser"]["output"] == segment.actions["deleteUser"].output_schema
    assert printed["dataSources"]["sources"]["input"] == segment.data_sources["sources"].input_schema
    assert printed["connections"]["apiKey"]["properties"]["apiKey"]["writeOnly"] is True


def test_publish_is_a_form_of_prismatic(command: Command) -> None:
    ended = command("export", "manifest", "--publish")

    assert (ended.code, "--publish requires the format prismatic-definition" in ended.err) == (2, True)


@pytest.mark.parametrize("name", ["list", "show", "run", "choices", "export", "check", "docs", "completion"])
def test_every_command_has_help(command: Command, name: str) -> None:
    ended = command(name, "--help")

    assert (ended.code, ended.out.startswith(f"Usage: connector {name} ")) == (0, True)


def test_without_a_command_the_help_lists_the_commands(command: Command) -> None:
    ended = command()

    assert ended.code == 0
    assert "test-connection  Test the credentials." in ended.out


def test_version_is_printed(command: Command) -> None:
    assert command("--version").out == f"connector {connector.__version__}\n"
