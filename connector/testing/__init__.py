"""Test components, and programs that run them, without a network and without an account.

    from connector.testing import Harness

    with Harness(connector.load_component()) as harness:
        harness.respond_with_example("listSources")
        payload = harness.invoke("listSources", {"count": 10})
        assert harness.last_request.query == {"pagination[count]": "10"}

    with connector.testing.sandbox() as workspace:
        workspace.runner().invoke("createSource", {...})
        assert workspace.sources[-1]["slug"] == "web"

`Harness` and `sandbox` test programs that run a component: the harness returns stubbed responses, the sandbox is a
local service that keeps state; `run_flow` runs a flow in it, and `assert_snapshot` compares what its steps did with a
file. `ComponentContract` tests a component. With pytest, the
fixtures of `connector.testing.pytest_plugin` need no import. The harness needs the extra `testing`, the sandbox only
the extra `server`.
"""

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.testing.contract import ComponentContract
    from connector.testing.flows import run_flow
    from connector.testing.harness import Harness
    from connector.testing.local_sandbox import sandbox
    from connector.testing.snapshots import assert_snapshot
    from connector.testing.stubs import SentRequest, UnexpectedRequestError
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "contract": ("ComponentContract",),
            "flows": ("run_flow",),
            "harness": ("Harness",),
            "local_sandbox": ("sandbox",),
            "snapshots": ("assert_snapshot",),
            "stubs": ("SentRequest", "UnexpectedRequestError"),
        },
    )

__all__ = [
    "ComponentContract",
    "Harness",
    "SentRequest",
    "UnexpectedRequestError",
    "assert_snapshot",
    "run_flow",
    "sandbox",
]
