"""Extracts records and media from every sealed WARC file that is not processed yet, and groups similar media.

**What it does.** It follows the harvest: every deposit starts a run, and so does the clock every ten minutes, so
that a lost event loses nothing. One run at a time. The unit of work is one sealed WARC file, claimed in the
catalogue: a crash repeats nothing and skips nothing. Pages give outcomes and records, images and videos give
fingerprints, and media with near fingerprints are put into groups.

**Parameters.** None.

**When it is red.** `check_yield` names sources that did not give what they usually give, or that have been silent
for longer than usual: look at their newest captures. A red `read_sealed` means that a file could not be processed:
the log names it and the reason. The other files were processed; the one that failed is tried again by the next
run. Nothing here changes the evidence itself.

**Starting again** is always safe. If there is nothing to do, the run ends at once.

**If it does not run:** everything that was collected is safe in the store, but search does not find it yet.
"""

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from dags import SEALED

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Process: extract records, group media",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
        assets=[SEALED],
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "derive"],
)
def process() -> None:
    """Process all pending files, then check what the sources gave."""

    @task(task_display_name="Read new files", execution_timeout=timedelta(hours=12), multiple_outputs=False)
    def read_sealed() -> dict[str, Any]:
        """Process pending files; return counts and the ids of their crawls."""
        from pipeline.config.settings import load_settings
        from pipeline.process.run import process_pending
        from storage.catalogue.unread import Lane

        report = process_pending(load_settings(), lane=Lane.NEW, on_progress=log.info)
        counts = {name: count for name, count in asdict(report).items() if isinstance(count, int)}
        return counts | {"crawls": sorted(set(report.crawls))}

    @task(task_display_name="Compare with what each source usually gives")
    def check_yield(read: Any) -> None:
        """Green if every source gave what it usually gives, else red with a sentence for each that did not."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.quality.source_checks import check_read_crawls

        with opened_archive(load_settings()) as archive:
            found = check_read_crawls(archive, read["crawls"])
        if found:
            lines = "\n".join(f"{source_id}: {'; '.join(sentences)}" for source_id, sentences in found.items())
            raise AirflowFailException(f"{len(found)} sources did not give what they usually give:\n{lines}")

    check_yield(read_sealed())


process_dag = process()
