"""Collects every source of the watch-list, once a night, and deposits what was seen.

**What it does.** `plan` reads the watch-list: with one mistake in it, nothing starts and every mistake is listed.
Then one task per source crawls it, deposits the WARC files under lock and tells `process`, which reads records
and media from them. A source that fails does not stop the others. `judge` comes last and turns red, with one
sentence per source, if any source did not come through; what was seen of it is deposited all the same. Beside it,
`outside_time` sends the head of custody to the time authorities; what they owe, `timestamps` asks for again.

**Parameters.** `sources`: ids from the watch-list, one per line; empty means all. Example, over the API:
`{"logical_date": null, "conf": {"sources": ["tg-vestki"]}}`. On the command line: `letapis harvest --source ID`.

**When it is red.** Open `judge` for the summary. A red `collect` task is trouble of ours (disk full, store or
database down, killed): mend it and start the DAG again, or wait for the night. A green `collect` with a sentence
in `judge` is trouble with the source (unreachable, blocked, a captcha page), or a source that does not give what
it usually gives ("title filled on 20% of 14 articles; 100% on the last 5 crawls"): look at its newest captures.

**Starting again** is always safe: every attempt is a new crawl with new file names, and what a broken crawl left
in the spool is deposited by the next run. Marking a task failed ends its crawl, recorder and browser.

**If it does not run:** what is deleted from the web tonight is not seen by this collector. Nothing else is lost.

**How much at once:** the pool `harvest` has one slot per crawl; whatever its size, all crawls together keep one
pace per host (docs/pace.md), and sources that share a host are spread over the night. The clock is UTC.
"""

import json
import logging
import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Asset, CronTriggerTimetable, Param, TriggerRule, dag, get_current_context, task

SEALED = Asset(name="sealed_warcs", uri="letapis://sealed-warcs", group="letapis")
log = logging.getLogger(__name__)


@dag(
    dag_display_name="Harvest: all sources",
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
            description="Ids of sources from the watch-list, one per line. Empty: every source.",
        )
    },
)
def harvest() -> None:
    """Plan, collect each source, judge."""

    @task
    def plan() -> list[list[str]]:
        """Which sources, in as many batches as there may be tasks."""
        from pipeline.harvest import in_batches, planned_in_turn
        from pipeline.settings import load_settings

        asked = tuple(get_current_context()["params"]["sources"])
        chosen = planned_in_turn(load_settings(), asked)
        log.info("%d sources: %s", len(chosen), ", ".join(chosen))
        return in_batches(chosen)

    @task(
        pool="harvest",
        queue="harvest",
        outlets=[SEALED],
        retries=1,
        retry_delay=timedelta(minutes=1),
        execution_timeout=timedelta(hours=6),
        map_index_template="{{ task.op_kwargs['source_ids'] | join(', ') }}",
    )
    def collect(source_ids: list[str]) -> list[dict[str, Any]]:
        """Crawl and deposit the sources of one batch; returns keys and counts."""
        from pipeline.harvest import harvest_batch
        from pipeline.settings import load_settings

        context = get_current_context()
        results = harvest_batch(load_settings(), tuple(source_ids), say=log.info)
        files = sum(len(result.keys) for result in results)
        context["outlet_events"][SEALED].extra = {"sources": ", ".join(source_ids), "warc_files": files}
        return [result.as_json() for result in results]

    @task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def judge(batches: Any, results: Any) -> str:
        """Green with a table if every source came through, else red with a sentence for each that did not."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.harvest_summary import summary_of

        summary = summary_of(batches, list(results))
        log.info("What came of it:\n%s", summary.table())
        if summary.failures:
            raise AirflowFailException(summary.sentence())
        return json.dumps(summary.totals())

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def outside_time(results: Any) -> None:
        """Ask for time tokens over all that the night has brought; what cannot be had now is owed."""
        from pipeline.connect import opened_archive
        from pipeline.outside_time import stamp
        from pipeline.settings import load_settings

        settings = load_settings()
        with opened_archive(settings) as archive:
            stamp(settings, archive, occasion="harvest", say=log.info)

    batches = plan()
    results = collect.expand(source_ids=batches)
    judge(batches, results)
    outside_time(results)


harvest_dag = harvest()
