"""Steps with JavaScript and JSON Schemas: what they can do, and what a hostile one cannot."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector import Component
from connector.errors import FlowLimitError, HandlerError, InvalidFlowError, MissingExtraError, StepError, UsageError
from connector.flows import Limits, Run
from connector.flows.check import code as check_code
from connector.flows.run.events import Event, LogEvent
from connector.flows.steps import script_worker, scripts
from tests.flows.steps.support import run_step
from tests.flows.support import flow_of, loop, step
from tests.support.amount import sample_of

KIND = "code.runCode"
SOON = {"limits": Limits(code=1)}


def run_code(code: str, payload: Any = None, **options: Any) -> Run:
    return run_step(KIND, {"code": code}, payload, **options)


def evaluate(expression: str, **options: Any) -> Any:
    """Return the value of a JavaScript expression."""
    return run_code(f"module.exports = async (context, stepResults) => ({{data: {expression}}});", **options).results


def test_code_gets_results_and_config_variables_and_returns_data() -> None:
    code = """
    module.exports = async ({ logger, configVars }, stepResults) => {
      const { total } = stepResults.trigger.results.body.data;
      return { data: { total: total + 1, region: configVars["Region"], map: configVars["Map"][0].source } };
    };
    """
    variables = [
        {"key": "Region", "dataType": "string", "defaultValue": "EU"},
        {"key": "Map", "dataType": "objectFieldMap", "defaultValue": '[{"source": "a"}]'},
    ]

    run = run_code(code, {"total": 4}, config_variables=variables)

    assert run.results == {"total": 5, "region": "EU", "map": "a"}


def test_code_sees_the_results_of_the_steps_that_it_names(workshop: Component) -> None:
    code = "module.exports = async (c, stepResults) => ({data: [stepResults.first.results, stepResults.loop.index]})"
    flow = flow_of(
        step("First", "math.add", {"numbers": {"type": "complex", "value": [{"type": "value", "value": "1"}]}}),
        loop("Loop", "=trigger.results.body.data", step("Code", KIND, {"code": code})),
        flow={"isSynchronous": True},
    )

    assert flow.run(workshop, payload=["a", "b"], journal=False).results == [[1, 0], [1, 1]]


@pytest.mark.parametrize(
    "code",
    [
        "module.exports = async (c, results) => ({data: Object.keys(results)})",
        "module.exports = async (c, stepResults) => ({data: Object.keys(stepResults)})",
        "const name = 'first'; module.exports = async (c, stepResults) => ({data: stepResults[name] ? ['first'] : []})",
    ],
)
def test_code_that_passes_all_results_on_sees_all(workshop: Component, code: str) -> None:
    flow = flow_of(step("First", "collection-tools.create", {}), step("Code", KIND, {"code": code}))

    results = flow.run(workshop, journal=False).results

    assert "first" in results or code.count("stepResults") == 0


def test_values_that_are_not_plain_json_reach_the_code() -> None:
    code = """
    module.exports = async (context, { trigger: { results: { body: { data } } } }) =>
      ({ data: [data.text.length, data.n] });
    """

    assert run_code(code, {"text": "\ud800", "n": 1}).results == [1, 1]
    assert run_code(code, {"text": "a", "n": float("nan")}).results == [1, None]


def test_log_messages_are_logged(events: list[Event]) -> None:
    code = "module.exports = async ({logger}) => { logger.warn('careful', {a: 1}); console.log('hi'); return {} }"

    assert run_code(code, on_event=events.append).results is None
    logged = [(event.level, event.message) for event in events if isinstance(event, LogEvent)]
    assert logged == [("warn", 'careful {"a":1}'), ("log", "hi")]


def test_code_reads_and_saves_persisted_values(tmp_path: Path) -> None:
    code = """
    module.exports = async ({ crossFlowState, instanceState }) => ({
      data: crossFlowState,
      crossFlowState: { count: (crossFlowState.count ?? 0) + 1, list: [1] },
      executionState: { seen: true },
    });
    """

    results = [run_code(code, state=tmp_path).results for _ in range(2)]

    assert results == [{}, {"count": 1, "list": [1]}]


def test_code_knows_its_execution() -> None:
    run = run_code("module.exports = async ({executionId, flow}) => ({data: [executionId, flow.name]})", id=None)

    assert run.results == [run.id, "Main"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("new Date(2026, 0, 31, 12).toISOString()", "2026-01-31T12:00:00.000Z"),
        ("await new Promise((resolve) => setTimeout(resolve, 5, 'late'))", "late"),
        ("new URL('https://Example.com:443/a/../b?token=1%202&x#y').searchParams.get('token')", "1 2"),
        ("new URL('../c?d', 'https://a.example/b/x/y').href", "https://a.example/b/c?d"),
        ("new URLSearchParams({a: 'x y', b: 'ä'}).toString()", "a=x+y&b=%C3%A4"),
        ("Buffer.from('hé').toString('base64')", "aMOp"),
        ("Buffer.from('aMOp', 'base64').toString()", "hé"),
        ("[3, 1, 2].toSorted()", [1, 2, 3]),
        ("stepResults.nowhere ?? null", None),
        ("undefined", None),
        ("new Map([[1, 2]])", {}),
        (r"'\ud800'", "�"),
    ],
)
def test_javascript_of_nodejs_works(expression: str, expected: Any) -> None:
    value = evaluate(expression)

    assert value == expected or (expected == "�" and len(value) == 1)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("\nmodule.exports = async () => {\n  throw new TypeError('bad input');\n}", "TypeError: bad input (line 3)"),
        ("return data;", "data is not defined"),
        ("const a = 1", "the code does not assign a function to module.exports"),
        ("module.exports = async () => 5", "the code returns no object"),
        ("module.exports = async () => missing", "ReferenceError: missing is not defined"),
        ("module.exports = async () => { throw {code: 7} }", 'Error: {"code":7}'),
        ("module.exports = () => new Promise(() => {})", "the code waits for something that never happens"),
        (
            "module.exports = () => { setTimeout(() => { throw new Error('later') }); return new Promise(() => {}) }",
            "later",
        ),
        ("module.exports = async () => { const o = {}; o.o = o; return {data: o} }", "circular reference"),
        ("module.exports = async () => ({data: 10n})", "BigInt"),
        ("module.exports = async () => { const f = () => f(); f() }", "Maximum call stack size exceeded"),
        ("\nmodule.exports = () => require('fs')", 'require("fs") is not available in a local run (line 2)'),
        ("module.exports = async () => ({data: await import('fs')})", "could not load module"),
        ("module.exports = async () => ({crossFlowState: 5})", '"crossFlowState" must be an object'),
    ],
)
def test_error_of_the_code_names_what_and_where(code: str, message: str) -> None:
    with pytest.raises(StepError) as caught:
        run_code(code)

    assert message in str(caught.value)


def test_error_of_the_code_can_be_retried_and_ignored(workshop: Component) -> None:
    code = """
    module.exports = async ({executionState}) => {
      if (!executionState.again) throw new Error("try again");
      return { data: "done" };
    };
    """
    save = {"keyInput": "again", "valueInput": "yes"}
    retry = {"errorHandlerType": "retry", "maxAttempts": 1, "delaySeconds": 0, "ignoreFinalError": True}
    flow = flow_of(
        step("First", KIND, {"code": code}, errorConfig=retry),
        step("Save", "persist-data.saveExecutionValue", save),
        step("Second", KIND, {"code": code}),
    )

    run = flow.run(workshop, journal=False)

    assert (run.steps["First"].state, run.steps["First"].attempts) == ("ignored", 2)
    assert run.results == "done"


NEVER_ENDING = {
    "loop": "for (;;) {}",
    "microtasks": "const again = () => Promise.resolve().then(again); await again();",
    "native loop": "new Array(4294967295).join('x');",
    "search": "Array.prototype.indexOf.call({length: Number.MAX_SAFE_INTEGER}, 1);",
    "regular expression": "/(a+)+$/.test('a'.repeat(64) + 'b');",
    "timers": "const again = () => setTimeout(again); again(); await new Promise(() => {});",
    "getter of an error": "const e = new Error(); Object.defineProperty(e, 'message', {get() { for (;;); }}); throw e;",
    "conversion to JSON": "return {data: {toJSON() { for (;;); }}};",
}


@pytest.mark.parametrize("kind", sample_of(NEVER_ENDING, 3))
def test_endless_code_is_ended(kind: str) -> None:
    limits = Limits(code=0.3)
    start = time.monotonic()

    with pytest.raises(FlowLimitError, match=r"exceeds the limit of 0\.3 seconds of code"):
        run_code(f"module.exports = async () => {{ {NEVER_ENDING[kind]} }}", limits=limits)
    assert time.monotonic() - start < 5


GREEDY = {
    "arrays": ("const all = []; for (;;) all.push(new Array(1000).fill(1));", "128 MB of memory"),
    "one string": ("let text = 'x'; for (;;) text += text;", "string too long|of memory"),
    "one buffer": ("return {data: new Uint8Array(2 ** 31 - 1).length};", "of memory"),
    "results": ("return {data: 'x'.repeat(200000)};", "characters of results and log"),
    "log": ("for (;;) logger.info('x'.repeat(10000));", "too much output"),
}


@pytest.mark.parametrize(("body", "message"), GREEDY.values(), ids=GREEDY)
def test_greedy_code_is_ended(body: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "MEMORY", 8 * 2**20)
    monkeypatch.setattr(scripts, "OUTPUT", 100_000)
    with pytest.raises((FlowLimitError, StepError), match=message) as caught:
        run_code(f"module.exports = async ({{logger}}) => {{ {body} }}")

    assert isinstance(caught.value, FlowLimitError) or isinstance(caught.value.cause, HandlerError)  # type: ignore[attr-defined]


ESCAPES = (
    "typeof process",
    "typeof std",
    "typeof os",
    "typeof fetch",
    "typeof XMLHttpRequest",
    "typeof WebAssembly",
    "this?.constructor.constructor('return typeof process')() ?? 'undefined'",
    "[].constructor.constructor('return typeof process')()",
    "(async () => {}).constructor('return typeof os')()",
    "context.logger.info.constructor('return typeof std')()",
    "stepResults.constructor.constructor('return typeof process')()",
)


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_of_the_machine_is_reachable(expression: str) -> None:
    assert evaluate(f"await ({expression})") == "undefined"


def test_files_cannot_be_imported(tmp_path: Path) -> None:
    module = tmp_path / "secret.mjs"
    module.write_text("export default 'secret'", encoding="utf-8")

    for options in ("", ", {with: {type: 'json'}}"):
        with pytest.raises(StepError, match="could not load module"):
            evaluate(f"(await import('{module}'{options})).default")


def test_environment_of_this_process_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scripts.close_workers()
    monkeypatch.setenv("SOME_TOKEN", "secret-of-the-environment")
    evaluate("1")

    [worker] = scripts._idle
    environ = Path(f"/proc/{worker._process.pid}/environ")
    assert not environ.exists() or b"secret-of-the-environment" not in environ.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_can_write_no_files() -> None:
    evaluate("1")
    worker = scripts._idle[-1]

    limits = Path(f"/proc/{worker._process.pid}/limits").read_text(encoding="utf-8")
    assert re.search(r"Max file size +0 ", limits)
    assert re.search(rf"Max address space +{script_worker.ADDRESS_SPACE} ", limits)


@pytest.mark.parametrize(
    "trick",
    [
        'JSON.stringify = () => \'{"value": {"data": "forged"}}\'; JSON.parse = () => \'forged\'',
        "Promise.prototype.then = null; Promise.resolve = null",
        "Array.prototype.push = () => { throw new Error('x') }; Object.prototype.value = {data: 'forged'}",
        "globalThis.eval = null; globalThis.Date.now = null",
        "delete globalThis.JSON; Object.freeze(globalThis)",
        "Object.defineProperty(Object.prototype, 'data', {get: () => 'forged'})",
    ],
)
def test_prototype_tricks_change_neither_the_results_nor_later_steps(trick: str) -> None:
    assert run_code(f"module.exports = async () => {{ {trick}; return {{data: 'honest'}} }}").results == "honest"
    assert evaluate("[1].concat([2])") == [1, 2]


def test_forged_answer_of_the_engine_is_an_error() -> None:
    code = "module.exports = async () => { Object.prototype.toJSON = () => 'forged'; return {data: 1} }"

    with pytest.raises(FlowLimitError, match="exceeds what the JavaScript engine can do"):
        run_code(code)
    assert evaluate("1") == 1


def test_dead_engine_is_an_error_and_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_code, "is_installed", lambda _engine: False)  # the check would meet the dead one first
    evaluate("1")
    [worker, *_] = scripts._idle
    worker._process.kill()
    worker._process.wait()

    with pytest.raises(FlowLimitError, match="exceeds what the JavaScript engine can do"):
        evaluate("1")
    assert evaluate("2") == 2


def test_scripts_share_nothing() -> None:
    evaluate("globalThis.leaked = 1")

    assert evaluate("typeof leaked") == "undefined"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_starts_engines_of_its_own() -> None:
    evaluate("1")
    child = os.fork()
    if child == 0:
        os._exit(0 if scripts._idle == [] and evaluate("2") == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert evaluate("3") == 3


def test_late_script_is_not_used_again() -> None:
    worker = scripts._Worker()
    worker._end()

    with pytest.raises(scripts.ScriptTimeoutError):
        worker.perform(b"{}", 5)
    worker.close()


def test_missing_package_is_an_error_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(InvalidFlowError, match=r"code\.runCode needs the package quickjs") as caught:
        run_code("module.exports = 1")
    assert "pip install 'segment-connector[code]'" in str(caught.value)
    with pytest.raises(MissingExtraError):
        scripts.check_installed("quickjs")


def perform(**job: Any) -> dict[str, Any]:
    """Perform a job as the process of its own does, but in this one."""
    context = {"input": {"context": {}, "values": {}}, "memory": 8 * 2**20, "output": 100_000}
    results: dict[str, Any] = json.loads(script_worker.perform(context | job))
    return results


def test_worker_performs_jobs() -> None:
    code = "module.exports = async () => { await new Promise((done) => setTimeout(done, 1)); return {data: [1]} }"

    assert perform(code=code) == {"value": {"data": [1]}, "logs": []}
    assert perform(code="module.exports = 1")["error"]["name"] == "TypeError"
    assert perform(code="module.exports = () => ({data: 'x'.repeat(200000)})") == {"limit": "output"}
    greedy = perform(code="const all = []; for (;;) all.push([1, 2, 3]);")
    assert greedy == {"limit": "memory"} or greedy["error"]["message"] == "out of memory"
    assert perform(schema={"type": "string"}, value=1)["value"][0]["path"] == "$"
    assert perform(schema={"type": "string"}, value="a") == {"value": []}
    assert perform(schema={"type": "x"}, value="a")["error"]["name"] == "schema"
    assert perform(schema={"$ref": "http://127.0.0.1:9/"}, value="a")["error"]["name"] == "schema"


def test_worker_answers_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"code": "module.exports = () => ({})", "input": {"context": {}, "values": {}}, "memory": 2**23, "output": 99}
    received = io.TextIOWrapper(io.BytesIO(json.dumps(job).encode() + b"\n"))
    sent = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdin", received)
    monkeypatch.setattr("sys.stdout", sent)
    monkeypatch.setattr("sys.argv", ["worker"])
    monkeypatch.setattr(script_worker, "_restrict", lambda: None)

    script_worker.main()

    assert sent.buffer.getvalue() == b'{"value":{},"logs":[]}\n'


def test_filter_and_map_call_functions(run: Callable[..., Run]) -> None:
    items = {"listInput": "=", "filterCodeInput": "(item, index) => item.n > 1 && index < 3 // comment"}
    payload = [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    assert run_step("collection-tools.filter", items, payload).results == [{"n": 2}, {"n": 3}]

    inputs = {
        "listInput": "=",
        "filterCodeInput": "(item) => true",
        "transformCodeInput": "(item, index, context) => [item.n * 2, index, context]",
        "contextInput": "c",
    }
    assert run_step("collection-tools.map", inputs, payload[:2]).results == [[2, 0, "c"], [4, 1, "c"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SUM", 6), ("AVERAGE", 2), ("COUNT", 3), ("MAX", 3), ("MIN", 1), ("PRODUCT", 6), ("MEDIAN", 2)],
)
def test_aggregate_computes_a_number(name: str, expected: float) -> None:
    inputs = {"listInput": "=", "aggregateFunctionInput": name, "filterCodeInput": "(value) => value < 10"}

    assert run_step("collection-tools.aggregate", inputs, [1, 2, 3, 40]).results == expected


def test_aggregate_rejects_an_unknown_function_and_no_numbers() -> None:
    for name, message in {"SUMM": "must be one of AVERAGE", "SUM": "SUM needs at least one number"}.items():
        with pytest.raises(StepError, match=message):
            run_step("collection-tools.aggregate", {"listInput": "=", "aggregateFunctionInput": name}, [])


SCHEMA = '{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}'


def validate(schema: str, payload: Any, **options: Any) -> Any:
    kind = "collection-tools.validateJsonSchema"
    return run_step(kind, {"jsonInput": "=", "jsonSchema": schema}, payload, **options).results


def test_value_is_validated_against_a_json_schema() -> None:
    assert validate(SCHEMA, {"name": "a"}) is True
    assert validate(SCHEMA, '{"name": "a"}') is True

    with pytest.raises(StepError) as caught:
        validate(SCHEMA, {"name": 5})
    assert isinstance(caught.value.cause, UsageError)
    assert "the value does not match the JSON Schema\n  - $.name: 5 is not of type 'string'" in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ('{"type": "strin"}', "invalid JSON Schema: "),
        ("[]", '"jsonSchema" must be a JSON Schema'),
        ('{"$ref": "http://127.0.0.1:9/schema.json"}', "Unresolvable"),
        ('{"$ref": "#"}', "invalid JSON Schema: RecursionError"),
    ],
)
def test_hostile_json_schema_is_an_error(schema: str, message: str) -> None:
    with pytest.raises(StepError, match=message):
        validate(schema, {"a": 1})


def test_endless_json_schema_is_ended() -> None:
    with pytest.raises(FlowLimitError, match="seconds of code"):
        validate('{"pattern": "^(a+)+$"}', "a" * 64 + "b", limits=Limits(code=0.5))


def test_resumed_run_does_not_run_code_again(workshop: Component, tmp_path: Path) -> None:
    from connector.flows import resume

    code = "module.exports = async () => ({data: Math.random()})"
    broken = "module.exports = async (c, stepResults) => { throw new Error(stepResults.code.results) }"
    flow = flow_of(step("Code", KIND, {"code": code}), step("Fail", KIND, {"code": broken}))
    journal = tmp_path / "run.jsonl"
    with pytest.raises(StepError) as first:
        flow.run(workshop, journal=journal)
    with pytest.raises(StepError) as second:
        resume(journal, workshop)

    assert str(first.value) == str(second.value)
