"""The options of the request that starts a flow, in the words of `Flow.run`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from connector.cli.files import read_json, read_text
from connector.cli.flow.options import split_name
from connector.cli.shared_options import Function

if TYPE_CHECKING:
    from connector.flows.steps.trigger import WebhookRequest

OPTIONS = (
    click.option("--payload", metavar="FILE", help="JSON file with the trigger payload; - reads standard input."),
    click.option("--body", metavar="FILE", help="File with a raw body instead of a payload; - reads standard input."),
    click.option("--form", multiple=True, metavar="NAME=VALUE", help="Field of a form instead of a payload."),
    click.option("--header", multiple=True, metavar="NAME=VALUE", help="Header of the request that starts the flow."),
    click.option("--query", multiple=True, metavar="NAME=VALUE", help="Query parameter of this request."),
    click.option("--content-type", metavar="TYPE", help="Type of the body, such as text/xml."),
)


def webhook_options(function: Function) -> Function:
    """Add the options of a request, and pass them as `webhook`, which reads their files when it is called."""

    @wraps(function)
    def with_request(
        *args: Any,
        payload: str | None,
        body: str | None,
        form: Sequence[str],
        header: Sequence[str],
        query: Sequence[str],
        content_type: str | None,
        **options: Any,
    ) -> Any:
        from connector.flows.steps.trigger import webhook_request

        def webhook() -> WebhookRequest:
            return webhook_request(
                None if payload is None else read_json(payload, "payload"),
                body=None if body is None else read_text(body),
                form=_pairs(form, "--form"),
                headers=_pairs(header, "--header"),
                query=_pairs(query, "--query"),
                content_type=content_type,
            )

        return function(*args, webhook=webhook, **options)

    decorated: Any = with_request
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    result: Function = decorated
    return result


def _pairs(texts: Sequence[str], option: str) -> dict[str, Any] | None:
    """Return the values of an option by name; a name that comes several times has a list, and None without any."""
    pairs: dict[str, Any] = {}
    for text in texts:
        name, value = split_name(text, (), option)
        pairs[name] = value if name not in pairs else [*_as_list(pairs[name]), value]
    return pairs or None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
