"""Collects every source of the watch-list, once a night, and deposits the WARC files.

**What it does.** `plan` reads the watch-list. Then one task per source crawls it, deposits the WARC files under
lock and starts `process`, which extracts records and media from them. A source that fails has a red task, and its
log gives the reason; other sources go on, and what was captured of the failed one is deposited all the same. The
same holds for an entry of the watch-list that has mistakes; a mistake outside of `sources` stops everything.
`check_sources` comes last, and is red, with a sentence per source, if any source failed. Beside it,
`request_timestamps` enters the result of the night into the custody ledger and sends the newest entry to the time
authorities; the DAG `timestamps` asks again for timestamps that are still pending.

**Parameters.** `sources`: ids from the watch-list, one per line; empty means all. Example, over the API:
`{"logical_date": null, "conf": {"sources": ["tg-vestki"]}}`. On the command line: `letapis harvest --source ID`.

**When it is red.** Open `check_sources` for the summary. A source whose task is red after one attempt has a
problem of its own: it is unreachable or blocked, shows a captcha page, does not give what it usually gives ("title
filled on 20% of 14 articles; 100% on the last 5 crawls"), or its entry has mistakes. Look at its newest captures.
A task that was tried again first failed on this side (disk full, store or database down, no network): repair that
and start the DAG again, or wait for the night. If this collector's own network is down, `check_sources` says so
once: then nothing is known of the sources.

**Starting again** is always safe: every attempt is a new crawl with new file names, and what a broken crawl left
in the spool is deposited by the next run. Marking a task failed ends its crawl, recorder and browser.

**If it does not run:** content that is deleted from the web tonight is not captured by this collector. Nothing
else is lost. A night whose hour was missed (a harvest by hand was running, the stack was down, the DAG was paused)
starts as soon as it can; of several such nights, the newest. A night that never ran is named in red by `letapis
status`, `letapis doctor` and the first page of the archive.

**How much at once:** the pool `harvest` has one slot per crawl. Whatever its size, all crawls together keep one
rate limit per host (docs/pace.md), and sources that share a host are spread over the night. All times are in UTC.
"""

import json
import logging
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import CronTriggerTimetable, Param, TriggerRule, dag, get_current_context, task

from dags import NIGHT_ENDED, SEALED

if TYPE_CHECKING:
    from pipeline.collect.harvest_custody import Run

log = logging.getLogger(__name__)


def this_run() -> "Run":
    """The current run, as the custody ledger names it."""
    from pipeline.collect.harvest_custody import Run

    run = get_current_context()["dag_run"]
    by_schedule = run.run_type == "scheduled"
    return Run(run.run_id, run.logical_date if by_schedule else None, run.triggering_user_name)


@dag(
    dag_display_name="Harvest: collect all sources",
    doc_md=__doc__,
    # From this moment nights are due, and the newest one that is due begins late where its hour was missed
    # (docs/decisions/0025-nights.md). Without it, the first night is left out in silence.
    schedule=CronTriggerTimetable("15 0 * * *", timezone="UTC"),
    start_date=datetime.fromisoformat(os.environ.get("LETAPIS_NIGHTS_SINCE") or "2026-01-01T00:00:00+00:00"),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "collect"],
    params={
        "sources": Param(
            default=[],
            type="array",
            items={"type": "string"},
            title="Sources",
            description="Enter ids of sources from the watch-list, one per line. Leave it empty to collect all.",
        )
    },
)
def harvest() -> None:
    """Plan, collect each source, check the results."""

    # The store or database may be down when the night starts: the retries wait a quarter of an hour for them.
    @task(task_display_name="Choose the sources", retries=5, retry_delay=timedelta(minutes=3))
    def plan() -> list[list[str]]:
        """Choose the sources; return them in as many batches as there may be tasks."""
        from airflow.sdk.exceptions import AirflowFailException

        from crawlers.watchlist.loader import InvalidWatchlist
        from pipeline.collect.harvest import UnknownSourceError, in_batches, plan_interleaved
        from pipeline.collect.harvest_custody import begin_night
        from pipeline.config.settings import load_settings

        chosen_ids = tuple(get_current_context()["params"]["sources"])
        settings = load_settings()
        try:
            chosen = plan_interleaved(settings, chosen_ids)
        except (InvalidWatchlist, UnknownSourceError) as mistake:
            raise AirflowFailException(str(mistake)) from None
        log.info("%d sources: %s", len(chosen), ", ".join(chosen))
        begin_night(settings, this_run(), chosen, whole=not chosen_ids)
        return in_batches(chosen)

    @task(
        task_display_name="Collect each source",
        pool="harvest",
        queue="harvest",
        outlets=[SEALED],
        retries=1,
        retry_delay=timedelta(minutes=1),
        execution_timeout=timedelta(hours=6),
        map_index_template="{{ task.op_kwargs['source_ids'] | join(', ') }}",
    )
    def collect(source_ids: list[str]) -> list[dict[str, Any]]:
        """Crawl and deposit the sources of one batch; return keys and counts; red if one failed."""
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        from pipeline.collect.harvest import harvest_batch
        from pipeline.config.settings import load_settings

        context = get_current_context()
        batch = harvest_batch(load_settings(), tuple(source_ids), on_progress=log.info)
        rows = batch.rows()
        files = sum(len(row["keys"]) for row in rows)
        context["outlet_events"][SEALED].extra = {"sources": ", ".join(source_ids), "warc_files": files}
        for name, problem in batch.broken.items():
            log.error("%s broke off", name, exc_info=problem)
        if batch.describe_failures():
            # What a red task returns is lost, and `check_sources` has to know the result of each source.
            context["ti"].xcom_push("return_value", rows)
        if batch.worth_trying_again:
            raise AirflowException(batch.describe_failures())
        if batch.describe_failures():
            raise AirflowFailException(batch.describe_failures())
        return rows

    @task(task_display_name="See what came of each source", trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def check_sources(batches: Any, results: Any) -> str:
        """Green with a table if every source was collected, else red with a sentence for each that failed."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.collect.harvest_summary import summary_of

        summary = summary_of(batches, list(results))
        log.info("Results:\n%s", summary.table())
        if summary.failures:
            raise AirflowFailException(summary.sentence())
        return json.dumps(summary.totals())

    # A red task emits no event: this one does, so that `process` does not wait for its clock where all are red.
    @task(
        task_id="request_timestamps",
        task_display_name="End the night in the ledger and request timestamps",
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[SEALED, NIGHT_ENDED],
    )
    def end_of_night(batches: Any, results: Any) -> None:
        """Enter the results into the ledger, request timestamps, sign a checkpoint; what fails stays pending."""
        from pipeline.collect.harvest_custody import end_night
        from pipeline.collect.harvest_summary import summary_of
        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.checkpoint import sign_and_deliver
        from pipeline.preserve.timestamp import request_timestamps

        settings, due_at = load_settings(), this_run().due_at
        due = None if due_at is None else due_at.isoformat()
        get_current_context()["outlet_events"][NIGHT_ENDED].extra = {"due_at": due}
        with opened_archive(settings) as archive:
            if batches:
                end_night(settings, archive, this_run(), summary_of(batches, list(results)))
            request_timestamps(settings, archive, occasion="harvest", on_progress=log.info)
            sign_and_deliver(settings, archive, on_progress=log.info)

    batches = plan()
    results = collect.expand(source_ids=batches)
    check_sources(batches, results)
    end_of_night(batches, results)


harvest_dag = harvest()
