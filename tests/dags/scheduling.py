"""Airflow's own scheduler on its own database, asked when the nights of our DAG files begin: a script, one answer.

    python -m tests.dags.scheduling < scenarios.json

Each scenario names runs that there are, and may end or unpause something in between; the answer says for each
what Airflow announces and which scheduled runs it creates. Nothing is executed. Not a test module: Airflow reads
its configuration at import, and so it has a process of its own (see test_schedules.py).
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.sqlalchemy import prohibit_commit
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import delete, select, update

from pipeline.config.settings import ROOT

BUNDLE = "dags-folder"


def read_dag_file(dag_id: str) -> None:
    """As the DAG processor does it again and again; this is where Airflow decides which run is the next."""
    folder = ROOT / "dags"
    bag = BundleDagBag(dag_folder=str(folder / f"{dag_id}.py"), bundle_path=folder, bundle_name=BUNDLE)
    assert not bag.import_errors, bag.import_errors
    with create_session() as session:
        sync_bag_to_db(bag, BUNDLE, None, session=session)


def scheduler_looks() -> None:
    """The part of the scheduler's loop that creates runs."""
    runner = SchedulerJobRunner(job=Job(), executors=[])  # type: ignore[no-untyped-call]  # Airflow's own
    with create_session() as session, prohibit_commit(session) as guard:  # type: ignore[no-untyped-call]  # Airflow's own
        runner._create_dagruns_for_dags(guard, session)


def there_is(dag_id: str, *, kind: str, at: datetime, state: str) -> None:
    """A run that was made before, by a person or by the schedule."""
    with create_session() as session:
        dag = SerializedDagModel.get_dag(dag_id, session=session)
        assert dag is not None
        by_schedule = kind == "scheduled"
        dag.create_dagrun(
            run_id=f"{kind}__{at.isoformat()}",
            logical_date=at if by_schedule else None,
            data_interval=(at, at) if by_schedule else None,
            run_after=at,
            run_type=DagRunType.SCHEDULED if by_schedule else DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TIMETABLE if by_schedule else DagRunTriggeredByType.REST_API,
            state=DagRunState(state),
            session=session,
        )


def forget_all() -> None:
    """As on a machine where Letapis has just been installed."""
    with create_session() as session:
        session.execute(delete(DagRun))
        session.execute(delete(SerializedDagModel))
        session.execute(delete(DagModel))


def what_comes(scenario: dict[str, Any]) -> dict[str, Any]:
    """Play one scenario; ``announced`` is what Airflow shows as the next run when all is done."""
    forget_all()
    os.environ.pop("LETAPIS_NIGHTS_SINCE", None)
    if scenario.get("since"):
        os.environ["LETAPIS_NIGHTS_SINCE"] = scenario["since"]
    dag_id = scenario["dag"]
    read_dag_file(dag_id)
    for run in scenario.get("runs", ()):
        there_is(dag_id, kind=run["kind"], at=datetime.fromisoformat(run["at"]), state=run["state"])
    paused = bool(scenario.get("paused"))
    _set_paused(dag_id, paused=paused)
    read_dag_file(dag_id)
    scheduler_looks()
    held_back = _scheduled(dag_id)
    with create_session() as session:
        session.execute(update(DagRun).values(state=DagRunState.SUCCESS, end_date=datetime.now(UTC)))
    _set_paused(dag_id, paused=False)
    read_dag_file(dag_id)
    scheduler_looks()
    scheduler_looks()
    with create_session() as session:
        model = session.get(DagModel, dag_id)
        assert model is not None
        announced = model.next_dagrun_create_after
    known = {run["at"] for run in scenario.get("runs", ()) if run["kind"] == "scheduled"}
    return {
        "before": [at for at in held_back if at not in known],
        "after": [at for at in _scheduled(dag_id) if at not in known],
        "announced": None if announced is None else announced.astimezone(UTC).isoformat(),
    }


def _set_paused(dag_id: str, *, paused: bool) -> None:
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == dag_id).values(is_paused=paused))


def _scheduled(dag_id: str) -> list[str]:
    asked = select(DagRun.logical_date).where(DagRun.dag_id == dag_id, DagRun.run_type == DagRunType.SCHEDULED)
    with create_session() as session:
        return [
            at.astimezone(UTC).isoformat() for at in session.scalars(asked.order_by(DagRun.logical_date)) if at
        ]


def main() -> None:
    """Make the database, play every scenario, print the answers as one line of JSON."""
    settings.configure_orm()  # type: ignore[no-untyped-call]  # Airflow's own
    initdb()
    with create_session() as session:
        session.merge(DagBundleModel(name=BUNDLE))
    answers = {name: what_comes(scenario) for name, scenario in json.load(sys.stdin).items()}
    Path(sys.argv[1]).write_text(json.dumps(answers), "utf-8")


if __name__ == "__main__":
    main()
