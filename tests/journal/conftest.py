from tests.flows.conftest import events, postgres, run, service, state_home, workshop

__all__ = ["events", "postgres", "run", "service", "state_home", "workshop"]
