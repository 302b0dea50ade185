"""Replays captures that a browser made, and compares them with what was seen when they were made.

**What it does.** Every ten minutes it takes what was captured on demand with the browser within the last 24
hours, and once a day, from 06:00 UTC on, a sample of the night (`LETAPIS_QUALITY_SAMPLE`, 10 captures, drawn
evenly over the sources). Each page is shown in Chromium by a replay that reaches nothing but the archive;
screenshot, visible text and resources are compared, and a score from 0 to 1 is stored, which stands on the page
of the capture.

**Parameters.** None. By hand: `letapis quality CAPTURE`, `letapis quality --night`.

**When it is red.** Nothing could be replayed: Chromium or pywb is missing on this worker, or the replay did not
start; the log says what is missing and how to get it. A low score does not make it red, and neither does a page
that could not be compared: both are results.

**Starting again** is always safe: each score is stored by itself, and what has one is not measured again.

**If it does not run:** captures have no score, and their pages say so. Nothing else waits for it.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Quality: replay captures and compare",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "derive"],
)
def quality() -> None:
    """One task: replay and compare what is due."""

    @task(task_display_name="Replay and compare what is due", execution_timeout=timedelta(hours=3))
    def replay_and_compare() -> dict[str, int]:
        """Measure what is due; return counts; red where nothing can be replayed here."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.replay_quality.due import due_pages
        from pipeline.replay_quality.measuring import QualityUnavailableError, measure

        settings = load_settings()
        measured, without = 0, 0
        with opened_archive(settings) as archive:
            records = due_pages(archive, sample=settings.quality_sample, now=datetime.now(UTC))
            try:
                for score in measure(settings, archive, records):
                    # reasons and addresses may be of a confidential request: they stand on the capture's page
                    log.info("%s: %s", score.capture_id, "no score" if score.score is None else score.score)
                    measured += 1
                    without += score.score is None
            except QualityUnavailableError as problem:
                raise AirflowFailException(str(problem)) from problem
        return {"measured": measured, "without_score": without}

    replay_and_compare()


quality_dag = quality()
