"""The DAGs of `tests/engines/run_airflow.py`, which copies this file into the folder of an Airflow."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, task

from connector.engines.airflow import ConnectorOperator, FlowOperator
from tests.engines.killed_task import create_sources

JOURNALS = os.environ["TEST_JOURNALS"]
COMMON: dict[str, Any] = {"conn_id": "segment_test", "journal": JOURNALS}
SOURCE = {"slug": "{{ dag_run.conf['slug'] }}", "enabled": "false", "metadataId": "IqDTy1TpoU"}
CREATED = "{{ ti.xcom_pull('create')['data']['data']['source']['id'] }}"

with DAG("segment_sources", schedule=None):
    create = ConnectorOperator(task_id="create", action="createSource", inputs=SOURCE, **COMMON)
    listing = ConnectorOperator(task_id="list", action="listSources", inputs={"count": 2}, all_pages=True, **COMMON)
    change = FlowOperator(
        task_id="change",
        file=os.environ["TEST_FLOW"],
        payload=[{"sourceId": CREATED, "name": "Named by a flow"}],
        **COMMON,
    )

    @task  # type: ignore[untyped-decorator]
    def report(records: list[dict[str, Any]], changed: Any) -> None:
        print("REPORT", len(records), changed)

    reported = report(listing.output, change.output)
    create >> listing >> change >> reported

with DAG("segment_missing", schedule=None):
    ConnectorOperator(task_id="get", action="getSource", inputs={"sourceId": "nope"}, retries=2, **COMMON)

with DAG("segment_create", schedule=None):
    ConnectorOperator(task_id="create", action="createSource", inputs=SOURCE, **COMMON)

with DAG("segment_flow", schedule=None):
    FlowOperator(
        task_id="change", file=os.environ["TEST_FLOW"], payload="{{ dag_run.conf['changes'] | tojson }}", **COMMON
    )

with DAG("segment_task", schedule=None):

    @task  # type: ignore[untyped-decorator]
    def create_all(dag_run: Any = None) -> int:
        # `dags test` starts a DAG run with a new ID each time.
        return create_sources(f"sources-{dag_run.logical_date:%Y-%m-%d}", dag_run.conf["slugs"])

    create_all()
