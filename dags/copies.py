"""Copies pending objects to the second store, every ten minutes.

**What it does.** Every deposit also goes to a second, independent store (`LETAPIS_REPLICA_ENDPOINT` and the
settings beside it), and is called preserved only when that store has confirmed it: under lock, and read back.
While the second store is unavailable, deposits go on and their copies are pending: files, trusted timestamps,
entries of the custody ledger. This DAG makes the pending copies from the first store, and enters into the ledger
what was confirmed.

**Parameters.** None.

**When it is red.** Copies are still pending: the log names each of them, since when, and the reason. Nothing is
lost, the first store has them. Repair the second store, its keys, or the network. Where other bytes stand under a
key, both digests are named and a person has to decide.

**Starting again** is always safe: what the second store already has is found there and not sent again. By hand:
`letapis copies`. If no second store is configured, the log says so and the task stays green.

**If it does not run:** each deposit still tries once, at its end; what fails then stays pending.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Copies: replicate to the second store",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def copies() -> None:
    """One task: all pending copies."""

    @task(execution_timeout=timedelta(hours=6))
    def replicate() -> dict[str, int]:
        """Make pending copies; return counts; red if some are still pending."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.replicate import replicate_pending

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = replicate_pending(archive, actor=settings.collector, on_progress=log.info)
        if not report.is_complete:
            raise AirflowFailException("\n".join((*report.problems, *report.pending_sentences())))
        return {"copied": len(report.copied), "entries": report.entries, "owed": 0}

    replicate()


copies_dag = copies()
