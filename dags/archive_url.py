"""Archives web pages now, on demand: one sealed WARC file per URL.

**What it does.** It takes a request of the ledger by its id, or URLs from the form of this DAG, which it writes to
the ledger as a request. Then it crawls each URL by itself, deposits the WARC file under lock, extracts records
from it, and lists where to find them. It has a pool of its own, `on_demand`, and never waits behind the harvest.

**Parameters.** `request_id`: the page *Requests* of the archive and its API write a request with its reason and
case to the ledger, and hand over this id alone. `urls`: instead of it, web addresses, one per line, `http://` or
`https://`; a line that is no address, or one of a private network, is refused, and the others go on. Everyone who
may see runs of this DAG can read them, so this form takes **nothing confidential**, and neither a reason nor a
case: use the page *Requests* for these. `engine`: `http` ("Fast") fetches the page and what it takes to show it;
`browser` ("With a browser and a screenshot") also runs its scripts in Chromium and takes a full-page screenshot.
`egress`: the name of an egress profile of the settings; leave it empty to connect directly. `video`: also capture
video and audio behind the players of each page (at most five videos, 1080 lines, 500 MB and two hours each), after
the page itself. `follow`: how many of the pages to which each address links are archived, too: pages of the same
host, from top to bottom, by the same crawl, which ends after 45 minutes. `profile`: the name of a login profile
(`letapis login`), with which the browser loads the pages; without it nobody is logged in. For a request of the
ledger, its own choices count.

Example, over the API: `{"logical_date": null, "conf": {"urls": "https://example.org/page"}}`. On the command line:
`letapis archive https://example.org/page --reason "may vanish"`.

**Who does it.** An on-demand worker (`letapis worker`), where one lives: the task `archive` waits for it and logs
what came of it. Where no worker has given a sign of life for 15 seconds, the task fetches the page itself. A task
that is stopped stops the crawl, at a worker within 20 seconds.

**Results.** The log of `summarize` has one line per URL: its capture on the *Archive* pages of this site, its WARC
file, the outcome of the visit, and whether every configured store has confirmed the file. "NOT YET preserved"
means that the copy to the second store is pending; the DAG `copies` makes it. In the grid each task has the link
"Open in the archive": to the capture, or to the request where there is none. The note of the run has the outcome
in one line, with numbers alone. A page that could not be reached is recorded as such; that is a fact as well. Of a
confidential request the logs say nothing but where its members find what came of it.

**When it is red.** `check` is red: no URL was left to fetch, or the request is not one. `archive` is red: this
system failed (the store or database is down, or the task was killed). `summarize` is red: a page was not reached,
or was not what was asked for, or a line of this form was refused; the log, or of a confidential request its page,
says which.

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
        "request_id": Param(
            default=None,
            type=["null", "string"],
            pattern="^[0-9A-HJKMNP-TV-Z]{26}$",
            title="Request",
            description="The id of a request of the ledger; leave it empty to enter URLs here.",
        ),
        "urls": Param(
            default=None,
            type=["null", "string"],
            format="multiline",
            maxLength=100_000,
            title="URLs",
            description="Nothing confidential: others who may see runs of this DAG can read this. For a reason, a "
            "case or a confidential request use the page Requests of the archive. "
            "Enter one URL per line, at most 256. Each begins with http:// or https://.",
        ),
        "engine": Param(
            default="http",
            enum=["http", "browser", "direct"],
            type="string",
            values_display={
                "http": "Fast",
                "browser": "With a browser and a screenshot",
                "direct": "By the browser without the recorder (lower fidelity)",
            },
            title="How",
            description="Fast fetches the page and what it takes to show it. "
            "A browser also runs its scripts; it takes longer. Without the recorder is for sites that refuse it: "
            "the bytes are as the browser decoded them, not as the server sent them.",
        ),
        "video": Param(
            default=False,
            type="boolean",
            title="Video and audio, too",
            description="Also capture video and audio behind the players of each page, with yt-dlp. This takes as "
            "long as the videos do to come. If it fails, the page is kept all the same.",
        ),
        "profile": Param(
            default=None,
            type=["null", "string"],
            maxLength=64,
            title="With the login",
            description="The name of a login profile. The browser then loads the pages, also where Fast is "
            "chosen above. Leave it empty to load them without a login.",
        ),
        "follow": Param(
            default=0,
            type="integer",
            minimum=0,
            maximum=100,
            title="Pages to which it links",
            description="Archives this many of the pages to which each address links, too: pages of the same "
            "host, from top to bottom of the page, at most 100. With 0, only the address itself is archived.",
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
    @task(task_display_name="Take the request", pool="on_demand", queue="on_demand", retries=0)
    def check() -> list[dict[str, Any]]:
        """Take the request, or write the URLs that are valid to the ledger as one; return one job per URL."""
        from crawlers.watchlist.engines import refusal_of_direct_mode
        from pipeline.archive_pages import PAGE_KEY, page_of_request
        from pipeline.collect.run_note import leave_note
        from pipeline.collect.url_list import BadUrls, check_lines
        from pipeline.collect.waiting import accept_request, jobs_of_request
        from pipeline.config.settings import SettingsError, load_settings
        from pipeline.login.choice import chosen_profile
        from pipeline.login.profiles import ProfileError, ProfileStore
        from storage.ledger.requests import RequestUnknownError

        context = get_current_context()
        params, settings, run_id = context["params"], load_settings(), context["run_id"]
        try:
            request_id = params["request_id"]
            if request_id is None:
                why = refusal_of_direct_mode(params["engine"], video=params["video"], profile=params["profile"])
                if why is not None:
                    raise BadUrls((why,))
                settings.egress_url(params["egress"] or None)
                logins = ProfileStore(settings.login_folder, settings.login_keys_file)
                profile = chosen_profile(logins, params["profile"], video=params["video"])
                checked = check_lines(params["urls"] or "", allow_addresses=settings.allow_addresses)
                for each in checked.refused:
                    log.error("%s It is left out.", each)
                request_id = accept_request(
                    settings,
                    checked.urls,
                    actor=context["dag_run"].triggering_user_name or "airflow",
                    engine=params["engine"],
                    egress=params["egress"] or None,
                    video=params["video"],
                    profile=profile,
                    follow=params["follow"],
                    refused=checked.refused,
                )
            jobs = jobs_of_request(settings, request_id)
        except (BadUrls, SettingsError, ProfileError, RequestUnknownError) as refused:
            log.error("%s", refused)
            sentence = "Nothing was fetched: the request was refused. The log of its first task says why."
            leave_note(settings, "archive_url", run_id, sentence, on_problem=log.warning)
            raise SystemExit(1) from None
        context["ti"].xcom_push(PAGE_KEY, page_of_request(request_id))
        log.info("Request %s: %d URLs were accepted.", request_id, len(jobs))
        return jobs

    @task(
        task_display_name="Archive each address",
        pool="on_demand",
        queue="on_demand",
        retries=1,
        retry_delay=timedelta(seconds=30),
        execution_timeout=timedelta(hours=1),
        map_index_template="{{ task.op_kwargs['job']['name'] }}",
    )
    def archive(job: dict[str, Any]) -> dict[str, Any]:
        """Crawl, deposit and process one URL; return keys and counts, of a confidential request only its id."""
        from pipeline.archive_pages import PAGE_KEY, page_of_capture, page_of_request
        from pipeline.collect.waiting import archive_confidentially, archive_one
        from pipeline.config.settings import load_settings

        settings, number, instance = load_settings(), job["number"], get_current_context()["ti"]
        instance.xcom_push(PAGE_KEY, page_of_request(job["request_id"]))
        if job["confidential"]:
            done = archive_confidentially(settings, job["request_id"], number)
            log.info("%s", done["sentence"])
            if done["broken"]:
                raise SystemExit(1)
            return done
        archived = archive_one(settings, job["request_id"], number, on_progress=log.info)
        if archived.capture_id is not None:
            instance.xcom_push(PAGE_KEY, page_of_capture(archived.capture_id))
        return archived.as_json()

    @task(
        task_display_name="Say what came of it",
        pool="on_demand",
        queue="on_demand",
        retries=0,
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,
    )
    def summarize(jobs: Any, results: Any) -> str:
        """List where to find each URL; red if one of them was not captured as asked."""
        from pipeline.archive_pages import PAGE_KEY, page_of_request
        from pipeline.collect.archived import archived_and_missing, confidential_and_missing, outcome_in_a_line
        from pipeline.collect.run_note import leave_note
        from pipeline.collect.waiting import refused_of_request
        from pipeline.config.settings import load_settings
        from processors.defanged_links import unlinked

        context = get_current_context()
        jobs, results, settings = list(jobs), list(results), load_settings()
        context["ti"].xcom_push(PAGE_KEY, page_of_request(jobs[0]["request_id"]))
        refused = refused_of_request(settings, jobs[0]["request_id"])
        note = outcome_in_a_line(len(jobs), results, refused=len(refused))
        leave_note(settings, "archive_url", context["run_id"], note, on_problem=log.warning)
        if jobs[0]["confidential"]:
            lines, missing = confidential_and_missing(settings, jobs, results)
        else:
            lines, missing = archived_and_missing([job["name"] for job in jobs], results)
            # whoever asked on a page of the archive has seen these lines before, and wanted the others
            (missing if context["params"]["request_id"] is None else lines).extend(map(str, refused))
        if lines:
            log.info("Results:\n%s", "\n".join(lines))
        if missing:
            log.error("%s", "\n".join(missing))
            raise SystemExit(1)
        return unlinked("\n".join(lines), own=settings.airflow_url)  # XCom's page makes links, too

    jobs = check()
    summarize(jobs, archive.expand(job=jobs))


archive_url_dag = archive_url()
