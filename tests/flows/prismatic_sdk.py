"""Compare conditions and conversions with Prismatic's SDK, which Node.js runs.

    npm install --prefix FOLDER @prismatic-io/spectral
    TESTS_PRISMATIC_SDK=FOLDER python -m tests.flows.prismatic_sdk

prints each difference that docs/flows/differences.md does not describe.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connector.common.value_paths import UNDEFINED
from connector.errors import UsageError
from connector.flows.values.conditions import BINARY, UNARY, evaluate_condition
from connector.flows.values.javascript import number_of, parse_json, string_of

FOLDER = "TESTS_PRISMATIC_SDK"

DRIVER = """
const { evaluate, parseValue } = require(process.argv[1] + "/conditionalLogic");
const special = { undefined: undefined, NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };
const decode = (part) => {
  if (Array.isArray(part)) return part.map(decode);
  if (!part || typeof part !== "object") return part;
  if ("$" in part) return special[part.$];
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, decode(value)]));
};
const encode = (value) => {
  if (value === undefined) return { $: "undefined" };
  if (typeof value === "number" && !Number.isFinite(value)) return { $: String(value) };
  return Array.isArray(value) ? value.map(encode) : value;
};
const actions = { condition: evaluate, parse: parseValue, number: Number, string: String };
const answer = ([action, value]) => {
  try {
    return { value: encode(actions[action](decode(value))) };
  } catch (error) {
    return { error: String(error.message) };
  }
};
const questions = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map(answer)));
"""

NAN = float("nan")
VALUES: list[Any] = [
    *(
        "",
        " ",
        "a",
        "A",
        "ab",
        "0",
        "00",
        "1",
        "1.0",
        "-1",
        "1e3",
        "10",
        "9",
        "0x10",
        "true",
        "false",
        "null",
        "undefined",
    ),
    *(
        "NaN",
        "Infinity",
        "[]",
        "{}",
        "[1]",
        '{"a": 1}',
        '"a"',
        '""',
        "yes",
        "No",
        "T",
        "f",
        "ä",
        "\u00e9",
        "😀",
        "[",
        "{a}",
    ),
    *(0, 1, -1, 1.5, 10, 1e21, 1e-7, 1.5e-6, -0.00001, 2**53, NAN, True, False, None, UNDEFINED),
    *([], [1], ["1"], [1, 2], ["1", "2"], [None], [[1]], ["a", "b"], {}, {"a": 1}, {"a": "1"}, {"b": None}),
    *([{"a": 1}], {"a": [1]}, {"a": {"b": 1}}, [True], [0], [""], [[]]),
]
DATES: list[Any] = [
    *(
        "2026-01-31",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T13:00:00+01:00",
        "2026-02-01T00:00Z",
    ),
    *(0, 1, 1769860800, 1769860800.5, "1769860800"),
]
ODD_DATES = ("2026-01", "2026-031", "2026-01-31T24:00:00Z", "05", "2026", "2026-01-31T10.5", "soon", "", "2026-13-01")
"""Texts that are no complete date; see docs/flows/differences.md."""

DATE_OPERATORS = ("dateTimeAfter", "dateTimeBefore", "dateTimeSame")


def sdk_folder() -> Path | None:
    """Return the folder of the SDK's code; None if it or Node.js is missing."""
    folder = Path(os.environ.get(FOLDER, "/nowhere")) / "node_modules/@prismatic-io/spectral/dist"
    return folder if folder.is_dir() and shutil.which("node") else None


def questions() -> Iterator[tuple[str, Any]]:
    """Yield every condition and every conversion to compare."""
    for operator, value in itertools.product(UNARY, VALUES):
        yield "condition", [operator, value]
    for operator in BINARY:
        values = [*DATES, *ODD_DATES] if operator in DATE_OPERATORS else VALUES
        for left, right in itertools.product(values, values):
            yield "condition", [operator, left, right]
    for action in ("parse", "number", "string"):
        for value in VALUES:
            yield action, value


def ours(action: str, value: Any) -> Any:
    """Return what this package answers: a value, or an error."""
    try:
        match action:
            case "condition":
                return {"value": evaluate_condition(value)}
            case "parse":
                return {"value": encoded(parse_json(value))}
            case "number":
                return {"value": encoded(number_of(value))}
        return {"value": string_of(value)}
    except UsageError as error:
        return {"error": error.message}


def theirs(folder: Path, requested: list[tuple[str, Any]]) -> list[Any]:
    """Return what the SDK answers."""
    text = json.dumps([[action, encoded(value)] for action, value in requested])
    command = ["node", "-e", DRIVER, str(folder)]
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=120, env=environment)
    return list(json.loads(done.stdout))


def encoded(value: Any) -> Any:
    """Return a value as JSON, with objects for what JSON cannot hold."""
    if value is UNDEFINED:
        return {"$": "undefined"}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return {"$": "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, float) and value != value:
        return {"$": "NaN"}
    if isinstance(value, list):
        return [encoded(part) for part in value]
    if isinstance(value, dict):
        return {key: encoded(part) for key, part in value.items()}
    return value


def is_known(action: str, value: Any) -> bool:
    """Return True for a difference that docs/flows/differences.md describes."""
    is_date = action == "condition" and value[0] in DATE_OPERATORS
    return is_date and any(term in ODD_DATES for term in value[1:])


def differences(folder: Path) -> tuple[list[str], int]:
    """Return the differences that are not known, and the number of comparisons."""
    requested = list(questions())
    lines = []
    for (action, value), expected in zip(requested, theirs(folder, requested), strict=True):
        received = ours(action, value)
        both_fail = "error" in expected and "error" in received
        if not both_fail and received != expected and not is_known(action, value):
            lines.append(f"{action} {value!r}: {received} here, {expected} in the SDK")
    return lines, len(requested)


def main() -> int:
    """Print the differences."""
    folder = sdk_folder()
    if folder is None:
        print(f"{FOLDER} names no folder with the SDK, or there is no node", file=sys.stderr)
        return 2
    lines, count = differences(folder)
    print("\n".join([*lines, f"{len(lines)} differences in {count} comparisons"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
