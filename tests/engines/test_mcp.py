"""The Model Context Protocol, driven by its official client in both eras of the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from connector.engines.mcp_server import McpTools, lean, shortened
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox

pytest.importorskip("mcp", reason="the extra mcp is not installed")

from mcp import Client, types

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture
def workspace() -> Iterator[Sandbox]:
    """A workspace of its own."""
    with sandbox() as opened:
        yield opened


def call(tools: McpTools, mode: str, name: str, arguments: dict[str, Any], **client: Any) -> types.CallToolResult:
    """Call one tool through the official client."""

    async def run() -> types.CallToolResult:
        async with Client(tools.server(), mode=mode, **client) as session:
            return await session.call_tool(name, arguments)

    return anyio.run(run)


def text_of(result: types.CallToolResult) -> str:
    """Return the text of a result's first block."""
    block = result.content[0]
    assert isinstance(block, types.TextContent)
    return block.text


def answering(action: str, content: dict[str, Any] | None = None) -> Any:
    """Return a callback that answers every question of the server."""

    async def answer(_context: Any, _params: Any) -> types.ElicitResult:
        return types.ElicitResult.model_validate({"action": action, "content": content})

    return answer


YES = answering("accept", {"confirm": True})


@ERAS
def test_tool_returns_the_payload(workspace: Sandbox, mode: str) -> None:
    result = call(McpTools(workspace.runner(toolset="documented", read_only=True)), mode, "listSources", {"count": 1})

    assert not result.is_error
    assert len(json.loads(text_of(result))["data"]["data"]["sources"]) == 1


@ERAS
def test_invalid_arguments_are_a_result_with_every_problem(workspace: Sandbox, mode: str) -> None:
    result = call(McpTools(workspace.runner(toolset="documented")), mode, "createSource", {"slug": "x", "nope": 1})

    assert result.is_error
    assert result.structured_content
    problems = result.structured_content["error"]["problems"]
    assert {problem["location"] for problem in problems} == {"enabled", "metadataId", "nope"}


@ERAS
def test_read_only_server_offers_no_write(workspace: Sandbox, mode: str) -> None:
    tools = McpTools(workspace.runner(toolset="documented", read_only=True))

    result = call(tools, mode, "createSource", {"slug": "x"})

    assert result.is_error
    assert "--write" in text_of(result)
    assert "rawRequest" not in tools.actions
    assert {"listSources", "getSource"} <= set(tools.actions)


@pytest.mark.parametrize(
    ("settings", "name", "message", "hint"),
    [
        ({"read_only": True}, "createSource", "not offered by this server", "Start the server with --write."),
        (
            {"allow": ["listSources", "createSource"]},
            "listUsers",
            "not offered by this server: it offers only the tools that --tool names",
            "Start the server with --tool listUsers.",
        ),
        (
            {"allow": ["listSources"], "read_only": True},
            "createSource",
            "not offered by this server: it offers only the tools that --tool names",
            "Start the server with --tool createSource and --write.",
        ),
        (
            {"toolset": "tracking-plans"},
            "listUsers",
            "not offered by this server: its toolset lacks the action",
            "Start the server with --tool listUsers.",
        ),
    ],
)
def test_hint_about_a_tool_that_is_not_offered_names_the_options(
    workspace: Sandbox, settings: dict[str, Any], name: str, message: str, hint: str
) -> None:
    result = call(McpTools(workspace.runner(**settings)), "auto", name, {})

    assert result.structured_content
    error = result.structured_content["error"]
    assert (error["message"], error["hint"]) == (message, hint)


@ERAS
def test_destructive_tool_runs_once_the_user_agrees(workspace: Sandbox, mode: str) -> None:
    source_id = workspace.sources[0]["id"]

    result = call(
        McpTools(workspace.runner(toolset="documented")),
        mode,
        "deleteSource",
        {"sourceId": source_id},
        elicitation_callback=YES,
    )

    assert not result.is_error
    assert source_id not in [source["id"] for source in workspace.sources]


@ERAS
@pytest.mark.parametrize("callback", [answering("decline"), answering("accept", {"confirm": False}), None])
def test_destructive_tool_does_nothing_without_a_yes(workspace: Sandbox, mode: str, callback: Any) -> None:
    source_id = workspace.sources[0]["id"]

    result = call(
        McpTools(workspace.runner(toolset="documented")),
        mode,
        "deleteSource",
        {"sourceId": source_id},
        elicitation_callback=callback,
    )

    assert result.is_error
    assert source_id in [source["id"] for source in workspace.sources]


@ERAS
def test_server_that_does_not_ask_deletes_at_once(workspace: Sandbox, mode: str) -> None:
    tools = McpTools(workspace.runner(toolset="documented"), confirm=False)

    assert not call(tools, mode, "deleteSource", {"sourceId": workspace.sources[0]["id"]}).is_error


