"""The fixtures that users have, here without an installation."""

from __future__ import annotations

from connector.testing.pytest_plugin import connector_component, harness

__all__ = ["connector_component", "harness"]
