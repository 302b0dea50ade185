"""Sends the morning message and the heartbeat: after the night, and by 07:00 local time where it has not ended.

**What it does.** The end of a night of the schedule starts it. It waits until what the night brought is read,
for 15 minutes at most, and sends the message to the addresses of `LETAPIS_MORNING_TO`: what is kept, new, edited
and vanished, which sources failed since when and what to do, what is pending, disk, custody. Then it asks the
address of `LETAPIS_MORNING_HEARTBEAT_URL` with the result, so that somebody outside notices when nothing comes.
By the clock it runs every half-hour: in the last one before 07:00 (`LETAPIS_MORNING_TIMEZONE`) it sends the
message where the night has not ended; in all others it tries again what was kept.

**Parameters.** None.

**When it is red.** An address or the heartbeat did not take it: the log says which and why, without its
password. The message is kept in the data folder of this worker, is tried again each half-hour, and `letapis
status` shows it. Try the addresses with `letapis morning --test`.

**Starting again** sends the message once more to those whom it has not reached; starting it by hand sends nothing,
which `letapis morning --send` does.

**If it does not run:** nobody is told, and nothing else changes. A heartbeat that does not come is noticed
outside.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, get_current_context, task

from dags import NIGHT_ENDED

log = logging.getLogger(__name__)


def a_night_ended() -> bool:
    """Whether the end of a night of the schedule has started this run; a harvest by hand is no night."""
    events = get_current_context()["triggering_asset_events"]
    return any(event.extra.get("due_at") for found in events.values() for event in found)


@dag(
    dag_display_name="Morning: tell the operator",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/30 * * * *", timezone="UTC"), assets=[NIGHT_ENDED]
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=1,
    tags=["letapis", "keep"],
)
def morning() -> None:
    """See what is due, wait for what is being read, send."""

    @task.short_circuit(task_display_name="See what is due")
    def see_what_is_due() -> str | bool:
        """Give what is due; where nothing is, the rest is skipped."""
        from pipeline.config.settings import load_settings
        from pipeline.operations.morning_run import MorningDue, what_is_due

        due = what_is_due(load_settings(), night_ended=a_night_ended())
        return due.value if due is not MorningDue.NOTHING else False

    @task.sensor(
        task_display_name="Wait until the night is read",
        poke_interval=60,
        timeout=1800,
        mode="reschedule",
        soft_fail=False,
    )
    def wait_for_reading(due: str) -> bool:
        """Wait until the files of the night are read, or have had their time."""
        from pipeline.config.settings import load_settings
        from pipeline.operations.morning_run import is_read

        return due != "message" or not a_night_ended() or is_read(load_settings())

    @task(
        task_display_name="Send the message", trigger_rule="none_skipped", execution_timeout=timedelta(minutes=30)
    )
    def send(due: str) -> dict[str, int]:
        """Send the message, or what was kept; return counts; red if something was not taken."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.config.settings import load_settings
        from pipeline.operations.morning_run import describe_delivery, send_morning
        from pipeline.operations.sending import retry_unsent

        settings = load_settings()
        deliveries = send_morning(settings).deliveries if due == "message" else retry_unsent(settings)
        failed = [describe_delivery(each) for each in deliveries if not each.sent]
        if failed:
            raise AirflowFailException("\n".join(failed))
        return {"sent": len(deliveries)}

    due: Any = see_what_is_due()
    wait_for_reading(due) >> send(due)


morning_dag = morning()