def test_confirmation_of_one_call_does_not_permit_another(workspace: Sandbox) -> None:
    first, second = (source["id"] for source in workspace.sources[:2])
    tools = McpTools(workspace.runner(toolset="documented"))
    yes = types.ElicitResult(action="accept", content={"confirm": True})

    async def run() -> types.CallToolResult:
        async with Client(tools.server(), elicitation_callback=YES) as session:
            state = tools._state(tools.actions["deleteSource"], {"sourceId": first})
            result = await session.session.call_tool(
                "deleteSource", {"sourceId": second}, input_responses={"confirm": yes}, request_state=state
            )
            assert isinstance(result, types.CallToolResult)
            return result

    result = anyio.run(run)

    assert result.is_error
    assert "another call" in text_of(result)
    assert second in [source["id"] for source in workspace.sources]


@ERAS
def test_all_pages_report_progress(workspace: Sandbox, mode: str) -> None:
    counts: list[float] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        counts.append(progress)

    async def run() -> None:
        async with Client(McpTools(workspace.runner(toolset="documented")).server(), mode=mode) as session:
            await session.call_tool("listSources", {"fetchAll": True, "count": 2}, progress_callback=report)

    anyio.run(run)

    assert counts == [2, 4, 5]


@ERAS
def test_long_result_is_cut_by_whole_records_and_says_how_to_continue(workspace: Sandbox, mode: str) -> None:
    result = call(McpTools(workspace.runner(toolset="documented"), result_length=2500), mode, "listSources", {})

    records = json.loads(text_of(result))["data"]["data"]["sources"]
    note = result.content[1]
    assert 0 < len(records) < 5
    assert isinstance(note, types.TextContent)
    assert note.text.startswith(f"cut: {len(records)} of 5 records")


def test_cut_payload_fits() -> None:
    payload = {"data": {"items": [{"id": "x" * 100} for _ in range(100)], "few": [1, 2]}}

    short, note = shortened(payload, 1000)

    assert len(json.dumps(short, separators=(",", ":"))) <= 1000
    assert short["data"]["few"] == [1, 2]
    assert note.startswith(f"cut: {len(short['data']['items'])} of 100")


def test_choices_are_a_tool(workspace: Sandbox) -> None:
    tools = McpTools(workspace.runner(toolset="documented", read_only=True))

    result = call(tools, "auto", "choices", {"source": "sources", "search": "web", "limit": 1})

    assert [choice["label"] for choice in json.loads(text_of(result))["result"]] == ["web"]
    assert call(tools, "auto", "choices", {"source": "nope"}).is_error


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ({"key": "sources"}, [("key", "unknown argument", "Arguments: source"), ("source", "is required", "sources")]),
        ({"source": "sorces"}, [("source", 'unknown data source "sorces"', "Did you mean ")]),
        ({"source": "sources", "limit": "x"}, [("limit", "must be an integer, got 'x'", "")]),
    ],
)
def test_invalid_arguments_of_choices_name_the_data_sources(
    workspace: Sandbox, arguments: dict[str, Any], problems: list[tuple[str, str, str]]
) -> None:
    result = call(McpTools(workspace.runner()), "auto", "choices", arguments)

    assert result.structured_content
    reported = result.structured_content["error"]["problems"]
    assert [(each["location"], each["message"]) for each in reported] == [problem[:2] for problem in problems]
    assert all(hint in each.get("hint", "") for each, (_, _, hint) in zip(reported, problems, strict=True))


def test_schemas_are_lean(workspace: Sandbox) -> None:
    def size(tools: McpTools) -> int:
        return len(json.dumps([tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in tools.tools]))

    assert size(McpTools(workspace.runner(read_only=True, toolset="documented"))) < 20_000
    assert size(McpTools(workspace.runner(toolset="documented"))) < 50_000


def test_lean_schema_keeps_properties_that_are_named_like_keywords() -> None:
    schema = {"properties": {"examples": {"type": "string", "title": "Examples", "examples": ["x"]}}}

    assert lean(schema) == {"properties": {"examples": {"type": "string"}}}


def test_annotations_tell_what_a_tool_does(workspace: Sandbox) -> None:
    tools = {tool.name: tool.annotations for tool in McpTools(workspace.runner(toolset="documented")).tools}

    reads, deletes, raw = tools["listSources"], tools["deleteSource"], tools["rawRequest"]
    assert reads
    assert deletes
    assert raw
    assert (reads.read_only_hint, reads.destructive_hint) == (True, False)
    assert (deletes.read_only_hint, deletes.destructive_hint) == (False, True)
    assert (raw.read_only_hint, raw.destructive_hint) == (False, True)
