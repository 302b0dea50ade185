"""Requests to Airflow that only tests make: waiting for what comes of something, and changing a resource."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.airflow_api import ENDED, AirflowApi, Health


def wait_for_run(api: AirflowApi, dag_id: str, run_id: str, *, timeout_s: float, every_s: float = 1.0) -> str:
    """Return the state in which the run ended; raises `TimeoutError`."""
    deadline = time.monotonic() + timeout_s
    while (state := api.run_state(dag_id, run_id)) not in ENDED:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{dag_id} {run_id} is still {state} after {timeout_s:.0f} s")
        time.sleep(every_s)
    return state


def patch(api: AirflowApi, path: str, body: Mapping[str, Any], *, what: str) -> dict[str, Any]:
    """A PATCH as the logged-in user; ``what`` is the verb phrase of the error message."""
    return api._as_user("PATCH", path, body, what)


def all_beat_since(health: Health, moment: datetime) -> bool:
    """Whether the database answers and every component has given a sign of life after ``moment``."""
    return health.database_ok and all(at is not None and at >= moment for at in health.heartbeats.values())
