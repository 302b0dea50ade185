"""Reads records and media from every sealed WARC file that has not been read yet, and groups media that recur.

**What it does.** Follows the harvest: every deposit starts a run, and so does the clock every ten minutes, so
that a lost event loses nothing. One run at a time. The unit of work is one sealed WARC file, claimed in the
catalogue: a crash repeats nothing and skips nothing. Pages become outcomes and records, pictures become
fingerprints, fingerprints that are near become groups.

**Parameters.** None.

**When it is red.** `check_yield` names sources that did not give what they usually give, or that are silent
longer than is their habit: look at their newest captures. A red `read_sealed` is trouble with a file: the log
names it and the reason. The other files were read; the one that failed is tried again by the next run. The
evidence itself is not touched by anything here.

**Starting again** is always safe. With nothing to do it says so and ends.

**If it does not run:** everything collected is safe in the store, but not yet found by search.
"""

import logging
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, dag, task

SEALED = Asset(name="sealed_warcs", uri="letapis://sealed-warcs", group="letapis")
log = logging.getLogger(__name__)


@dag(
    dag_display_name="Process: records, media, groups",
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
    """Everything that is not yet read; then, what is to be said of it."""

    @task(execution_timeout=timedelta(hours=12), multiple_outputs=False)
    def read_sealed() -> dict[str, Any]:
        """Read what is pending; returns counts, and the crawls it was of."""
        from pipeline.config.settings import load_settings
        from pipeline.process.run import process_pending

        report = process_pending(load_settings(), on_progress=log.info)
        counts = {name: count for name, count in asdict(report).items() if isinstance(count, int)}
        return counts | {"crawls": sorted(set(report.crawls))}

    @task
    def check_yield(read: Any) -> None:
        """Green if every source gave what it usually gives, else red with a sentence for each that did not."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.quality.source_checks import check_read_crawls

        with opened_archive(load_settings()) as archive:
            found = check_read_crawls(archive, read["crawls"])
        if found:
            said = "\n".join(f"{source_id}: {'; '.join(sentences)}" for source_id, sentences in found.items())
            raise AirflowFailException(f"{len(found)} sources did not give what they usually give:\n{said}")

    check_yield(read_sealed())


process_dag = process()
