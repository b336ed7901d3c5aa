"""The check reports planted faults at their lines, and nothing in the files without them."""

from __future__ import annotations

from pathlib import Path

import pytest

import connector
from connector.component.component import Component
from connector.flows import Flow
from tests.flows.mutations import KINDS, Source, errors_of, sample

EXAMPLES = Path(__file__).parents[2] / "examples" / "flows"
SEED = 20261125

# An export in the style of Prismatic's designer, with what the example flows do not have.
EXPORT = """\
definitionVersion: 7
description: ""
flows:
  - description: ""
    isSynchronous: false
    name: Import
    steps:
      - action:
          component:
            isPublic: true
            key: dropbox
            version: 5
          key: dropboxWebhook
        branches:
          - name: Notification
            steps:
              - action:
                  component:
                    isPublic: true
                    key: log
                    version: LATEST
                  key: writeLog
                description: ""
                inputs:
                  message:
                    type: template
                    value: "{{#Greeting}} {{$dropboxTrigger.results.body.data.id}}"
                name: Log Notification
          - name: Else
            steps: []
        description: ""
        inputs: {}
        isTrigger: true
        name: Dropbox Trigger
      - action:
          component:
            isPublic: true
            key: http
            version: LATEST
          key: httpGet
        description: ""
        inputs:
          apiConnection:
            type: configVar
            value: Api
          url:
            type: template
            value: "https://example.com/{{#Greeting}}"
        name: Get Items
      - action:
          component:
            isPublic: true
            key: sleep
            version: LATEST
          key: sleep
        description: ""
        inputs:
          ms:
            type: configVar
            value: Pause
        name: Pause
requiredConfigVars:
  - dataType: string
    defaultValue: hello
    key: Greeting
  - dataType: number
    defaultValue: "5"
    key: Pause
  - connection:
      component:
        isPublic: true
        key: http
        version: LATEST
      key: apiKey
    dataType: connection
    inputs: {}
    key: Api
name: Import
"""


@pytest.fixture(scope="module")
def installed() -> dict[str, Component]:
    segment = connector.load_component(installed_plugins=False)
    return {segment.key: segment}


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    texts = [*(file.read_text(encoding="utf-8") for file in sorted(EXAMPLES.glob("*.yaml"))), EXPORT]
    return [Source(Flow.parse(text, "flow").integration) for text in texts]


def test_unchanged_files_have_no_errors(sources: list[Source], installed: dict[str, Component]) -> None:
    # The examples use `fetchAll`, which Prismatic's component does not have, so they are not checked for Prismatic.
    for source in sources:
        problems = Flow.parse(source.integration.text, "flow").check(installed)
        errors = [problem for problem in problems if problem.severity == "error"]
        assert [problem for problem in errors if problem.rule != "unsupported"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_planted_fault_is_an_error_at_its_line(
    kind: str, sources: list[Source], installed: dict[str, Component]
) -> None:
    planted = sample(kind, sources, SEED, 6)
    assert planted
    for mutation in planted:
        assert mutation.line in errors_of(mutation.text, installed), mutation.text.splitlines()[mutation.line - 1]
