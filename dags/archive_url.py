"""Archives web pages now, on demand: one sealed WARC file per URL.

**What it does.** It checks the URLs and refuses invalid ones, with a sentence for each line. It writes the request
(who, why, which case) to the ledger, never into a WARC file. Then it crawls each URL by itself, deposits the WARC
file under lock, extracts records from it, and lists where to find them. It has a pool of its own, `on_demand`, and
never waits behind the harvest.

**Parameters.** `urls`: web addresses, one per line, `http://` or `https://`; addresses of private networks are
refused. `reason` and `case`: these are stored in the ledger, and everyone who may see runs of this DAG can read
them: do not name anyone who must not be named. `engine`: `http` fetches the page and what it takes to show it;
`browser` also runs its scripts in Chromium and takes a full-page screenshot. `egress`: the name of an egress
profile of the settings; leave it empty to connect directly.

Example, over the API: `{"logical_date": null, "conf": {"urls": "https://example.org/page", "reason": "may
vanish"}}`. On the command line: `letapis archive https://example.org/page --reason "may vanish"`.

**Results.** The log of `summarize` has one line per URL: its capture on the *Archive* pages of this site, its WARC
file, the outcome of the visit, and whether every configured store has confirmed the file. "NOT YET preserved"
means that the copy to the second store is pending; the DAG `copies` makes it. A page that could not be reached is
recorded as such; that is a fact as well.

**When it is red.** `check` is red: a URL was refused, and nothing was fetched. `archive` is red: this system
failed (the store or database is down, or the task was killed). `summarize` is red: a page was not reached, or was
not what was asked for; the log says which.

**Starting again** makes new captures beside the old ones; nothing is replaced.
"""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Archive web pages now",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    tags=["letapis", "collect", "on demand"],
    params={
        "urls": Param(
            default="",
            type="string",
            format="multiline",
            minLength=1,
            maxLength=100_000,
            title="URLs",
            description="Enter one URL per line, at most 256. Each begins with http:// or https://.",
        ),
        "reason": Param(
            default=None,
            type=["null", "string"],
            maxLength=2000,
            title="Reason",
            description="Why these pages are archived. Others who may see runs of this DAG can read it. "
            "It is stored in the ledger, never in the archived file.",
        ),
        "case": Param(
            default=None,
            type=["null", "string"],
            maxLength=200,
            title="Case reference",
            description="Your reference, if there is one. Others who may see runs of this DAG can read it. "
            "It is stored in the ledger, never in the archived file.",
        ),
        "engine": Param(
            default="http",
            enum=["http", "browser"],
            type="string",
            title="Engine",
            description="http fetches the page and what it takes to show it. "
            "browser opens the page in Chromium and takes a screenshot.",
        ),
        "egress": Param(
            default=None,
            type=["null", "string"],
            maxLength=40,
            title="Egress profile",
            description="The name of an egress profile of the settings. Leave it empty to connect directly.",
        ),
    },
)
def archive_url() -> None:
    """Check the URLs, archive each of them, list where to find them."""

    # An exception would show each sentence three times among tracebacks; a task that exits says it once.
    @task(pool="on_demand", queue="on_demand", retries=0)
    def check() -> list[dict[str, str]]:
        """Refuse invalid URLs; write the request to the ledger; return one job per URL."""
        from pipeline.collect.on_demand import accept_request
        from pipeline.collect.url_list import BadUrls, validate_urls
        from pipeline.config.settings import SettingsError, load_settings

        context = get_current_context()
        params, settings = context["params"], load_settings()
        try:
            settings.egress_url(params["egress"] or None)
            urls = validate_urls(params["urls"], allow_addresses=settings.allow_addresses)
        except (BadUrls, SettingsError) as refused:
            log.error("%s", refused)
            raise SystemExit(1) from None
        request_id = accept_request(
            settings,
            urls,
            actor=context["dag_run"].triggering_user_name or "airflow",
            reason=params["reason"],
            case=params["case"],
        )
        log.info("Request %s: %d URLs were accepted.", request_id, len(urls))
        return [{"url": url, "request_id": request_id} for url in urls]

    @task(
        pool="on_demand",
        queue="on_demand",
        retries=1,
        retry_delay=timedelta(seconds=30),
        execution_timeout=timedelta(hours=1),
        map_index_template="{{ task.op_kwargs['job']['url'] }}",
    )
    def archive(job: dict[str, str]) -> dict[str, Any]:
        """Crawl, deposit and process one URL; return keys and counts."""
        from pipeline.collect.on_demand import archive_one
        from pipeline.config.settings import load_settings

        context = get_current_context()
        archived = archive_one(
            load_settings(),
            job["url"],
            request_id=job["request_id"],
            engine=context["params"]["engine"],
            egress=context["params"]["egress"] or None,
            on_progress=log.info,
        )
        return archived.as_json()

    @task(pool="on_demand", queue="on_demand", retries=0, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
    def summarize(jobs: Any, results: Any) -> str:
        """List where to find each URL; red if one of them was not captured as asked."""
        from pipeline.collect.on_demand import archived_and_missing
        from pipeline.config.settings import load_settings
        from processors.defanged_links import unlinked

        lines, missing = archived_and_missing([job["url"] for job in jobs], list(results))
        if lines:
            log.info("Results:\n%s", "\n".join(lines))
        if missing:
            log.error("%s", "\n".join(missing))
            raise SystemExit(1)
        return unlinked("\n".join(lines), own=load_settings().airflow_url)  # XCom's page makes links, too

    jobs = check()
    summarize(jobs, archive.expand(job=jobs))


archive_url_dag = archive_url()
