from __future__ import annotations

from collections.abc import Callable

from connector.flows import Run
from tests.flows.support import Service, step


def test_a_step_sees_what_an_earlier_one_gave(run: Callable[..., Run]) -> None:
    done = run(
        step("First Step", "workshop.echo", {"value": "hello"}),
        step("Second", "workshop.echo", {"value": "=firstStep.results.value"}),
    )
    assert done.results == {"value": "hello"}


def test_an_action_goes_to_the_service_of_its_connection(run: Callable[..., Run], service: Service) -> None:
    done = run(step("Create", "workshop.createThing", {"connection": "#Workshop", "name": "shop", "size": "3"}))
    assert done.results == {"thing": {"id": "t1", "name": "shop", "size": 3}}
