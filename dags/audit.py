"""Hashes a share of the archive again every week, until all of it was seen, and begins anew.

**What it does.** Sundays it takes the next share (a thirteenth of the bytes, so that everything is seen in a
quarter of a year; setting `LETAPIS_AUDIT_WEEKS`) and reads it back whole from every store: digests, lengths and
locks are compared with the chain of custody and with the index. Time tokens of the share are checked, too. Each
time it also looks at the whole chain of custody, at what stands in the stores without custody, and again at what
was wrong the last time. Custody keeps an entry `audited`: up to where, what was looked at, what was wrong.

**Locks.** A lock that is missing, or ends sooner than custody says or `LETAPIS_LOCK_DAYS` from the deposit, is a
mismatch. One that lasted its days and ran out is told in the log and turns nothing red: it is as it was set, but
from then on the object can be deleted. With `LETAPIS_RENEW_LOCKS=yes` this run makes locks longer, by
`LETAPIS_LOCK_DAYS` from now, where they end before the next round is through: those of the share, and of all
entries of custody. Custody keeps an entry `lock_renewed` with every object and the moment until when. In
compliance mode nobody can take that back, and it is paid for until then.

**Parameters.** None. By hand, with progress: `letapis audit`, with `--renew` to make locks longer. Everything at
once: `letapis verify`, and for locks `letapis audit --weeks 1 --renew`.

**When it is red.** The log lists every mismatch: the object, its store, what was expected, what was found. Touch
nothing in the stores. Look whether the other store still has the bytes (`letapis verify --replica`, or without
the option) and keep both; a digest that differs in one store alone is that store's fault, an object without
custody was put there by somebody else. A mismatch is shown again every week until it is gone. "To be looked at
whole": the second store did not answer.

**Starting again** is always safe: a run that was killed has kept nothing, and takes the same share again.

**If it does not run:** decay or tampering is found later, at the latest when a record is read.
"""

import logging
import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Audit: a share of the archive",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 4 * * 0", timezone="UTC"),
    start_date=datetime.fromisoformat(os.environ.get("LETAPIS_NIGHTS_SINCE") or "2026-01-01T00:00:00+00:00"),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def audit() -> None:
    """One task: the next share."""

    @task(execution_timeout=timedelta(days=2))
    def check_share() -> dict[str, Any]:
        """Look at the next share; returns counts, red with every mismatch if there is one."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.audit import audit as look_at_share
        from pipeline.preserve.time_authority import pinned_roots

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = look_at_share(
                archive,
                weeks=settings.audit_weeks,
                actor=settings.collector,
                roots=pinned_roots(settings),
                renew=settings.renew_locks,
                on_progress=log.info,
            )
        for sentence in report.sentences():
            log.info(sentence)
        if report.wrong or report.not_renewed():
            wrong = [line for each in report.wrong for line in each.sentences()]
            raise AirflowFailException("\n".join([*wrong, *report.not_renewed()]))
        return report.as_json()

    check_share()


audit_dag = audit()
