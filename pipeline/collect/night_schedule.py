"""What Airflow has planned for the nights: the next one, and what stands in the way of one that is due.

In: a logged-in `AirflowApi`. Out: `NightSchedule`, and sentences on what is wrong with it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.collect.airflow_run import progress_line
from storage.ledger.harvests import GRACE

FAR: Final = timedelta(hours=25)
"""A next night further away than this is the work of a clock that was wrong once."""


@dataclass(frozen=True, slots=True)
class NightSchedule:
    """``at_work``: the harvest that runs, if one does; ``waiting``: those that have been started and not begun."""

    paused: bool
    next_at: datetime | None
    at_work: str | None
    progress: str | None
    waiting: tuple[str, ...] = ()

    def due(self, now: datetime) -> str | None:
        """What a night that is due waits for; None where none is due."""
        if self.next_at is None or self.next_at > now:
            return None
        night = f"The night of {self.next_at:%Y-%m-%d}, due {self.next_at:%H:%M} UTC,"
        if self.paused:
            return f"{night} does not begin: the DAG `harvest` is paused in Airflow."
        if self.at_work is not None or self.waiting:
            return f"{night} begins when the harvest before it has ended ({self.at_work or 'not begun yet'})."
        return f"{night} begins now."

    def covers(self, due_at: datetime) -> bool:
        """Whether the night that was due then is the next to begin, or has begun and is not in custody yet."""
        return self.next_at == due_at or f"scheduled__{due_at.isoformat()}" in (self.at_work, *self.waiting)

    def problem(self, now: datetime) -> str | None:
        """What is wrong: no night will begin, or one that is due does not."""
        if self.paused:
            return self.due(now) or "The DAG `harvest` is paused in Airflow: no night begins until it is not."
        if self.next_at is None:
            return "Airflow announces no next night: its DAG processor has not read the DAG `harvest`."
        if self.next_at > now + FAR:
            return (
                f"Airflow announces the next night for {self.next_at:%Y-%m-%d %H:%M} UTC: a run is dated in the "
                "future, made when the clock was wrong. Delete that run of the DAG `harvest` in Airflow."
            )
        if self.next_at < now - GRACE and self.at_work is None and not self.waiting:
            return f"{self.due(now)} Its scheduler does not start it: `letapis doctor`."
        return None


def night_schedule(api: AirflowApi) -> NightSchedule:
    """Ask Airflow; raises `AirflowRefused` and `AirflowUnreachable`."""
    dag = api.get("/api/v2/dags/harvest", what="show the DAG harvest")
    path = "/api/v2/dags/harvest/dagRuns?state=running&state=queued&order_by=run_after&limit=100"
    runs: list[dict[str, Any]] = [
        run for run in api.get(path, what="list harvests")["dag_runs"] if run["state"] not in ENDED
    ]
    running = next((run["dag_run_id"] for run in runs if run["state"] == "running"), None)
    next_at = dag["next_dagrun_run_after"]
    return NightSchedule(
        paused=dag["is_paused"],
        next_at=None if next_at is None else datetime.fromisoformat(next_at).astimezone(UTC),
        at_work=running,
        progress=None if running is None else progress_line(api.tasks_of_run("harvest", running)),
        waiting=tuple(run["dag_run_id"] for run in runs if run["state"] == "queued"),
    )
