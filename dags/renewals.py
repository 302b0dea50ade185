"""Renews trusted timestamps before their certificates or algorithms end, once a day (RFC 4998).

**What it does.** A time token holds as long as the certificates behind it. This DAG looks for tokens, over
entries of custody and over checkpoints, that end within `LETAPIS_RENEW_TIME_DAYS` days, has one newer token
cover up to 100 of them together, and stores an evidence record for each: all its tokens, each over the one
before. Where a digest is to end (`LETAPIS_ALGORITHMS_UNTIL`), the next one takes its place. `letapis verify`
checks every record.

It also asks the issuers of the certificates behind new tokens whether these were revoked (OCSP, else CRL), and
keeps the answers, since nobody answers about a certificate that ended long ago.

**Parameters.** None.

**When it is red.** Tokens are due and were not renewed: no authority answered, or none gave a token that lasts
longer. The log names them and the reason. There are months left: repair the network, or name a time authority
whose certificate is newer. What ended before anybody renewed it is named in the log, and does not turn the DAG
red, since nothing can be done about it.

**Starting again** is always safe: what was renewed is not due any more.

**If it does not run** for longer than `LETAPIS_RENEW_TIME_DAYS`, tokens end, and `letapis verify` says so of
each.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Renewals: renew trusted timestamps",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("17 4 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def renewals() -> None:
    """One task: all tokens that are due."""

    @task(task_id="renew_timestamps", task_display_name="Renew what is due", execution_timeout=timedelta(hours=2))
    def renew_due() -> dict[str, int]:
        """Renew what is due; return counts; red if something is due and was not renewed."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.renew import renew_timestamps
        from pipeline.preserve.revocation import ask_revocation

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = renew_timestamps(settings, archive, on_progress=log.info)
            asked = ask_revocation(settings, archive, on_progress=log.info)
        if report.due or asked.revoked:
            raise AirflowFailException("\n".join((*report.problems, *asked.revoked)))
        return {"renewed": len(report.renewed), "ended": len(report.ended)}

    renew_due()


renewals_dag = renewals()
