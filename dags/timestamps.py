"""Requests trusted timestamps (RFC 3161) for the newest entry of the custody ledger, every five minutes.

**What it does.** If the ledger has grown, its newest entry becomes one for which every authority of
`LETAPIS_TIME_AUTHORITIES` is asked for a timestamp; then all pending timestamps are requested, the newest first. A
timestamp of one entry also covers all entries before it. Timestamps are checked before they are stored, under
lock, and `letapis verify` checks them again. Harvest and on-demand requests ask for timestamps at their end, too;
this DAG asks for those that were not given then.

**Parameters.** None.

**When it is red.** Some timestamps could not be obtained: the log names the authority, the entry, since when it is
pending, and the reason. Nothing is lost, the next run asks again. If it stays red, repair the network, or the
authority's line in the settings.

**Starting again** is always safe. If there is nothing to do, the run ends at once; if no authority is configured,
the log says so and the task stays green.

**If it does not run:** harvests and on-demand requests still ask once, at their end; what fails then stays
pending.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Timestamps: request trusted timestamps",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def timestamps() -> None:
    """One task: all pending timestamps."""

    @task(
        task_id="request_timestamps",
        task_display_name="Request what is pending",
        execution_timeout=timedelta(minutes=30),
    )
    def request_pending() -> dict[str, int]:
        """Request pending timestamps; return counts; red if some are still pending."""
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

    request_pending()


timestamps_dag = timestamps()
