"""Tries the recovery every month: restores the archive from the store into a scratch database, and compares.

**What it does.** On the first day of each month it makes a scratch database, derives the whole catalogue in it
from the object store alone, as `letapis recover` and `letapis rebuild` would after a loss, and compares it with
the database in use: custody entries and captures with every column, files, records, wordings and media. Scratch
database and folder are dropped at the end. Nothing in use is changed, nothing is written to a store but one entry
of custody, `drilled`, with what was restored, how long it took, and what differs; `letapis status` shows it.

It needs a role that may make databases (`LETAPIS_DATABASE_DRILL_URL`, docs/backup.md) and room for the catalogue
once more. Without the role it is skipped. It takes as long as a rebuild.

**Parameters.** None. By hand, with progress: `letapis drill`; from the second store: `letapis drill --replica`.

**When it is red.** The log names what differs. "In the database in use, not in what was restored" would be lost
with the database: run `letapis verify`, and look for the file in the second store. "Restored, not in the database
in use": rows were lost or removed; `letapis rebuild` brings them back. "With other content": somebody has changed
rows, or software has; `letapis verify --catalogue` names every column.

**Starting again** is always safe: what a drill that was killed has left is dropped by the next one.

**If it does not run:** that the archive comes back from its store is a hope.
"""

import logging
import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Drill: try the recovery",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 10 1 * *", timezone="UTC"),
    start_date=datetime.fromisoformat(os.environ.get("LETAPIS_NIGHTS_SINCE") or "2026-01-01T00:00:00+00:00"),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def drill() -> None:
    """One task: restore and compare."""

    @task(task_display_name="Restore and compare", execution_timeout=timedelta(days=10))
    def try_recovery() -> dict[str, Any]:
        """Restore into a scratch database and compare; return counts; red with every difference."""
        from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

        from pipeline.backup.drill import NO_ROLE
        from pipeline.backup.drill import drill as restore_and_compare
        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings

        settings = load_settings()
        if settings.database_drill_url is None:
            raise AirflowSkipException(NO_ROLE)
        with opened_archive(settings) as archive:
            report = restore_and_compare(settings, archive, on_progress=log.info)
        log.info(report.sentence())
        if not report.passed:
            raise AirflowFailException("\n".join([report.sentence(), *report.differences(), *report.remarks]))
        return {"until": report.until, "duration_s": round(report.duration_s, 1), "differing": report.differing}

    try_recovery()


drill_dag = drill()
