"""Archives again what people have chosen to be archived again, every hour, day or week, until a day.

**What it does.** Every five minutes it looks which repeats are due (the pages *Archive a page* and *Repeats*,
`letapis archive --every 1h --until 2026-12-05`). For each it writes an ordinary request to the ledger, in the name
of the person who chose it, and starts a run of `archive_url` with its id. Each turn is made once, whatever is
started twice. Where turns were missed, because the stack was down for example, the newest alone is made; the log
and the page *Repeats* say how many were missed.

**Parameters.** None.

**When it is red.** `make_turns` is red: the database does not answer; what is due is made by the next run. `start`
is red: Airflow could not start a run; the next run of this DAG starts it. What came of a page is seen in the runs
of `archive_url` and on the page *Repeats*, not here.

**Starting again** is always safe: a turn has one request, and a request of a turn has one run.

**If it does not run:** nothing is archived again. When it runs again, the newest turn of each repeat is made.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Repeats: archive again what is due",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "collect", "on demand"],
)
def repeats() -> None:
    """Make the requests of the turns that are due, start a run for each."""

    @task(task_display_name="Make what is due", execution_timeout=timedelta(minutes=5))
    def make_turns() -> list[dict[str, Any]]:
        """Write the requests of due turns to the ledger; return the runs to start, none where nothing is due."""
        from pipeline.collect.due_turns import make_due_turns
        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings

        with opened_archive(load_settings()) as archive:
            due = make_due_turns(archive)
        for turn in due:
            log.info("%s", turn.sentence())
        return [
            {"trigger_run_id": f"repeat__{turn.request_id}", "conf": {"request_id": turn.request_id}}
            for turn in due
        ]

    TriggerDagRunOperator.partial(
        task_id="start",
        task_display_name="Start the request of each turn",
        trigger_dag_id="archive_url",
        logical_date=None,
        skip_when_already_exists=True,
    ).expand_kwargs(make_turns())


repeats_dag = repeats()
