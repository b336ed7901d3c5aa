"""Connections, config variables, and which flow runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.component.component import Component
from connector.component.connections import Connection
from connector.component.runner import Runner
from connector.errors import (
    ConnectionInputError,
    InvalidFlowError,
    PolicyError,
    StepError,
    UsageError,
)
from connector.flows import Run, runs
from connector.flows.run.config import config_values
from connector.flows.run.connections import FlowConnections
from tests.flows.support import (
    CONNECTION,
    TOKEN,
    TRIGGER,
    Service,
    echo,
    flow_of,
    step,
)

Runs = Callable[..., Run]


def test_action_goes_to_the_service_of_its_connection(run: Runs) -> None:
    done = run(step("Create", "workshop.createThing", {"connection": "#Workshop", "name": "shop", "size": "3"}))
    assert done.results == {"thing": {"id": "t1", "name": "shop", "size": 3}}


def test_config_variables_have_their_default_until_they_are_set(run: Runs) -> None:
    variables = [
        {"key": "Env", "dataType": "string", "defaultValue": "dev"},
        {"key": "Tags", "dataType": "string", "collectionType": "valuelist", "defaultValue": '["a", "b"]'},
    ]
    steps = echo("Env", "#Env"), echo("Tags", "#Tags")
    done = run(*steps, config_variables=variables)
    assert [done.steps[name].results["value"] for name in ("Env", "Tags")] == ["dev", ["a", "b"]]
    assert run(*steps, config_variables=variables, config={"Env": "prod"}).steps["Env"].results == {"value": "prod"}


def test_config_variables_without_a_value_are_left_out() -> None:
    variables = [{"key": "Env", "dataType": "string"}, {"key": "Size", "dataType": "string", "defaultValue": ""}]
    flow = flow_of(step("Noop", "workshop.noop"), config=variables)
    assert config_values(flow.integration, {}) == {}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"Colour": "green"}, 'Colour: "green" is not one of its choices'),
        ({"Color": "red"}, "Color: unknown config variable"),
        ({"Workshop": "x"}, "Workshop: is a connection, not a value"),
        ({}, 'config variable "Colour" has no value'),
    ],
)
def test_config_that_does_not_fit_runs_nothing(
    run: Runs, config: dict[str, str], message: str, service: Service
) -> None:
    variable = {"key": "Colour", "dataType": "picklist", "pickList": ["red", "blue"]}
    with pytest.raises(InvalidFlowError, match=message.replace("(", r"\(")):
        run(step("Create", "workshop.createThing", {"name": "#Colour"}), config_variables=[variable], config=config)
    assert not service.server.requests


def test_flow_does_not_start_when_steps_are_not_supported_and_names_them_all(run: Runs, service: Service) -> None:
    steps = (
        step("Create", "workshop.createThing", {"nam": "x"}),
        step("Compute", "cross-flow.invokeFlow"),
        step("Post", "slack.postMessage"),
    )
    with pytest.raises(InvalidFlowError, match="flow has errors and was not started") as caught:
        run(*steps)
    labels = [problem.label for problem in caught.value.problems]
    assert labels == ["Main / Compute", "Main / Post", "Main / Create", "Main / Create"]
    assert "a flow cannot start another flow" in caught.value.problems[0].message
    assert not service.server.requests


def test_only_connection_serves_steps_that_name_none(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings", {"connection": "#"}), requiredConfigVars=[])
    assert flow.run(workshop, connections={"any name": service.connection}).results == {"things": []}


def test_two_components_in_one_flow_have_their_own_connections(workshop: Component, service: Service) -> None:
    other = {"key": "Other", "dataType": "connection", "connection": {"key": "key", "component": {"key": "workshop"}}}
    flow = flow_of(
        step("One", "workshop.createThing", {"connectionInput": "#Workshop", "name": "a"}),
        step("Two", "workshop.createThing", {"connectionInput": "#Other", "name": "b"}),
        config=[other],
    )
    second = {"fields": {"apiKey": "the-other-token", "baseUrl": service.server.url}}
    flow.run(workshop, connections={CONNECTION: service.connection, "Other": second})
    tokens = [request.headers["Authorization"] for request in service.requests("POST")]
    assert tokens == ["Bearer secret-token-of-the-workshop", "Bearer the-other-token"]


def test_connection_is_passed_as_fields_as_open_connection_or_as_runner(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    fields = service.connection["fields"]
    with Runner(workshop, service.connection, read_only=True) as runner:
        for values in (fields, Connection(workshop.connection(), fields), runner):
            assert flow.run(workshop, connections={CONNECTION: values}).results == {"things": []}
        create = flow_of(step("Create", "workshop.createThing", {"name": "a"}))
        with pytest.raises(StepError, match=r"this runner is read-only"):
            create.run(workshop, connections={CONNECTION: runner})


@pytest.mark.parametrize("policy", [{"block": ["createThing"]}, {"allow": ["listThings"]}, {"read_only": True}])
def test_policy_of_a_runner_holds_in_flows(workshop: Component, service: Service, policy: dict[str, Any]) -> None:
    create = step("Create", "workshop.createThing", {"name": "a"}, errorConfig={"errorHandlerType": "retry"})
    with Runner(workshop, service.connection, **policy) as runner:
        assert flow_of(step("List", "workshop.listThings")).run(workshop, connections={CONNECTION: runner}).results
        with pytest.raises(StepError) as caught:
            flow_of(create).run(workshop, connections={CONNECTION: runner})
    assert isinstance(caught.value.cause, PolicyError)
    assert not service.requests("POST")
    assert runs()[0].unknown == 0


def test_fields_of_a_connection_that_the_file_sets_are_used(workshop: Component, service: Service) -> None:
    preset = {
        "key": CONNECTION,
        "dataType": "connection",
        "connection": {"key": "key", "component": {"key": "workshop"}},
        "inputs": {"baseUrl": {"type": "value", "value": service.server.url}},
    }
    flow = flow_of(step("List", "workshop.listThings"), requiredConfigVars=[preset])
    assert flow.run(workshop, connections={CONNECTION: {"fields": {"apiKey": "x"}}}).results == {"things": []}


def test_missing_connections_are_all_named_before_anything_runs(workshop: Component, service: Service) -> None:
    other = {"key": "Other", "dataType": "connection", "connection": {"key": "key", "component": {"key": "workshop"}}}
    flow = flow_of(
        step("One", "workshop.listThings", {"connection": "#Workshop"}),
        step("Two", "workshop.listThings", {"connection": "#Other"}),
        config=[other],
    )
    with pytest.raises(ConnectionInputError) as caught:
        flow.run(workshop)
    assert [problem.location for problem in caught.value.problems] == ["Workshop", "Other"]
    with pytest.raises(UsageError, match='unknown connection "Workshp"'):
        flow.run(workshop, connections={"Workshp": service.connection})


def test_flow_is_named_when_the_file_has_several(workshop: Component, service: Service) -> None:
    content = [{"name": name, "steps": [TRIGGER, echo("Echo", name)]} for name in ("One", "Two")]
    flow = flow_of(flows=content)
    assert flow.flows == ["One", "Two"]
    assert flow.run(workshop, flow="Two", connections=service.connections).results == {"value": "Two"}
    with pytest.raises(
        UsageError, match=r"file contains several flows\n.*Pass --flow NAME \(flow=NAME in Python\): One or Two\."
    ):
        flow.run(workshop)
    with pytest.raises(UsageError, match=r'unknown flow "Tow"\n.*Did you mean Two?'):
        flow.definition("Tow")


def test_component_without_connections_needs_none(run: Runs) -> None:
    assert run(step("Wait", "sleep.sleep", {"ms": "0"}), connections={}).status == "done"


def test_flow_that_names_no_connection_says_what_to_give(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings"), requiredConfigVars=[])
    with pytest.raises(ConnectionInputError, match="no connection was passed"):
        flow.run(workshop)
    with pytest.raises(ConnectionInputError, match="several connections were passed, but the steps do not name one"):
        flow.run(workshop, connections={"One": service.connection, "Two": service.connection})


def test_steps_with_and_without_a_name_share_the_connection(workshop: Component, service: Service) -> None:
    steps = step("One", "workshop.listThings", {"connection": "#Workshop"}), step("Two", "workshop.listThings")
    assert flow_of(*steps).run(workshop, connections=service.connections).status == "done"


def test_fields_of_a_connection_that_do_not_fit_are_named(workshop: Component) -> None:
    with pytest.raises(ConnectionInputError, match=r"API Key \(apiKey\): is required"):
        flow_of(step("List", "workshop.listThings")).run(workshop, connections={CONNECTION: {"fields": {}}})


def test_only_secret_fields_of_a_connection_are_redacted(workshop: Component, service: Service) -> None:
    flow = flow_of(step("List", "workshop.listThings"))
    needs = flow.connections(workshop)
    connections = FlowConnections(flow.integration, needs, {"workshop": workshop}, service.connections)
    assert connections.secrets == {TOKEN}
    connections.close()
