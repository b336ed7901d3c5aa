"""The Celery application of `tests/engines/run_celery.py`: processes in a pool, and a broker in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

from tests.engines import killed_task

FOLDER = Path(os.environ["TEST_FOLDER"])

app = Celery("tasks", broker="filesystem://", set_as_current=False)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={f"data_folder_{name}": str(FOLDER / "messages") for name in ("in", "out")}
    | {"control_folder": str(FOLDER / "control")},
)


@app.task(name="create_sources")  # type: ignore[untyped-decorator]
def create_sources(run_id: str, slugs: list[str]) -> int:
    """Say which process of the pool runs it, for the one that kills, and create sources."""
    note = FOLDER / "running" / f"{run_id}-{os.getpid()}"
    note.touch()
    try:
        return killed_task.create_sources(run_id, slugs)
    finally:
        note.unlink()
