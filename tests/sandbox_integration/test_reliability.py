"""What a service that fails does to the connector: nothing lost, nothing doubled, every wait as told."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

import connector
from connector.errors import NoResponseError, OutcomeUnknownError, RateLimitError, ServerError
from connector.sandbox_kit.sandbox import Sandbox
from connector.testing import sandbox
from tests.support.amount import amount

CALLS = amount(1_000, 400)
FAULTS = ["drop:0.08", "error:503:0.08:either"]


@dataclass
class Model:
    """What the answers say about each source, by slug: the names that it may have; None when it may not be there."""

    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, set[str | None]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    def tell(self, slug: str, outcome: str, name: str | None) -> None:
        self.outcomes[outcome] += 1
        if outcome == "done":
            self.names[slug] = {name}
        else:
            self.names.setdefault(slug, {None}).add(name)


def outcome_of(runner: connector.Runner, key: str, inputs: dict[str, Any]) -> tuple[str, Any]:
    try:
        return "done", runner.invoke(key, inputs)
    except OutcomeUnknownError:
        return "unknown", None
    except (NoResponseError, ServerError):
        return "failed", None


def work(runner: connector.Runner, model: Model) -> None:
    """Make the calls: half of them write."""
    chance = random.Random(4711)
    for number in range(CALLS):
        known = sorted(model.ids)
        kind = chance.choice(["create", "update", "delete", "get", "list", "list"]) if known else "create"
        if kind == "create":
            slug = f"made-{number}"
            inputs = {"slug": slug, "enabled": True, "metadataId": "IqDTy1TpoU"}
            outcome, payload = outcome_of(runner, "createSource", inputs)
            if outcome == "done":
                model.ids[slug] = payload["data"]["data"]["source"]["id"]
            model.tell(slug, outcome, slug)
        elif kind == "list":
            assert outcome_of(runner, "listSources", {"count": 5})[0] == "done"
        else:
            slug = chance.choice(known)
            inputs = {"sourceId": model.ids[slug]}
            if kind == "get":
                source = outcome_of(runner, "getSource", inputs)[1]["data"]["data"]["source"]
                assert source["name"] in model.names[slug]
            elif kind == "update":
                model.tell(slug, outcome_of(runner, "updateSource", inputs | {"name": f"n{number}"})[0], f"n{number}")
            else:
                model.tell(slug, outcome_of(runner, "deleteSource", inputs)[0], None)
                del model.ids[slug]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backoff takes no time; what the service asks for is waited for all the same."""
    monkeypatch.setattr("connector.rest.transport.backoff", lambda _waits: 0.0)


@pytest.mark.usefixtures("hurried")
def test_many_calls_with_faults_lose_and_double_no_write(segment: connector.Component) -> None:
    model = Model()
    with sandbox(segment, faults=FAULTS, assume={"slug-taken": "allow"}) as workspace:
        work(workspace.runner(), model)
        sources, requests = workspace.sources, workspace.requests

    held = Counter(source["slug"] for source in sources)
    names = {source["slug"]: source["name"] for source in sources}
    assert max(held.values()) == 1, "no write was doubled"
    wrong = {slug: (names.get(slug), may) for slug, may in model.names.items() if names.get(slug) not in may}
    assert wrong == {}, "what was answered is what is kept"
    sent = Counter((r.method, r.path, str(r.body)) for r in requests if r.method in ("POST", "PATCH"))
    assert max(sent.values()) == 1, "no ambiguous write was repeated"
    assert set(model.outcomes) == {"done", "unknown", "failed"}
    assert min(model.outcomes.values()) > CALLS // 100
    ambiguous = [slug for slug, may in model.names.items() if may == {None, slug}]
    assert {slug in names for slug in ambiguous} == {True, False}, "some had happened, some had not"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(("moment", "happened"), [("before", False), ("after", True)])
def test_write_with_a_truncated_response_has_an_unknown_outcome(
    workspace: Sandbox, runner: connector.Runner, moment: str, happened: bool
) -> None:
    workspace.add_fault(f"drop:1:{moment}")

    with pytest.raises(OutcomeUnknownError):
        runner.invoke("createSource", {"slug": "made", "enabled": True, "metadataId": "IqDTy1TpoU"})

    assert ("made" in [source["slug"] for source in workspace.sources]) is happened
    assert len(workspace.requests) == 1


@pytest.mark.usefixtures("hurried")
def test_body_that_breaks_off_is_read_again_where_that_is_safe(workspace: Sandbox) -> None:
    workspace.add_fault("truncate:0.25")
    runner = workspace.runner()

    payloads = [runner.invoke("listSources") for _ in range(20)]

    assert all(payload == payloads[0] for payload in payloads)
    assert 20 < len(workspace.requests) < 80


@pytest.mark.parametrize("form", ["rate-limit:3/s", "rate-limit:3/s:no-retry-after"])
def test_rate_limit_is_waited_for_as_the_response_asks(workspace: Sandbox, form: str) -> None:
    workspace.add_fault(form)
    waits: list[tuple[float, str]] = []
    runner = workspace.runner(on_wait=lambda seconds, reason: waits.append((seconds, reason)))

    for _ in range(8):
        runner.invoke("getUser", {"userId": workspace.users[0]["id"]})

    statuses = [request.status for request in workspace.requests]
    assert statuses.count(200) == 8
    assert len(waits) == statuses.count(429) <= 2, "one wait each was enough"
    assert {reason for _, reason in waits} <= {"rate limit"}
    assert all(0 < seconds <= 1 for seconds, _ in waits)


def test_rate_limit_error_has_the_wait_when_max_wait_is_0(workspace: Sandbox, runner: connector.Runner) -> None:
    workspace.add_fault("rate-limit:0/min")

    with pytest.raises(RateLimitError) as caught:
        runner.invoke("listUsers")

    assert 50 < (caught.value.retry_after or 0) <= 60
    assert len(workspace.requests) == 1


def test_published_limits_raise_without_a_wait_and_are_waited_for_otherwise(segment: connector.Component) -> None:
    with sandbox(segment, faults=["published-limits"]) as workspace:
        subscription = workspace.subscriptions[0]
        inputs = {"destinationId": subscription["destinationId"], "subscriptionId": subscription["id"]}
        runner = workspace.runner(max_wait=0)
        for _ in range(5):
            runner.invoke("updateDestinationSubscription", inputs | {"enabled": False})
        with pytest.raises(RateLimitError):
            runner.invoke("updateDestinationSubscription", inputs | {"enabled": False})
