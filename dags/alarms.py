"""Sends an alarm at once: store, database, disk, clock, custody, an outlet or a source that stays silent.

**What it does.** Every five minutes it looks whether the stores answer and take objects, whether the disk is above
its bound, whether this machine's clock agrees with time servers, store and time tokens, whether the last audit
found anything or custody is shorter than its checkpoint, whether each outlet has confirmed a checkpoint within two
hours; and once an hour whether a source brings nothing new for longer than its habit. What is new is looked at
once more after 20 seconds. Then one message goes to `LETAPIS_ALARM_TO` (without it, `LETAPIS_MORNING_TO`): an
alarm when it begins, all that last once a day, and each when it is over. What could not be looked at stays as it
was. `letapis alarms` shows how it is now.

**Parameters.** None.

**When it is red.** An address did not take the message; the log says which and why, without its password. It is
kept in the data folder of this worker and tried again each five minutes. Or the data folder cannot be written.

**Starting again** is always safe: what was sent is remembered in the data folder of this worker.

**If it does not run:** nobody is told at once; the morning message still says it. While Airflow's own database or
its scheduler is away nothing here runs: let a timer of the machine run `letapis alarms --send` as well.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

log = logging.getLogger(__name__)


@dag(
    dag_display_name="Alarms: tell the operator at once",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def alarms() -> None:
    """One task: look, and send what is due."""

    @task.short_circuit(task_display_name="See who gets alarms")
    def see_who_gets_them() -> bool:
        """Whether an address stands in the settings; where none does, the rest is skipped."""
        from pipeline.config.settings import load_settings

        return bool(load_settings().alarms_to)

    @task(task_display_name="Send what is due", execution_timeout=timedelta(minutes=30))
    def send() -> dict[str, int]:
        """Look and send; return counts; red if an address did not take it."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.settings import load_settings
        from pipeline.operations.alarm_run import raise_alarms
        from pipeline.operations.morning_run import describe_delivery

        made = raise_alarms(load_settings(), on_progress=log.info)
        changes = made.changes
        failed = [describe_delivery(each) for each in made.deliveries if not each.sent]
        if failed:
            raise AirflowFailException("\n".join(failed))
        return {"began": len(changes.began), "last": len(changes.last), "over": len(changes.over)}

    see_who_gets_them() >> send()


alarms_dag = alarms()
