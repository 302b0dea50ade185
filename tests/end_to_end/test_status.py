"""What an operator is told of the nights by the running stack."""

from collections.abc import Callable

import pytest

from pipeline.airflow_api import AirflowApi
from tests.airflow_requests import patch
from tests.end_to_end.conftest import Rows

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]


def test_status_and_doctor_say_when_the_next_night_is_and_that_it_will_not_begin_while_paused(
    api: AirflowApi, letapis: Callable[..., Rows]
) -> None:
    said = found(letapis("status", code=None))
    assert said["pending", "next night"].endswith("00:15 UTC")
    assert said["stack", "stack"].startswith("up since ")

    patch(api, "/api/v2/dags/harvest", {"is_paused": True}, what="pause the harvest")
    try:
        paused = found(letapis("status", code=1))
        (night,) = [row for row in letapis("doctor", code=None) if row["name"] == "Nights"]
    finally:
        patch(api, "/api/v2/dags/harvest", {"is_paused": False}, what="go on with the harvest")

    assert paused["failed", "next night"].startswith("The DAG `harvest` is paused in Airflow")
    assert (night["state"], night["found"].startswith("The DAG `harvest` is paused")) == ("missing", True)


def found(rows: Rows) -> dict[tuple[str, str], str]:
    return {(row["section"], row["what"]): row["found"] for row in rows}
