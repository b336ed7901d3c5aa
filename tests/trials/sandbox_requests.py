"""Requests made from the API description, right and wrong, to every operation of the sandbox.

No response is a 5xx, and each has a status and a body that the description allows.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

import sandbox
from connector.sandbox_kit import Workspace
from connector.sandbox_kit.http_messages import Request, Response
from tests.sandbox.support import check_answer, operations
from tests.sandbox.test_random_requests import ASSUME, requests_of
from tests.trials.report import Report, main


@dataclass(frozen=True)
class Received:
    """A response with the attributes that `check_answer` reads."""

    response: Response

    @property
    def status_code(self) -> int:
        """The status."""
        return self.response.status

    @property
    def text(self) -> str:
        """The body as text."""
        return self.response.content.decode()

    @property
    def headers(self) -> dict[str, str]:
        """The headers."""
        return self.response.headers

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.response.content)


def check_operation(workspace: Workspace, operation: str, cases: int, report: Report) -> None:
    """Send random requests of one operation and record what goes wrong."""

    @seed(report.seed)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests_of(operation))
    def check(request: tuple[str, bytes]) -> None:
        path, _, query = request[0].partition("?")
        method = operations()[operation][0]
        content_type = "application/json" if request[1] else ""
        sent = Request(method, path, query, content_type=content_type, content=request[1])
        try:
            response = workspace.handler.respond(sent)
            check_answer(operation, Received(response))  # type: ignore[arg-type]
        except AssertionError as error:
            report.fail("wrong", f"{operation} {sent}: {error}"[:500])
        except Exception as error:  # a trial reports whatever comes
            report.fail("uncaught", f"{operation} {sent}: {type(error).__name__}: {error}"[:500])
        else:
            report.count(f"{response.status}")

    check()


def run(cases: int, seed: int = 1, names: Collection[str] = ()) -> Report:
    """Send about `cases` requests, as many of each operation, or of those with these names; return the report."""
    report = Report("sandbox requests", seed)
    names = sorted(names or operations())
    for name in names:
        with sandbox.open_workspace(assume=ASSUME) as workspace:
            check_operation(workspace, name, -(-cases // len(names)), report)
    return report


if __name__ == "__main__":
    main(run, __doc__, cases=13_000, seed=1)
