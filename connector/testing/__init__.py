"""Tests of components, and of programs that run them, without a network and without an account.

    from connector.testing import Harness

    with Harness(connector.load_component()) as harness:
        harness.reply_with_example("listSources")
        payload = harness.invoke("listSources", {"count": 10})
        assert harness.last_request.query == {"pagination[count]": "10"}

`Harness` is for whoever runs a component, `ComponentContract` for whoever writes one. With pytest, the fixtures of
`connector.testing.pytest_plugin` are there without an import. Needs the extra `testing`.
"""

from typing import TYPE_CHECKING

from connector.lazy import lazily

if TYPE_CHECKING:
    from connector.testing.contract import ComponentContract
    from connector.testing.harness import Harness
    from connector.testing.stubs import SentRequest, UnexpectedRequestError
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "contract": ("ComponentContract",),
            "harness": ("Harness",),
            "stubs": ("SentRequest", "UnexpectedRequestError"),
        },
    )

__all__ = ["ComponentContract", "Harness", "SentRequest", "UnexpectedRequestError"]
