"""Fetches the history of channels between the nights, of those that `letapis backfill start` names.

**What it does.** Every ten minutes it looks whether anything of a history is missing. If so, it fetches pages of
channels in turns of some minutes, the one that has waited longest first, each from its newest missing post back,
for at most 50 minutes; then the next run goes on. It takes a slot of a host only where no other crawl has one or
asked for one within a minute (docs/pace.md). When a harvest begins, its crawl is told to stop within seconds and
the task ends; two minutes before the hour of a night it has ended by itself. `letapis backfill` shows the plan
with its end date, and so does the page **Operation**.

**Parameters.** None. `letapis backfill start`, `pause` and `stop` say of which channels.

**When it is red.** The store or the database was away, or the disk is full: what was captured is in the spool, and
the next run deposits it. A channel that falls short makes nothing red: its reason stands in the plan, and after
three turns without anything new it waits for a day.

**Starting again** is always safe: what no page has covered is counted anew before each turn.

**If it does not run:** only history waits. What is new is collected by the DAG `harvest`.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from dags import SEALED

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Backfill: fetch the history of channels",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "collect"],
)
def backfill() -> None:
    """Look whether anything is missing, then fetch."""

    @task.short_circuit(task_display_name="See what is missing")
    def see_what_is_missing() -> bool:
        """Whether a history is to be fetched now; where none is, the rest is skipped."""
        from pipeline.collect.backfill import is_to_work
        from pipeline.config.settings import load_settings

        return is_to_work(load_settings())

    # In the pool of the nights and at the end of its line: it has ended before a night needs the slot.
    @task(
        task_display_name="Fetch history",
        pool="harvest",
        queue="harvest",
        priority_weight=1,
        outlets=[SEALED],
        execution_timeout=timedelta(hours=2),
    )
    def fetch_history() -> int:
        """Take turns for 50 minutes, or until a night comes; return how many pages were fetched."""
        from pipeline.collect.backfill import Turn, run_backfill
        from pipeline.commands.backfill import describe_turn
        from pipeline.config.settings import load_settings

        pages = 0

        def note(turn: Turn) -> None:
            nonlocal pages
            pages += turn.pages
            log.info("%s", describe_turn(turn.as_json()))

        log.info("%s", run_backfill(load_settings(), most_s=50 * 60.0, on_turn=note, on_progress=log.info))
        return pages

    see_what_is_missing() >> fetch_history()


backfill_dag = backfill()
