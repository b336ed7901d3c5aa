"""Tests of components, and of programs that run them, without a network and without an account.

    from connector.testing import Harness

    with Harness(connector.load_component()) as harness:
        harness.respond_with_example("listSources")
        payload = harness.invoke("listSources", {"count": 10})
        assert harness.last_request.query == {"pagination[count]": "10"}

    with connector.testing.sandbox() as workspace:
        workspace.runner().invoke("createSource", {...})
        assert workspace.sources[-1]["slug"] == "web"

`Harness` and `sandbox` are for whoever runs a component: the one answers what a test has prepared, the other is the
service itself in small and keeps its state; `run_flow` runs a flow in it. `ComponentContract` is for whoever writes a
component. With pytest, the fixtures of `connector.testing.pytest_plugin` are there without an import. Needs the extra
`testing`, the sandbox only the extra `server`.
"""

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.testing.contract import ComponentContract
    from connector.testing.flows import run_flow
    from connector.testing.harness import Harness
    from connector.testing.local_sandbox import sandbox
    from connector.testing.stubs import SentRequest, UnexpectedRequestError
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "contract": ("ComponentContract",),
            "flows": ("run_flow",),
            "harness": ("Harness",),
            "local_sandbox": ("sandbox",),
            "stubs": ("SentRequest", "UnexpectedRequestError"),
        },
    )

__all__ = ["ComponentContract", "Harness", "SentRequest", "UnexpectedRequestError", "run_flow", "sandbox"]
