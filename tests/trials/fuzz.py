"""Random inputs to everything that reads what somebody else wrote: each is read, or rejected with an error of ours.

Targets are the inputs of all actions, connections, manifests, flows, rate-limit headers, and redaction. Every target
states what must hold afterwards, so a wrong result is found, not only a crash.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import connector
from connector.common.redaction import Redactor
from connector.common.yaml_source import YamlError
from connector.common.yaml_source import parse as parse_yaml
from connector.flows import Flow
from connector.rest import rate_limits
from tests.trials.report import Report, main

Target = Callable[[random.Random], str]

STRINGS = (
    "",
    " ",
    "a",
    "true",
    "50",
    "-1",
    "1e999",
    "null",
    "[]",
    "{}",
    '{"a": 1}',
    '[{"key": "a", "value": "b"}]',
    "[{",
    "\ud800",
    "\0",
    "\u202e",
    "000xxx",
    "••••••••••8839",
    "..",
    "%2e%2e",
    "a/b",
    "x" * 2_000,
    "9" * 5_000,
    "ß",
    "{{$trigger.results}}",
)


def value(choose: random.Random, depth: int = 0) -> Any:
    """Return a random JSON-like value."""
    kind = choose.randrange(10 if depth < 3 else 7)
    if kind < 3:
        return choose.choice(STRINGS)
    if kind == 3:
        return choose.choice([0, 1, -1, 50, 1001, 10**30, True, False, None])
    if kind == 4:
        return choose.choice([0.5, float("nan"), float("inf"), -0.0])
    if kind == 5:
        return "".join(choose.choices('{}[]":,.\\ \n\tabc019$*-', k=choose.randrange(30)))
    if kind == 6:
        return choose.choice([b"bytes", {1, 2}, (1, 2), object(), "text"])
    if kind < 9:
        return {choose.choice(["a", "key", "value", "id", "", 1]): value(choose, depth + 1) for _ in range(3)}
    return [value(choose, depth + 1) for _ in range(choose.randrange(4))]


def inputs_target(component: connector.Component) -> Target:
    """Inputs of a random action: validated, or one `InputError` that shows no secret."""
    actions = list(component.actions.values())

    def run(choose: random.Random) -> str:
        action = choose.choice(actions)
        keys = [*action.inputs.definitions(), "unknown"]
        raw: dict[str, Any] = {key: value(choose) for key in choose.sample(keys, k=choose.randrange(len(keys) + 1))}
        try:
            inputs = action.inputs.from_values(raw)
        except connector.errors.InputError as error:
            str(error)
            json.dumps(error.to_dict())
            return "rejected"
        again = action.inputs.from_values(inputs.model_dump(by_alias=True))
        if repr(again) != repr(inputs) and "nan" not in repr(inputs).lower():
            raise AssertionError(f"{action.key}: {raw!r} reads differently the second time")
        return "read"

    return run


def connection_target(component: connector.Component) -> Target:
    """Fields of a connection: opened, or rejected without showing the token."""
    token = "sgp_token-of-the-trial"

    def run(choose: random.Random) -> str:
        fields = {
            "apiKey": choose.choice([token, value(choose)]),
            "region": choose.choice(["api", "eu1.api", value(choose)]),
            "baseUrl": choose.choice(["", "https://x", "http://localhost:1", value(choose)]),
            "subdomain": value(choose),
        }
        chosen = dict(choose.sample(list(fields.items()), k=choose.randrange(5)))
        try:
            with connector.Runner(component, {"fields": chosen}) as runner:
                endpoint = runner.connection.endpoint(None)
        except connector.ConnectorError as error:
            if token in str(error):
                raise AssertionError("the error shows the token") from error
            return "rejected"
        if not endpoint.base_url.startswith(("https://", "http://localhost", "http://127.")):
            raise AssertionError(f"requests would go to {endpoint.base_url}")
        return "read"

    return run


def yaml_target(choose: random.Random) -> str:
    """YAML: parsed, or rejected with a line."""
    parts = [
        "a: 1\n",
        "- b\n",
        "  c: [1, 2\n",
        "&x ",
        "*x\n",
        "{",
        "}",
        "!!int 'x'\n",
        "\t",
        "? ",
        "---\n",
        "'",
        "<<: *x\n",
    ]
    text = "".join(choose.choices(parts, k=choose.randrange(12)))
    try:
        parse_yaml(text)
    except YamlError as error:
        if not error.problems:
            raise AssertionError(f"no problem is named for {text!r}") from error
        return "rejected"
    return "read"


def flow_target(component: connector.Component) -> Target:
    """An integration with random values anywhere: checked, or rejected."""
    document: dict[str, Any] = {
        "definitionVersion": 7,
        "name": "Trial",
        "flows": [
            {
                "name": "F",
                "steps": [
                    {
                        "name": "Trigger",
                        "isTrigger": True,
                        "action": {"component": {"key": "webhook-triggers"}, "key": "webhook"},
                    },
                    {
                        "name": "Get",
                        "action": {"component": {"key": "segment"}, "key": "getSource"},
                        "inputs": {"sourceId": {"type": "reference", "value": "trigger.results.body.data.id"}},
                    },
                ],
            }
        ],
    }

    def run(choose: random.Random) -> str:
        copy = json.loads(json.dumps(document))
        spot: Any = copy
        while isinstance(spot, dict | list) and spot:
            key = choose.choice(list(spot)) if isinstance(spot, dict) else choose.randrange(len(spot))
            if choose.random() < 0.3 or not isinstance(spot[key], dict | list):
                spot[key] = choose.choice([choose.choice(STRINGS), 7, None, True, [], {}, ["x"], {"type": "value"}])
                break
            spot = spot[key]
        try:
            list(Flow.parse(json.dumps(copy), "trial.yaml").check(component))
        except connector.ConnectorError:
            return "rejected"
        return "read"

    return run


def wait_target(choose: random.Random) -> str:
    """Headers that name a wait: a wait of zero or more seconds, or none."""
    text = choose.choice(
        [
            str(choose.randrange(-5, 100)),
            f"{choose.random():.3f}",
            "Wed, 25 Nov 2026 20:00:00 GMT",
            "Wed, 25 Nov 2026 20:00:00",
            "Wed, 25 Nov 2026 20:00:00 -0000",
            choose.choice(STRINGS),
            "".join(choose.choices("0123456789:-+, GMTNovWed.e", k=20)),
        ]
    )
    headers: Mapping[str, str] = {choose.choice(["Retry-After", "X-RateLimit-Reset"]): text}
    seconds = rate_limits.retry_after(headers)
    if seconds is not None and not 0 <= seconds < 10**12:
        raise AssertionError(f"{text!r} is a wait of {seconds}")
    return "none" if seconds is None else "read"


def redaction_target(choose: random.Random) -> str:
    """Texts with and without secrets: no secret stays, and no harmless text changes."""
    secrets = ["sgp_secret-one", "sgp_secret-one-longer", "p4ss/word="]
    harmless = ["a source", "sgp_", "word", "2026-11-25", "***", "secret"]
    parts = [choose.choice([*secrets, *harmless]) for _ in range(choose.randrange(6))]
    text = choose.choice([" ", "", "|"]).join(parts)
    redactor = Redactor(secrets)
    redacted = redactor.text(text)
    if any(secret in redacted for secret in secrets):
        raise AssertionError(f"{text!r} became {redacted!r}")
    if not any(secret in text for secret in secrets) and redacted != text:
        raise AssertionError(f"{text!r} changed to {redacted!r}")
    return "read"


def targets() -> dict[str, Target]:
    """Return all targets by name."""
    component = connector.load_component()
    return {
        "inputs": inputs_target(component),
        "connection": connection_target(component),
        "yaml": yaml_target,
        "flow": flow_target(component),
        "wait": wait_target,
        "redaction": redaction_target,
    }


WEIGHTS = {"inputs": 8, "connection": 1, "yaml": 4, "flow": 1, "wait": 8, "redaction": 4}


def run(inputs: int, seed: int = 1) -> Report:
    """Run random inputs through all targets and return the report."""
    report, choose, available = Report("fuzz", seed), random.Random(seed), targets()
    names = choose.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=inputs)
    for name in names:
        try:
            outcome = available[name](choose)
        except AssertionError as error:
            report.fail("wrong", f"{name}: {error}")
        except Exception as error:  # a trial reports whatever comes
            report.fail("uncaught", f"{name}: {type(error).__name__}: {error}"[:300])
        else:
            report.count(f"{name} {outcome}")
    return report


if __name__ == "__main__":
    main(run, __doc__, inputs=300_000, seed=1)
