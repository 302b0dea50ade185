"""Brings the second store what it is owed, every ten minutes.

**What it does.** Every deposit goes to a second, independent store (`LETAPIS_REPLICA_ENDPOINT` and the settings
beside it) as well, and is called preserved only when that one has confirmed it, under lock, read back. While the
second store is away, deposits go on and are owed to it: files, time tokens, entries of custody. This is the clock
that brings what is owed, from the first store, and enters into custody what was confirmed.

**Parameters.** None.

**When it is red.** Something is still owed: the log names what, since when, and what stood in the way. Nothing is
lost, the first store has it. Mend the second store, its keys, or the network; where other bytes stand under a key,
both digests are named and a person has to look.

**Starting again** is always safe: what stands in the second store is found there and not sent again. By hand:
`letapis copies`. With no second store configured it says so and stays green.

**If it does not run:** each deposit still tries once, at its end; what fails then stays owed.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Copies: the second store",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def copies() -> None:
    """One task: everything that is owed."""

    @task(execution_timeout=timedelta(hours=6))
    def replicate() -> dict[str, int]:
        """Bring what is owed; returns counts, red if something still is."""
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
