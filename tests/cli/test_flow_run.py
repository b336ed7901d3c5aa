"""`connector flow run` against the sandbox: what it prints, asks, refuses and keeps secret."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, Ended, finish, send_signal, start
from tests.cli.flows import EXAMPLES, NEW_SOURCE, call, integration, one_step, read_flow, variable
from tests.flows.support import loop, step
from tests.support.server import LoopbackServer, ServerResponse

SECRET = "hunter2-of-the-destination"
APP = {
    "slug": "shop",
    "destinationName": "Shop analytics",
    "destinationSettings": {"apiKey": SECRET},
    "renameEvent": {"from": "Order Done", "to": "Order Completed"},
}


@pytest.fixture
def payload(tmp_path: Path) -> Any:
    def write(value: Any) -> Path:
        file = tmp_path / "payload.json"
        file.write_text(json.dumps(value), encoding="utf-8")
        return file

    return write


def listed(command: Command, action: str, select: str, *more: str) -> list[Any]:
    values: list[Any] = command("run", action, "--sandbox", "--all", "--select", select, *more).json
    return values


def provision(command: Command, file: Path, *more: str) -> Ended:
    warehouse = listed(command, "listWarehouses", "$.id")[0]
    config = f"Warehouse ID={warehouse}"
    example = EXAMPLES / "provision_app.yaml"
    return command("flow", "run", example, "--payload", file, "--config", config, "--sandbox", *more)


def test_provisioning_twice_doubles_nothing(command: Command, payload: Any) -> None:
    file = payload(APP)
    first = provision(command, file)
    slugs = listed(command, "listSources", "$.slug")
    second = provision(command, file)

    assert (first.code, second.code, second.json) == (0, 0, first.json)
    assert listed(command, "listSources", "$.slug") == slugs
    assert slugs.count("shop") == 1


def test_user_is_off_boarded_and_the_log_says_so(command: Command, payload: Any) -> None:
    email = listed(command, "listUsers", "$.email")[-1]
    ended = command("flow", "run", EXAMPLES / "offboard_user.yaml", "--payload", payload({"email": email}), "--sandbox")

    assert (ended.code, ended.json) == (0, {"removed": True, "pendingInvites": "not touched"})
    assert "Pending invites for this address stay valid." in ended.err
    assert email not in listed(command, "listUsers", "$.email")


def test_branch_of_the_trigger_is_an_option(command: Command, tmp_path: Path) -> None:
    log = step("Log", "log.writeLog", {"message": "verified"})
    trigger = {"branches": [{"name": "Verify", "steps": [log]}, {"name": "Else", "steps": []}]}
    file = integration(tmp_path, variables=[], trigger=trigger)

    unnamed = command("flow", "run", file)
    named = command("flow", "run", file, "--branch", "Verify")

    assert (unnamed.code, "hint: Pass --branch NAME (branch=NAME in Python): Verify or Else." in unnamed.err) == (
        2,
        True,
    )
    assert (named.code, "verified" in named.err) == (0, True)


def test_first_flow_is_short_and_runs_in_the_sandbox(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "first.yaml"
    assert command("flow", "new", "--output", file).code == 0
    ended = command("flow", "run", file, "--sandbox")
    assert (ended.code, list(ended.json["data"])) == (0, ["users", "pagination"])
    assert len(file.read_text(encoding="utf-8").splitlines()) < 20


def stopping(tmp_path: Path, **inputs: str) -> Path:
    return integration(tmp_path, step("Stop", "stop-execution.stopExecution", inputs), variables=[])


def test_request_of_a_webhook_is_sent_by_options(command: Command, tmp_path: Path) -> None:
    text = "~{{$trigger.results.body.data}} {{$trigger.results.headers.X-Topic}} {{$trigger.results.queryParameters}}"
    options = ["--form", "a=x y", "--form", "b=1", "--header", "X-Topic=news", "--query", "page=2", "--query", "page=3"]
    ended = command("flow", "run", stopping(tmp_path, jsonBody=text), *options)
    assert (ended.code, ended.json) == (0, 'a=x+y&b=1 news {"page":["2","3"]}')


def test_raw_body_has_a_content_type(command: Command, tmp_path: Path) -> None:
    file = stopping(tmp_path, jsonBody="~{{$trigger.results.body.contentType}} {{$trigger.results.body.data}}")
    ended = command("flow", "run", file, "--body", "-", "--content-type", "text/xml", stdin="<a/>")
    assert (ended.code, ended.json) == (0, "text/xml <a/>")


@pytest.mark.parametrize(
    ("status", "options", "code", "warned"),
    [("200", ["--fail-on-status"], 0, False), ("404", [], 0, True), ("503", ["--fail-on-status"], 1, True)],
)
def test_status_of_an_error_is_a_warning_and_with_an_option_a_failure(
    command: Command, tmp_path: Path, status: str, options: list[str], code: int, warned: bool
) -> None:
    ended = command("flow", "run", stopping(tmp_path, statusCode=status, jsonBody="[1]"), *options)
    assert (ended.code, ended.json) == (code, [1])
    assert (f"warning: the flow returned status {status}, which is an error" in ended.err) is warned


@pytest.mark.parametrize(("count", "noted"), [("1", True), ("200", False)])
def test_list_step_with_pages_left_is_named_at_the_end(
    command: Command, tmp_path: Path, count: str, noted: bool
) -> None:
    ended = command("flow", "run", one_step(tmp_path, "listSources", {"count": count}), "--sandbox")

    assert ended.code == 0
    assert ('"Do It" returned one page of a list that has more' in ended.err) is noted


def test_copy_asks_for_the_settings_first(command: Command, payload: Any) -> None:
    source = listed(command, "listSources", "$.id")[0]
    ended = command(
        "flow", "run", EXAMPLES / "copy_source.yaml", "--payload", payload({"sourceId": source}), "--sandbox"
    )

    assert (ended.code, ended.json.keys()) == (0, {"message", "destinations"})
    assert 'Flow "Copy" finished with status 422 in ' in ended.err


def test_many_sources_are_changed_from_standard_input(command: Command) -> None:
    source = listed(command, "listSources", "$.id")[0]
    change = json.dumps([{"sourceId": source, "name": "Renamed"}])
    ended = command("flow", "run", EXAMPLES / "change_sources.yaml", "--payload", "-", "--sandbox", stdin=change)

    assert (ended.code, ended.json) == (0, {"changed": [source], "failed": []})
    assert "Renamed" in listed(command, "listSources", "$.name")


@pytest.mark.parametrize("text", ["{", "\ufeff"], ids=["cut off", "empty"])
def test_payload_that_is_not_json_is_rejected(command: Command, tmp_path: Path, text: str) -> None:
    ended = command("flow", "run", read_flow(tmp_path), "--payload", "-", "--sandbox", stdin=text)

    assert (ended.code, ended.out) == (2, "")
    assert "the payload in standard input must be JSON" in ended.err


def test_result_goes_to_standard_output_and_the_summary_to_standard_error(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "run", read_flow(tmp_path), "--sandbox")

    assert ended.json["data"]["sources"]
    assert [line.split("  ")[0] for line in ended.err.splitlines()[1:]] == ["component", "segment"]
    assert ended.err.startswith('Flow "Main" finished in ')


def test_events_are_lines_of_json_without_secrets(command: Command, payload: Any) -> None:
    ended = provision(command, payload(APP), "--events", "jsonl")
    lines = [json.loads(line) for line in ended.err.splitlines()]

    assert ended.code == 0
    assert {"run", "step", "steps", "note"} == {line["type"] for line in lines}
    assert [line["state"] for line in lines if line["type"] == "run"] == ["started", "done"]
    assert SECRET not in ended.err


def test_error_is_a_json_line_with_events(command: Command, tmp_path: Path) -> None:
    ended = command("flow", "run", one_step(tmp_path, "getSource", {"sourceId": "nope"}), "--sandbox", "--events=jsonl")
    *lines, last = [json.loads(line) for line in ended.err.splitlines()]

    assert ended.code == 4
    assert last["error"]["type"] == "StepError"
    assert last["error"]["cause"]["type"] == "NotFoundError"
    assert [line["state"] for line in lines if line["type"] == "run"] == ["started", "failed"]


def test_trace_holds_inputs_and_results_and_no_secret(command: Command, payload: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    provision(command, payload(APP), "--trace", str(trace))
    steps = {line["step"]: line for line in map(json.loads, trace.read_text().splitlines()) if line["type"] == "step"}

    assert steps["Create Source"]["inputs"]["slug"] == "shop"
    assert steps["Create Source"]["results"]["data"]["source"]["slug"] == "shop"
    assert SECRET not in trace.read_text()


def test_dry_run_prints_the_writes_without_secrets_and_changes_nothing(command: Command, payload: Any) -> None:
    slugs = listed(command, "listSources", "$.slug")
    ended = provision(command, payload(APP), "--dry-run")

    assert ended.code == 0
    assert [write["step"] for write in ended.json][:2] == ["Create Source", "Connect To Warehouse"]
    assert SECRET not in ended.out
    assert listed(command, "listSources", "$.slug") == slugs
    assert command("flow", "runs", "--json").json == []


@pytest.mark.parametrize(
    ("source_id", "is_replaced"),
    [
        ("=createSource.results.data.source.id", True),
        ("~copy-of-{{$createSource.results.data.source.id}}", True),
        ("=again.results.data.source.id", True),
        ("nope", False),
        ("qQEHquLrjRDN9j1ByrChyn", False),
        ("=trigger.results.body.data.id", False),
    ],
    ids=["reference", "within a string", "read before", "literal", "literal of the example", "payload"],
)
def test_dry_run_replaces_a_missing_record_only_when_a_skipped_write_would_have_made_it(
    command: Command, tmp_path: Path, server: LoopbackServer, payload: Any, source_id: str, is_replaced: bool
) -> None:
    server.answer(ServerResponse({"errors": [{"type": "not-found"}]}, status=404))
    file = integration(
        tmp_path,
        call("Create Source", "createSource", NEW_SOURCE),
        call("Again", "getSource", {"sourceId": "=createSource.results.data.source.id"}),
        call("Get Source", "getSource", {"sourceId": source_id}),
        variables=[variable("Workspace")],
    )
    ended = command("flow", "run", file, "--dry-run", "--payload", payload({"id": "nope"}))
    note = 'info: step "Get Source" returned its example payload: its inputs come from a skipped write'

    assert (ended.code, note in ended.err.splitlines()) == ((0, True) if is_replaced else (4, False)), ended.err
    assert 'info: step "Again" returned' in ended.err
    assert [request.method for request in server.requests] == ["GET", "GET"]
    assert is_replaced or 'step "Get Source"' in ended.err


def test_step_that_cannot_run_is_named_before_anything_is_done(
    command: Command, tmp_path: Path, server: LoopbackServer
) -> None:
    steps = (call("List", "listSources"), step("Compute", "code.runCode"))
    ended = command("flow", "run", integration(tmp_path, *steps, variables=[variable("Workspace")]))

    assert (ended.code, ended.out, server.requests) == (2, "", [])
    assert "Compute" in ended.err


def test_unset_config_variable_is_an_error_with_a_hint(command: Command, payload: Any) -> None:
    ended = command("flow", "run", EXAMPLES / "provision_app.yaml", "--payload", payload(APP), "--sandbox")

    assert (ended.code, "--config 'Warehouse ID=VALUE'" in ended.err) == (2, True)


def test_config_value_needs_an_equals_sign(command: Command) -> None:
    ended = command("flow", "run", EXAMPLES / "provision_app.yaml", "--config", "Warehouse ID", "--sandbox")

    assert (ended.code, "expected NAME=VALUE" in ended.err) == (2, True)


def test_write_to_a_real_service_names_host_and_origin(
    command: Command, tmp_path: Path, server: LoopbackServer
) -> None:
    server.answer({"data": {"source": {"id": "a"}}})
    ended = command("flow", "run", one_step(tmp_path, "createSource", NEW_SOURCE))

    host = server.url.removeprefix("http://")
    assert ended.err.splitlines()[0] == f'Connection "Workspace": {host} (credentials: SEGMENT_API_KEY)'


def test_destructive_action_needs_yes_without_a_terminal(
    command: Command, tmp_path: Path, server: LoopbackServer
) -> None:
    file = one_step(tmp_path, "deleteSource", {"sourceId": "abc"})
    refused = command("flow", "run", file)
    server.answer({"data": {"status": "SUCCESS"}})
    done = command("flow", "run", file, "--yes")

    assert (refused.code, done.code) == (2, 0)
    assert "Destructive steps: Do It" in refused.err
    assert [request.method for request in server.requests] == ["DELETE"]


def test_sandbox_and_dry_run_need_no_confirmation(command: Command, tmp_path: Path, server: LoopbackServer) -> None:
    source = listed(command, "listSources", "$.id")[0]
    file = one_step(tmp_path, "deleteSource", {"sourceId": source})

    assert command("flow", "run", file, "--dry-run").json == [
        {"step": "Do It", "action": "segment.deleteSource", "inputs": {"sourceId": source}}
    ]
    assert command("flow", "run", file, "--sandbox").code == 0
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "code"), [(401, 4), (404, 4), (503, 5), (429, 5)], ids=["refused", "not found", "failing", "too many"]
)
def test_exit_code_is_that_of_the_cause(
    command: Command, tmp_path: Path, server: LoopbackServer, status: int, code: int
) -> None:
    server.script = lambda _request: ServerResponse({"errors": [{"type": "x"}]}, status=status)
    ended = command("flow", "run", read_flow(tmp_path), "--max-wait", "0")

    assert (ended.code, ended.out) == (code, "")
    assert 'flow "Main", step "Do It"' in ended.err
    assert "To resume: connector flow resume 2" in ended.err


@pytest.mark.parametrize("status", [400, 413, 422])
def test_rejection_of_the_request_itself_suggests_another_flow_or_payload(
    command: Command, tmp_path: Path, server: LoopbackServer, status: int
) -> None:
    server.script = lambda _request: ServerResponse({"errors": [{"type": "x"}]}, status=status)
    ended = command("flow", "run", one_step(tmp_path, "createSource", NEW_SOURCE))

    run = json.loads(command("flow", "runs", "--json").out)[0]["id"]
    undo = f"connector flow undo {run}"
    assert ended.code == 4
    assert ended.err.splitlines()[-2:] == [
        f"hint: To resume with a corrected flow: connector flow resume {run} --flow-file FILE",
        f"To delete what the run created, before you start again with another payload: {undo}",
    ]
    again = command("flow", "resume", run, "--flow-file", one_step(tmp_path, "createSource", NEW_SOURCE))
    assert "flow resume" in again.err.splitlines()[-2]
    assert again.err.count("--flow-file") == 1


def test_write_of_unknown_outcome_exits_with_6(command: Command, tmp_path: Path, server: LoopbackServer) -> None:
    server.script = lambda _request: ServerResponse(cut=True)
    ended = command("flow", "run", one_step(tmp_path, "createSource", NEW_SOURCE))

    assert ended.code == 6
    run = json.loads(command("flow", "runs", "--json").out)[0]["id"]
    assert ended.err.splitlines()[-2:] == [
        f"hint: To resume if the write was not applied: connector flow resume {run} --unknown retry",
        f"To resume if it was applied: connector flow resume {run} --unknown skip",
    ]


def test_wait_and_ignored_error_are_reported_and_summed_up_in_a_long_loop(
    command: Command, tmp_path: Path, payload: Any
) -> None:
    ignoring = {"errorHandlerType": "ignore"}
    get = {**call("Get", "getSource", {"sourceId": "=loop.currentItem"}), "errorConfig": ignoring}
    file = integration(tmp_path, loop("Loop", "=trigger.results.body.data", get), variables=[variable("Workspace")])
    ended = command("flow", "run", file, "--payload", payload([f"s{n}" for n in range(30)]), "--sandbox")

    assert ended.code == 0
    assert ended.err.count("(ignored)") == 20
    assert "... and 10 more waits, retries, and ignored errors" in ended.err


def test_rate_limit_wait_is_reported(command: Command, tmp_path: Path, server: LoopbackServer) -> None:
    answers = iter([ServerResponse({}, status=429, headers={"Retry-After": "0"}), ServerResponse({"data": {}})])
    server.script = lambda _request: next(answers)
    ended = command("flow", "run", read_flow(tmp_path))

    assert ended.code == 0
    assert re.search(r"^Do It: rate limited. Retrying in [\d.]+ s.$", ended.err, re.MULTILINE)


def test_retry_is_one_line_with_attempt_reason_and_wait(
    command: Command, tmp_path: Path, server: LoopbackServer
) -> None:
    answers = iter([ServerResponse({}, status=404), ServerResponse({"data": {}})])
    server.script = lambda _request: next(answers)
    retry = {"errorHandlerType": "retry", "maxAttempts": 1}
    get = {**call("Get", "getSource", {"sourceId": "x"}), "errorConfig": retry}
    ended = command("flow", "run", integration(tmp_path, get, variables=[variable("Workspace")]))

    assert ended.code == 0
    assert re.search(r"^Get: attempt 1 failed: getSource: .*\. Retrying in [\d.]+ s\.$", ended.err.splitlines()[0])
    assert ended.err.splitlines()[1].startswith('Flow "Main" finished')


def test_deadline_ends_a_run_and_says_how_to_go_on(command: Command, tmp_path: Path) -> None:
    sleep = step("Wait", "sleep.sleep", {"ms": "60000"})
    file = integration(tmp_path, sleep, call("List", "listSources"), variables=[variable("Workspace")])
    ended = command("flow", "run", file, "--sandbox", "--deadline", "1")

    assert ended.code == 5
    assert "connector flow resume" in ended.err


def test_logged_text_cannot_move_the_cursor(command: Command, tmp_path: Path, payload: Any) -> None:
    log = step("Log", "log.writeLog", {"level": "info", "message": "=trigger.results.body.data"})
    file = integration(tmp_path, log, variables=[])
    ended = command("flow", "run", file, "--payload", payload("\x1b[2J" + "x" * 1000))

    assert ended.err.startswith("info: \\u001b[2J")
    assert "... (1,004 characters)" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "terminated"])
def test_interrupt_closes_the_journal_and_says_how_to_resume(
    command: Command, tmp_path: Path, server: LoopbackServer, sent: signal.Signals, code: int
) -> None:
    server.script = lambda _request: ServerResponse({"data": {}}, hang=60 if len(server.requests) == 1 else 0)
    process = start("flow", "run", str(read_flow(tmp_path)), "--events", "jsonl")
    until = time.monotonic() + 20
    while not server.requests and time.monotonic() < until:
        time.sleep(0.01)
    send_signal(process, sent)
    ended = finish(process)
    (past,) = command("flow", "runs", "--json").json
    lines = [json.loads(line) for line in ended.err.splitlines()]

    assert (ended.code, ended.out) == (code, "")
    assert (past["status"], past["error"]) == ("failed", "interrupted")
    assert {"type": "note", "message": f"To resume: connector flow resume {past['id']}"} in lines
    assert command("flow", "resume", past["id"]).code == 0


def test_http_and_code_steps_run_with_a_connection_file(command: Command, payload: Any, tmp_path: Path) -> None:
    api = {
        "key": "API",
        "dataType": "connection",
        "connection": {"key": "bearer", "component": {"key": "http"}},
        "inputs": {},
    }
    code = "module.exports = async (c, stepResults) => ({ data: stepResults.get.results.n * 2 })"
    with LoopbackServer().running() as server:
        server.answer(ServerResponse({"n": 21}))
        connection = {"type": "configVar", "value": "API"}
        steps = (
            step("Get", "http.httpGet", {"url": server.url, "connection": connection}),
            step("Double", "code.runCode", {"code": code}),
        )
        file = integration(tmp_path, *steps, variables=[api])
        fields = tmp_path / "api.json"
        fields.write_text(json.dumps({"fields": {"host": server.url, "token": SECRET}}), encoding="utf-8")

        ended = command("flow", "run", file, "--connection", f"API={fields}")
        without = command("flow", "run", file, "--sandbox")
        both = integration(
            tmp_path, *steps, call("List", "listSources"), variables=[api, variable("Workspace")], name="both"
        )
        beside_a_sandbox = command("flow", "run", both, "--connection", f"API={fields}", "--sandbox")

    assert (ended.code, ended.json) == (0, 42)
    assert server.requests[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in ended.err
    assert without.code == 3
    assert "hint: Pass --connection 'API=FILE'. In Python, pass connections={'API': ...}." in without.err
    assert (beside_a_sandbox.code, len(server.requests)) == (0, 2)
