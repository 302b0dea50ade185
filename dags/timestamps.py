"""Asks time authorities (RFC 3161) for tokens over the head of custody, every five minutes.

**What it does.** Where custody has grown, its newest entry becomes one that every authority of
`LETAPIS_TIME_AUTHORITIES` owes a token; then everything owed is asked for, the newest first. A token over one
entry speaks for all before it. Tokens are checked before they are kept, under lock, and `letapis verify` checks
them again. Harvest and requests ask at their end, too; this is the clock that leaves nothing owed.

**Parameters.** None.

**When it is red.** Some tokens could not be had: the log names authority, entry, since when and why. Nothing is
lost, the next run asks again. If it stays red: mend the network, or the authority's line in the settings.

**Starting again** is always safe. With nothing to do it says so and ends; with no authority it says "no outside
time configured" and stays green.

**If it does not run:** harvests and requests still ask once, at their end; what fails then stays owed.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Timestamps: outside time",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def timestamps() -> None:
    """One task: everything that is owed."""

    @task(task_id="request_timestamps", execution_timeout=timedelta(minutes=30))
    def ask_authorities() -> dict[str, int]:
        """Ask for what is owed; returns counts, red if something still is."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.timestamp import describe_pending_timestamp, request_timestamps

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = request_timestamps(settings, archive, occasion="clock", on_progress=log.info)
        if report.pending:
            raise AirflowFailException("\n".join(map(describe_pending_timestamp, report.pending)))
        return {"obtained": len(report.obtained), "owed": 0}

    ask_authorities()


timestamps_dag = timestamps()
