"""The components as a provider of Apache Airflow.

    from connector.engines.airflow import ConnectorOperator, FlowOperator

Airflow itself is not a dependency: it is installed where these classes are used.
"""

from typing import TYPE_CHECKING

from connector.common.lazy_imports import lazily

if TYPE_CHECKING:
    from connector.engines.airflow.hooks import ConnectorHook
    from connector.engines.airflow.operators import ConnectorOperator, FlowOperator
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {"calls": (), "hooks": ("ConnectorHook",), "operators": ("ConnectorOperator", "FlowOperator"), "provider": ()},
    )

__all__ = ["ConnectorHook", "ConnectorOperator", "FlowOperator"]
