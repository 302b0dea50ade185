"""Brings the access log and requests into the store, every four minutes.

**What it does.** Who looked at what, and who requested which page why, is in the database first. This DAG brings
what is new there to the object store as sealed batches (`sealed/accesses/`, `sealed/requests/`), each named by an
entry of the custody ledger, so that it is not lost with the database, and cannot be emptied unnoticed. Entries
that are still owed to the store are brought there as well. On-demand requests do this at their end, too.

**Parameters.** None.

**When it is red.** The store or the database does not answer, or the sealing keys are not on this worker
(`LETAPIS_SEALING_KEYS`): the log says which. Nothing is lost, the next run brings what is pending.

**Starting again** is always safe: each row goes into one batch. If nobody has looked at anything, the run ends at
once.

**If it does not run:** access log and requests are in the database alone, and `letapis doctor` says since when.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Ledger: access log and requests into the store",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/4 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def ledger() -> None:
    """One task: everything that is pending."""

    @task(task_display_name="Store pending rows", execution_timeout=timedelta(minutes=30))
    def store_batches() -> dict[str, int]:
        """Bring pending rows to the store; return counts."""
        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from storage.ledger.batches import store_batches as store

        settings = load_settings()
        with opened_archive(settings) as archive:
            made = store(archive, actor=settings.collector)
        rows = sum(entry.details["rows"] for entry in made)
        log.info("%s rows were brought to the store in %s batches.", rows, len(made))
        return {"batches": len(made), "rows": rows}

    store_batches()


ledger_dag = ledger()
