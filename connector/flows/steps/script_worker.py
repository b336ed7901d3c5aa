"""The process in which scripts of flows run, started by `scripts.py`. It knows nothing else of this package.

It reads one job as a line of JSON from standard input, and writes one line of JSON for it. A script that does not end,
or that breaks the engine, ends with this process alone.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

PRELUDE = Path(__file__).with_name("script_prelude.js")
STACK = 512 * 1024
MAX_PROBLEMS = 20
ADDRESS_SPACE = 4 * 2**30


def main() -> None:
    """Perform jobs until standard input ends."""
    sys.path += sys.argv[1:]
    _restrict()
    for line in sys.stdin.buffer:
        try:
            output = perform(json.loads(line))
        except MemoryError:
            output = '{"limit": "memory"}'
        sys.stdout.buffer.write(output.encode() + b"\n")
        sys.stdout.buffer.flush()


def perform(job: dict[str, Any]) -> str:
    """Perform a job and return its results as JSON."""
    if "compiled" in job:
        return _compile(job)
    return _validate(job) if "schema" in job else _run(job)


def _run(job: dict[str, Any]) -> str:
    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(job["memory"])
    context.set_max_stack_size(STACK)
    try:
        run = context.eval(PRELUDE.read_text(encoding="utf-8"))
        run("start", job["code"], json.dumps(job["input"]), job["output"])
        while True:
            while context.execute_pending_job():
                pass
            delay = run("proceed")
            if delay is None:
                break
            time.sleep(delay / 1000)
        text = str(run("end"))
    except quickjs.JSException as error:
        # An exception without a message is what the engine throws when there is no memory for one.
        is_memory = "out of memory" in str(error) or str(error).strip() == "null"
        return json.dumps({"limit": "memory"} if is_memory else {"error": {"name": "Error", "message": str(error)}})
    return text if len(text) <= job["output"] else '{"limit": "output"}'


def _compile(job: dict[str, Any]) -> str:
    import quickjs

    context = quickjs.Context()
    context.set_memory_limit(job["memory"])
    context.set_max_stack_size(STACK)
    try:
        context.eval(f"(function (module, exports, require) {{{job['compiled']}\n}})")
    except quickjs.JSException as error:
        return json.dumps({"error": str(error)})
    return "{}"


def _validate(job: dict[str, Any]) -> str:
    import jsonschema
    from referencing import Registry

    try:
        kind = jsonschema.validators.validator_for(job["schema"], default=jsonschema.Draft7Validator)
        kind.check_schema(job["schema"])
        # An empty registry: a reference to a URL is an error, not a request.
        errors = islice(kind(job["schema"], registry=Registry()).iter_errors(job["value"]), MAX_PROBLEMS)
        problems = [{"path": error.json_path, "message": error.message[:300]} for error in errors]
    except jsonschema.SchemaError as error:
        return json.dumps({"error": {"name": "schema", "message": f"{error.json_path}: {error.message[:300]}"}})
    except Exception as error:
        return json.dumps({"error": {"name": "schema", "message": f"{type(error).__name__}: {str(error)[:300]}"}})
    return json.dumps({"value": problems})


def _restrict() -> None:
    """Take from this process what no script needs: files, and memory without bound."""
    try:
        import resource
    except ImportError:  # pragma: no cover - no Windows in the tests
        return
    for name, limit in (("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0), ("RLIMIT_AS", ADDRESS_SPACE)):
        number = getattr(resource, name)
        hard = resource.getrlimit(number)[1]
        resource.setrlimit(number, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


if __name__ == "__main__":
    main()
