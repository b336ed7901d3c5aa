from tests.flows.conftest import postgres

__all__ = ["postgres"]
