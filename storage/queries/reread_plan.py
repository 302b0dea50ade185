"""When an upgrade's reading again ends, by the pace that it has kept and the hours in which it may work.

In: how far it is, how long a night takes. Out: `RereadPlan`. The end is reckoned in bytes, since files are of
different length; it is not known before a minute of work has been seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from storage.queries.backfill_plan import RESUMES_AFTER_HOURS, UNKNOWN_NIGHT_HOURS
from storage.work_queue.rereading import Rereading

MEASURED_FROM_S: Final = 60.0
"""So long it must have worked before its pace counts."""


@dataclass(frozen=True, slots=True)
class RereadPlan:
    """Files that are read again and that are left; ``share_done`` of their bytes, 0 to 1, None where there are
    none.

    ``hours_left``: of work; None where nothing is left, or its pace is not known. ``hours_a_day``: in which it may
    work. ``ends_at``: None as ``hours_left``.
    """

    began_at: datetime | None
    files_done: int
    files_left: int
    share_done: float | None
    hours_left: float | None
    hours_a_day: float
    ends_at: datetime | None


def plan_of_reading_again(
    known: Rereading | None, *, files_left: int, bytes_left: int, night_hours: float | None, now: datetime
) -> RereadPlan:
    """The plan, where so much is left."""
    hours_a_day = 24.0 - (UNKNOWN_NIGHT_HOURS if night_hours is None else night_hours) - RESUMES_AFTER_HOURS
    hours_a_day = max(1.0, hours_a_day)
    bytes_done = 0 if known is None else known.bytes_done
    hours_left = None
    if known is not None and files_left and bytes_done and known.seconds_done >= MEASURED_FROM_S:
        hours_left = bytes_left * known.seconds_done / bytes_done / 3600
    days = None if hours_left is None else hours_left / hours_a_day
    return RereadPlan(
        began_at=None if known is None else known.began_at,
        files_done=0 if known is None else known.files_done,
        files_left=files_left,
        share_done=round(bytes_done / (bytes_done + bytes_left), 4) if bytes_done + bytes_left else None,
        hours_left=None if hours_left is None else round(hours_left, 2),
        hours_a_day=round(hours_a_day, 2),
        ends_at=now + timedelta(days=days) if days is not None and days < 36500 else None,
    )
