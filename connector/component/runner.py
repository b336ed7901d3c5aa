"""Runs a component's actions for one customer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic_core import to_json

from connector.common.recent_values import RecentValues
from connector.common.text import did_you_mean
from connector.component.component import Component, error_context, load_component
from connector.component.connections import Connection
from connector.component.context import Context
from connector.component.definitions import Action, Payload
from connector.component.dry_run import DryRun, dry_run
from connector.component.pagination import iter_pages, records_of
from connector.component.picklists import searching
from connector.component.policy import Policy, tags_of
from connector.errors import ConnectionInputError, UsageError
from connector.rest.rate_limits import CallLimits

if TYPE_CHECKING:
    from connector.component.bulk import BulkRun
    from connector.component.bulk_journal import Unknown

TEST_CONNECTION = "testConnection"
"""Key of the test of the connection, for policies and hooks."""


class Runner:
    """A component with a connection and a policy; thread-safe.

    Args:
        component: Component to run.
        connection: `{"key": "apiKey", "fields": {"apiKey": "..."}}`, as Prismatic passes it. `key` is optional if the
            component has one connection.
        allow: Keys of all that may run; None allows every key.
        block: Keys of what may not run; see `Policy`.
        read_only: Allow reads only.
        toolset: `all`, `documented`, or tags of the API such as `tracking-plans`; see `Policy`.
        max_wait: Default of `max_wait` for every call, in seconds.
        on_wait: Called with seconds and reason before each wait, in the thread that waits.
        on_page: Called with the number of records so far after each page of a list, in the thread that iterates.
        tenant: Name of the customer, which plugins read as `context.tenant`. A `Connection` has one already.
        max_response_bytes: Size of the largest response body after decompression. Default: 64 MiB.

    Raises:
        ConnectionInputError: If the connection is missing, or one of its fields is invalid.
        UnknownKeyError: If the component has no such connection, or nothing with a key to allow or block.
        UsageError: If the API has no such tag, or a limit is not a number of 0 or more.
    """

    def __init__(
        self,
        component: Component,
        connection: Mapping[str, Any] | Connection | None = None,
        *,
        allow: Iterable[str] | None = None,
        block: Iterable[str] = (),
        read_only: bool = False,
        toolset: str | Collection[str] = "all",
        max_wait: float | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        on_page: Callable[[int], None] | None = None,
        tenant: str = "",
        max_response_bytes: int | None = None,
    ) -> None:
        if not isinstance(component, Component):
            hint = "Pass connector.load_component(), or load_component(PATH) for a manifest.yaml."
            raise UsageError(f"component must be a Component, got {type(component).__name__}", hint=hint)
        CallLimits.of(max_wait, None, on_wait, max_response_bytes)  # so that a wrong limit is an error here
        self.policy = Policy(allow, block, read_only, known_toolset(component, toolset))
        for key in self.policy.keys - component.data_sources.keys() - {TEST_CONNECTION}:
            component.action(key)
        self.component = component
        self.connection = (
            connection if isinstance(connection, Connection) else _open_connection(component, connection, tenant)
        )
        self.max_wait = max_wait
        self.on_wait = on_wait
        self.on_page = on_page
        self.max_response_bytes = max_response_bytes
        self._kept_choices = RecentValues()

    @classmethod
    def from_profile(cls, name: str, component: Component | None = None, **settings: Any) -> Self:
        """Return a runner with the connection of one of the user's profiles, as `connector login` writes them.

        Args:
            name: Name of the profile.
            component: Component to run. Default: the one that the profile names.
            settings: Settings of `Runner`, such as `read_only`.

        Raises:
            UnknownKeyError: If there is no such profile.
            SetupError: If the profile is invalid, or for another component.
        """
        from connector.component.profiles import load_profile

        profile = load_profile(name, os.environ)
        chosen = component or profile.installed_component()
        return cls(chosen, profile.credentials(chosen, os.environ).connection, **settings)

    @classmethod
    def from_environment(cls, component: Component | None = None, **settings: Any) -> Self:
        """Return a runner with the connection of the environment variables that the command line also reads.

        Args:
            component: Component to run. Default: the bundled one.
            settings: Settings of `Runner`, such as `read_only`.

        Raises:
            UsageError: If `CONNECTOR_SANDBOX` is set, or a variable does not hold a JSON object.
            ConnectionInputError: If a field is missing or invalid.
        """
        from connector.component.credentials import check_no_sandbox, environment_credentials

        check_no_sandbox(os.environ)
        chosen = component or load_component()
        return cls(chosen, environment_credentials(chosen, os.environ).connection, **settings)

    def invoke(
        self,
        key: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        max_wait: float | None = None,
        deadline: float | None = None,
    ) -> Payload:
        """Run an action and return its payload: `{"data": <the API's response body>}`.

        Args:
            key: Key of the action.
            inputs: Its inputs by key.
            max_wait: Maximum seconds to wait for rate limits and retries, per request; 0 raises at once.
            deadline: Seconds until no further request is started.

        Raises:
            ConnectorError: If the call fails. Subclasses say what to do; see `connector.errors`.
        """
        return self.component.perform(key, self.context(max_wait, deadline), inputs or {})

    def dry_run(
        self,
        key: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        send_reads: bool = True,
        max_wait: float | None = None,
        deadline: float | None = None,
    ) -> DryRun:
        """Run an action without its first write, and return this write, also of an action that deletes.

        Args:
            key: Key of the action.
            inputs: Its inputs by key.
            send_reads: Send the reads before the write; without them, the result is the first request, whatever it is.
            max_wait: See `invoke`.
            deadline: See `invoke`.

        Raises:
            ConnectorError: See `invoke`.
        """
        return dry_run(lambda: self.invoke(key, inputs, max_wait=max_wait, deadline=deadline), send_reads=send_reads)

    def pages(
        self,
        key: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        max_wait: float | None = None,
        deadline: float | None = None,
        ahead: int = 0,
    ) -> Iterator[Payload]:
        """Iterate over the payloads of a list action, one per page; only one is in memory.

        Args:
            key: Key of the action.
            inputs: Its inputs by key.
            max_wait: See `invoke`.
            deadline: See `invoke`.
            ahead: 1 reads the next page in another thread while you work on this one, so that two are in memory;
                0 reads a page when you ask for it.

        Raises:
            UsageError: If `ahead` is neither 0 nor 1; a page names the next one, so no more can be read ahead.
            ConnectorError: See `invoke`.
        """
        if ahead not in (0, 1):
            raise UsageError(f"ahead must be 0 or 1, got {ahead!r}", action=key)
        action, context = self.component.action(key), self.context(max_wait, deadline)
        with error_context(key):
            first = action.inputs.from_values(inputs or {})
            yield from iter_pages(
                action,
                lambda page: self.component.perform_validated(action, context, page),
                first,
                on_page=self.on_page,
                ahead=ahead,
            )

    def records(
        self,
        key: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        max_wait: float | None = None,
        deadline: float | None = None,
        ahead: int = 0,
    ) -> Iterator[Any]:
        """Iterate over all records of a list action, fetching pages as needed. See `invoke` and `pages`."""
        action = self.component.action(key)
        for payload in self.pages(key, inputs, max_wait=max_wait, deadline=deadline, ahead=ahead):
            yield from records_of(action, payload)
            del payload  # the next page is read without this one in memory

    def each(
        self,
        key: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        journal: bool | str | Path = True,
        resume: str | Path | None = None,
        unknown: Unknown | Mapping[int, Unknown] = "stop",
        on_error: Literal["stop", "keep-going"] = "stop",
        parallel: int = 1,
        max_wait: float | None = None,
        deadline: float | None = None,
    ) -> BulkRun:
        """Run an action once per row, and return an iterator over a `RowResult` for each.

        A journal records each write before it is sent, so a run that was killed can be resumed: pass the same rows in
        the same order. No finished row is sent again.

        Args:
            key: Key of the action.
            rows: Inputs by key for each call. Only the rows on their way are in memory. To resume, rows with a length,
                such as a list, are compared with those of the run before anything is sent; others as they come.
            journal: Path of the journal; True for the user's state folder, from which a run that is done is deleted;
                False for none.
            resume: ID of a run, or path of its journal. Rows that are done are yielded from the journal, and rows that
                failed are tried again.
            unknown: What to do with a write of unknown outcome of the run to resume: stop and report it, retry it, or
                skip it. Pass a mapping to decide for each row. Idempotent writes are retried without asking.
            on_error: Stop at the first row that fails, or keep going. An error that every row would meet, such as an
                invalid token, stops the run anyway.
            parallel: Number of calls at once. Results come in the order of the rows.
            max_wait: See `invoke`.
            deadline: Seconds until no further request of the run is started.

        Raises:
            JournalError: If the journal cannot be used, or a write has an unknown outcome.
            UnknownKeyError: If there is no such action.
            UsageError: If the rows are not those of the run to resume.
        """
        from connector.component.bulk import BulkRun

        return BulkRun(
            self,
            key,
            rows,
            journal=journal,
            resume=resume,
            unknown=unknown,
            on_error=on_error,
            parallel=parallel,
            max_wait=max_wait,
            deadline=deadline,
        )

    def choices(
        self,
        key: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        search: str | None = None,
        limit: int | None = None,
        fresh: bool = False,
        max_wait: float | None = None,
        deadline: float | None = None,
    ) -> Payload:
        """Return the choices of a data source: `{"result": [{"label", "key"}]}`, sorted by label.

        This runner keeps them for 30 s. A search with a limit reads no further records when it has enough.

        Args:
            key: Key of the data source.
            inputs: Its inputs by key.
            search: Return only choices whose label or key contains this string, ignoring case.
            limit: Maximum number of choices to return.
            fresh: Ask again, whatever this runner keeps.
            max_wait: See `invoke`.
            deadline: See `invoke`.

        Raises:
            ConnectorError: If the call fails. Subclasses say what to do.
        """
        if limit is not None and limit < 0:
            raise UsageError(f"limit must be 0 or more, got {limit}", action=key)
        with searching(search or "", limit):
            choices = self._kept_choices.get(
                (key, to_json(inputs or {}, fallback=str), search, limit),
                lambda: self.component.choices(key, self.context(max_wait, deadline), inputs or {})["result"],
                fresh=fresh,
            )
        if search:
            # `picklist` has searched already, but a data source may make its choices without it.
            folded = search.casefold()
            choices = [c for c in choices if folded in c["label"].casefold() or folded in c["key"].casefold()]
        return {"result": [dict(choice) for choice in (choices if limit is None else choices[:limit])]}

    def test_connection(self, *, max_wait: float | None = None, deadline: float | None = None) -> Payload:
        """Test the credentials and return the workspace they belong to.

        Raises:
            ConnectorError: If they do not work; the hint names the possible causes.
            UsageError: If the component cannot test its connection.
        """
        definition = self.connection.definition
        if definition.test is None:
            raise UsageError(f'connection "{definition.key}" cannot be tested')
        # Performed like an action, so that policy and hooks hold for it too.
        test: Action[Any] = Action(TEST_CONNECTION, definition.test, has_example=False)
        with error_context(TEST_CONNECTION):
            context = self.context(max_wait, deadline)
            return self.component.perform_validated(test, context, self.connection.fields)

    def context(self, max_wait: float | None = None, deadline: float | None = None) -> Context:
        """Return the context of one call with these limits.

        Raises:
            UsageError: If the runner is closed, or a limit is not a number of 0 or more.
        """
        if self.connection.transport.is_closed:
            raise UsageError("the runner is closed", hint="Create another Runner, or close this one later.")
        limits = CallLimits.of(
            self.max_wait if max_wait is None else max_wait, deadline, self.on_wait, self.max_response_bytes
        )
        return Context(self.component, self.connection, limits=limits, policy=self.policy, on_page=self.on_page)

    def close(self) -> None:
        """Cancel the calls that wait, and close the idle connections; another call is an error."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def known_toolset(component: Component, toolset: str | Collection[str]) -> str | Collection[str]:
    """Return a toolset of a component.

    Raises:
        UsageError: If the API has no such tag.
    """
    if toolset in ("all", "documented"):
        return toolset
    known = sorted({operation.tag for operation in component.api.values()})
    for tag in tags_of(toolset):
        if tag not in known:
            hint = did_you_mean(tag, known) or f"Available: all, documented, {', '.join(known)}."
            raise UsageError(f'unknown toolset "{tag}"', hint=hint)
    return toolset


def _open_connection(component: Component, connection: Mapping[str, Any] | None, tenant: str) -> Connection:
    key = next(iter(component.connections), "...")
    hint = f'Pass connection={{"key": "{key}", "fields": {{...}}}}.'
    if connection is None:
        raise ConnectionInputError("Runner needs a connection", hint=hint)
    fields = connection.get("fields") if isinstance(connection, Mapping) else None
    if not isinstance(fields, Mapping):
        raise ConnectionInputError('connection has no "fields"', hint=hint)
    return Connection(component.connection(connection.get("key") or None), fields, tenant)
