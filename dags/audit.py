"""Checks a share of the archive again every week, until all of it was checked, and starts over.

**What it does.** On Sundays it takes the next share (a thirteenth of the bytes, so that everything is checked once
in a quarter of a year; setting `LETAPIS_AUDIT_WEEKS`) and reads it back completely from every store: digests,
lengths and locks are compared with the custody ledger and with the index. Trusted timestamps of the share are
checked, too. Each time it also checks the whole custody ledger, objects that stand in the stores without an entry
in it, and everything that was wrong the last time. Then it reads the files of the share once more and compares
what analysts read of them, in the index and in the records, with what the files give. The ledger gets an entry
`audited`: how far the audit has come, what was checked, what was wrong; and an entry `catalogue_checked`.

**Locks.** A lock that is missing, or ends sooner than the ledger states or than `LETAPIS_LOCK_DAYS` after the
deposit, is a mismatch. A lock that lasted its days and expired is noted in the log and does not make the task red:
it is as it was set, but from then on the object can be deleted. With `LETAPIS_RENEW_LOCKS=yes` this run extends
locks, by `LETAPIS_LOCK_DAYS` from now, where they end before the next round is complete: those of the share, and
of all entries of the ledger. The ledger gets an entry `lock_renewed` with every object and the new end. In
compliance mode nobody can take that back, and storage is paid for until then.

**Parameters.** None. By hand, with progress: `letapis audit`, and with `--renew` to extend locks. Everything at
once: `letapis verify`, and for locks `letapis audit --weeks 1 --renew`.

**When it is red.** The log lists every mismatch: the object, its store, what was expected, what was found. Change
nothing in the stores. Check whether the other store still has the bytes (`letapis verify --replica`, or without
the option) and keep both. A digest that differs in one store alone is a fault of that store; an object without an
entry in the ledger was put there by somebody else. A mismatch is listed again every week until it is gone. "To be
checked completely" means that the second store did not answer.

**Starting again** is always safe: a run that was killed has stored nothing, and the next one takes the same share.

**If it does not run:** decay or tampering is found later, at the latest when a record is read.
"""

import logging
import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Audit: check a share of the archive",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 4 * * 0", timezone="UTC"),
    start_date=datetime.fromisoformat(os.environ.get("LETAPIS_NIGHTS_SINCE") or "2026-01-01T00:00:00+00:00"),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def audit() -> None:
    """One task: check the next share."""

    @task(task_display_name="Check the next share", execution_timeout=timedelta(days=4))
    def check_share() -> dict[str, Any]:
        """Check the next share and its rows; return counts; red with every mismatch if there is one."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.audit import audit as audit_share
        from pipeline.preserve.time_authority import pinned_roots
        from pipeline.process.catalogue_check import check_catalogue
        from pipeline.process.run import extension_use

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = audit_share(
                archive,
                weeks=settings.audit_weeks,
                actor=settings.collector,
                roots=pinned_roots(settings),
                renew=settings.renew_locks,
                on_progress=log.info,
            )
            for sentence in report.sentences():
                log.info(sentence)
            whole = set(report.files_of_share) - {each.verified.subject for each in report.wrong}
            rows = check_catalogue(
                archive,
                whole,
                actor=settings.collector,
                extensions=extension_use(settings),
                on_progress=log.info,
            )
            log.info(rows.sentence())
        if report.wrong or report.not_renewed() or rows.differing:
            wrong = [line for each in report.wrong for line in each.sentences()]
            raise AirflowFailException("\n".join([*wrong, *report.not_renewed(), *rows.sentences()]))
        counts = {name: value for name, value in rows.as_json().items() if name.startswith("rows_")}
        return report.as_json() | counts

    check_share()


audit_dag = audit()
