"""Workers: runs of flows that are submitted to a database and performed by any worker that uses it.

    from connector.flows import Flow
    from connector.workers import Worker, cancel, submit, submit_again

    run = submit(Flow.load("provision.yaml"), payload={"name": "shop"}, id="order-4711")

`Worker(...).run()` performs submitted runs until it is stopped, as `connector worker` does. The database is
`sqlite:///FILE` for the processes of one machine, or `postgresql://...` for many machines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.workers.bulk import submit_each
    from connector.workers.submissions import cancel, submit, submit_again, wait
    from connector.workers.worker import Worker
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "bulk": ("submit_each",),
            "submissions": ("cancel", "submit", "submit_again", "wait"),
            "worker": ("Worker",),
        },
    )

__all__ = ["Worker", "cancel", "submit", "submit_again", "submit_each", "wait"]
