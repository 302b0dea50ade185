"""Copies pending objects to the second store and tends to purges, every ten minutes.

**What it does.** Every deposit also goes to a second, independent store (`LETAPIS_REPLICA_ENDPOINT` and the
settings beside it), and is called preserved only when that store has confirmed it: under lock, and read back.
While the second store is unavailable, deposits go on and their copies are pending: files, trusted timestamps,
entries of the custody ledger. This DAG makes the pending copies from the first store, and enters into the ledger
what was confirmed.

A second task tends to what two people have ordered to be purged: files are written anew without the records, and
the old versions are removed from every store as soon as lock and legal hold allow. That needs the purge key of
the store on this worker (`LETAPIS_S3_PURGE_ACCESS_KEY`); where it is not, the old versions are due, and a person
removes them elsewhere with `letapis purges --run`.

**Parameters.** None.

**When it is red.** Copies are still pending: the log names each of them, since when, and the reason. Nothing is
lost, the first store has them. Repair the second store, its keys, or the network. Where other bytes stand under a
key, both digests are named and a person has to decide. `tend_purges` is red where a file could not be written
anew, or an old version is there a day after lock and hold allowed it to go: the log says what it waits for.

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
    """Two tasks: all pending copies, and every purge."""

    @task(task_display_name="Make pending copies", execution_timeout=timedelta(hours=6))
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

    @task(
        task_display_name="Go on with every purge", execution_timeout=timedelta(hours=6), trigger_rule="all_done"
    )
    def tend_purges() -> dict[str, int]:
        """Do of every purge what can be done now; return counts; red if one is overdue."""
        from airflow.sdk.exceptions import AirflowFailException

        from access.views.purges import purge_rows
        from pipeline.commands.law import describe_purge
        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.handover.ordered_build import remove_what_may_not_go
        from pipeline.operations.purge_run import run_purges

        settings = load_settings()
        with opened_archive(settings) as archive:
            for package_id in remove_what_may_not_go(settings, archive):
                log.info("The files of package %s were removed: something of it may not go any more.", package_id)
            done = run_purges(settings, archive, actor=settings.collector, on_progress=log.info)
            rows = purge_rows(archive, done)
        states = [row["state"] for row in rows]
        if "overdue" in states:
            late = [describe_purge(row) for row in rows if row["state"] == "overdue"]
            raise AirflowFailException("\n".join(late))
        return {"done": states.count("done"), "due": states.count("due")}

    replicate() >> tend_purges()


copies_dag = copies()
