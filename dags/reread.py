"""Reads again, after an upgrade, what parsers of earlier versions have read.

**What it does.** Every ten minutes it looks whether files were read by parsers, or measures of likeness, of an
earlier version. If so, one reader at the lowest priority reads them again, last night's first, for at most 50
minutes; then the next run goes on. When a harvest begins it ends within seconds, and some minutes before the hour
of a night it has ended by itself. New files are read by the DAG `process`, which waits for none of this. What is
read otherwise than before is counted, and what the earlier parser had read is kept: `letapis reread` shows the
progress, `letapis reread changes` the captures.

**Parameters.** None.

**When it is red.** Files could not be read: the log names each with its reason. All others were read; the next run
tries again.

**Starting again** is always safe. What was read is not read once more.

**If it does not run:** what was captured before the upgrade stands in search as the earlier parsers had read it.
Edits between such a reading and one of tonight do not show until then.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Read again: what earlier parsers have read",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "derive"],
)
def reread() -> None:
    """Look whether anything is to be read again, then read."""

    @task.short_circuit(task_display_name="See what earlier parsers have read")
    def see_what_is_left() -> bool:
        """Whether something is to be read again now; where nothing is, the rest is skipped."""
        from pipeline.config.settings import load_settings
        from pipeline.operations.rereading import is_to_read_again

        return is_to_read_again(load_settings())

    @task(task_display_name="Read again", priority_weight=1, execution_timeout=timedelta(hours=2))
    def read_again() -> str:
        """Read for 50 minutes, or until a night comes; return why it ended."""
        import os

        from pipeline.config.settings import load_settings
        from pipeline.operations.rereading import LOWEST_PRIORITY, run_rereading

        os.nice(LOWEST_PRIORITY)
        ended = run_rereading(load_settings(), most_s=50 * 60.0, on_progress=log.info)
        log.info("%s", ended)
        return ended

    see_what_is_left() >> read_again()


reread_dag = reread()
