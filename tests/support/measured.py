"""What coverage measures: what tests and fixtures run, and nothing that pytest does around them.

A trace function slows every instruction of a thread, also of code that nobody measures: tests take twice as long.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

UNMEASURED = (
    "tests/chaos/",
    "tests/cli/test_reference.py",
    "tests/engines/test_openapi.py",
    "tests/explorer/test_snippets.py",
    "tests/flows/test_examples.py",
    "tests/flows/test_kills.py",
    "tests/flows/test_mutations.py",
    "tests/flows/test_untrusted_files.py",
    "tests/replay/",
    "tests/rest/test_secrets.py",
    "tests/sandbox/test_stateful.py",
    "tests/sandbox_integration/test_big.py",
    "tests/sandbox_integration/test_described_actions.py",
    "tests/sandbox_integration/test_every_action.py",
    "tests/sandbox_integration/test_reliability.py",
    "tests/test_architecture.py",
    "tests/test_contract.py",
    "tests/test_docs.py",
    "tests/test_readme.py",
    "tests/test_recipes.py",
    "tests/test_words.py",
    "tests/testing/test_contract_of_the_component.py",
    "tests/trials/",
)
"""Tests that repeat, often, what others do once, or read files: hardly a line is run by them alone."""


class Measured:
    """Stops tracing while pytest is at work, and in tests that are not measured."""

    def __init__(self) -> None:
        self._trace = sys.gettrace()
        self._trace_of_threads = threading.gettrace()

    @contextmanager
    def _tracing(self, on: bool) -> Iterator[None]:
        before, before_of_threads = sys.gettrace(), threading.gettrace()
        _set_trace(*((self._trace, self._trace_of_threads) if on else (None, None)))
        try:
            yield
        finally:
            _set_trace(before, before_of_threads)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Iterator[Any]:
        with self._tracing(False):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[Any]:
        with self._tracing(not item.nodeid.startswith(UNMEASURED)):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(self) -> Iterator[Any]:
        with self._tracing(True):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self) -> Iterator[Any]:
        with self._tracing(True):
            return (yield)


def _set_trace(trace: Any, trace_of_threads: Any) -> None:
    threading.settrace(trace_of_threads)
    sys.settrace(trace)
