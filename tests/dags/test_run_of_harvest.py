"""Custody learns of a harvest whether it is a night's or by hand; asked of Airflow's own types."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

pytestmark = pytest.mark.slow

DUE = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(("kind", "due_at"), [("scheduled", DUE), ("manual", None)])
def test_a_run_of_the_schedule_is_the_night_it_was_due_for(
    dags: "dict[str, DAG]", kind: str, due_at: datetime | None
) -> None:
    from airflow.sdk.api.datamodels._generated import DagRun
    from airflow.sdk.execution_time.context import set_current_context

    run = DagRun.model_validate(
        {
            "dag_id": "harvest",
            "run_id": f"{kind}__1",
            "run_type": kind,
            "logical_date": DUE if due_at else None,
            "run_after": DUE,
            "start_date": DUE,
            "state": "running",
            "triggering_user_name": None if due_at else "admin",
            "consumed_asset_events": [],
            **dict.fromkeys(("data_interval_start", "data_interval_end", "end_date", "partition_key")),
        }
    )
    assert "harvest" in dags
    with set_current_context({"dag_run": run}):
        found = sys.modules["dag_file_harvest"].this_run()

    assert (found.run_id, found.due_at, found.by) == (f"{kind}__1", due_at, None if due_at else "admin")
