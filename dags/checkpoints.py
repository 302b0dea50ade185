"""Signs checkpoints of the log over custody and brings them to the outlets, every ten minutes.

**What it does.** A checkpoint is the size and the root of a tree over all entries of custody, signed with the
key of the log (`LETAPIS_LOG_KEY`). Where an outlet has it, nobody can cut off or rewrite entries before it
unnoticed. Harvest and on-demand requests sign one at their end. This DAG signs one where entries were added and
the newest checkpoint is an hour old, and gives the newest one to every outlet that has not confirmed it.

**Parameters.** None.

**When it is red.** Either the log refuses to sign, and the log of the task says why: an older database or store
was restored, a tile was replaced, the key is missing or another. Then nothing is signed until a person has
looked; deposits go on. Or an outlet has not confirmed the newest checkpoint: the log names it, since when, and
the reason. Nothing is lost, the next run tries again.

**Starting again** is always safe: what was signed and delivered is found there. If no outlet is configured, the
log says so and the task stays green.

**If it does not run:** harvests and on-demand requests still sign and deliver once, at their end.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Checkpoints: sign the log and deliver",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/10 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def checkpoints() -> None:
    """One task: sign where an hour has passed, deliver what is pending."""

    @task(task_display_name="Sign and deliver", execution_timeout=timedelta(hours=6))
    def sign() -> dict[str, int]:
        """Sign and deliver; return counts; red if the log refuses or an outlet has not confirmed."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.archive_factory import opened_archive
        from pipeline.config.settings import load_settings
        from pipeline.preserve.checkpoint import sign_and_deliver

        settings = load_settings()
        with opened_archive(settings) as archive:
            report = sign_and_deliver(settings, archive, by_clock=True, on_progress=log.info)
        if failures := report.failures():
            raise AirflowFailException("\n".join(failures))
        return {"signed": int(report.signed is not None), "delivered": len(report.deliveries.delivered)}

    sign()


checkpoints_dag = checkpoints()
