"""How much of the histories is missing, and when the backfill has all of it.

In: coverage of channels, rows of the backfill, how long a night takes. Out: `MissingPosts`, `BackfillPlan`. The
pages that are left are an estimate: ids of deleted posts fill no page, and albums are one post with several ids.
The end is by the pace that the backfill has kept so far, or, before it has begun, by the pause between two
requests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crawlers.rate_limit.slots import tolerance_s
from storage.queries.channel_coverage import POSTS_A_PAGE, ChannelCoverage
from storage.work_queue.backfills import STARTED, Backfill, MissingPosts

MEASURED_FROM_S: Final = 1800.0
"""So long the backfill must have worked before its own pace counts: a few turns."""

UNKNOWN_NIGHT_HOURS: Final = 4.0
"""Where no night is known: as long as one may take (docs/pace.md)."""

RESUMES_AFTER_HOURS: Final = 0.25
"""From the end of a night to the next start of the backfill, and the minutes before a night."""


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What is left of all channels that are started. ``channels`` counts these, ``done`` those that are whole,
    ``unknown`` those of which no page was read yet; what is unknown counts in none of the figures.

    ``share_done``: of the ids that were missing at the start, 0 to 1; None where none is known. ``pages_an_hour``:
    while it works; ``measured`` says whether it was seen or reckoned by the pause. ``hours_left``: of work;
    ``hours_a_day``: in which it may work. ``ends_at``: None where nothing is left, or nothing is known.
    """

    channels: int
    done: int
    unknown: int
    ids_left: int
    pages_left: int
    share_done: float | None
    pages_an_hour: float | None
    measured: bool
    hours_left: float | None
    hours_a_day: float
    ends_at: datetime | None


def missing_of(channels: Sequence[ChannelCoverage]) -> MissingPosts | None:
    """What no page has covered of the channel that was seen last; None where none was read yet."""
    newest = max(channels, key=lambda channel: max(each.last_seen_at for each in channel.ranges), default=None)
    if newest is None:
        return None
    gaps = [gap.last - gap.first + 1 for gap in newest.gaps if not gap.visited]
    covered = newest.newest_id - sum(gaps)
    posts_an_id = min(1.0, newest.posts / covered) if covered > 0 else 1.0
    pages = sum(max(1, round(ids * posts_an_id / POSTS_A_PAGE)) for ids in gaps)
    return MissingPosts(newest.newest_id, sum(gaps), pages)


def plan_of(
    rows: Iterable[Backfill], *, night_hours: float | None, now: datetime, pace_s: float | None = None
) -> BackfillPlan:
    """The plan of all that are started.

    ``pace_s``: seconds between two requests, in the place of those that are declared.
    """
    started = [row for row in rows if row.state == STARTED]
    known = [row for row in started if row.ids_left is not None]
    pages_left = sum(row.pages_left or 0 for row in known)
    worked_s = sum(row.seconds_done for row in started)
    measured = worked_s >= MEASURED_FROM_S and pace_s is None
    seconds_left = sum((row.pages_left or 0) * _pause_s(pace_s or row.delay_s) for row in known)
    if measured:
        seconds_left = pages_left * worked_s / max(1, sum(row.pages_done for row in started))
    hours_a_day = max(
        1.0, 24.0 - (UNKNOWN_NIGHT_HOURS if night_hours is None else night_hours) - RESUMES_AFTER_HOURS
    )
    at_start = sum(row.ids_at_start or 0 for row in known)
    ids_left = sum(row.ids_left or 0 for row in known)
    days = seconds_left / 3600 / hours_a_day
    return BackfillPlan(
        channels=len(started),
        done=sum(row.done for row in started),
        unknown=len(started) - len(known),
        ids_left=ids_left,
        pages_left=pages_left,
        share_done=round(max(0.0, 1 - ids_left / at_start), 4) if at_start else None,
        pages_an_hour=round(pages_left / seconds_left * 3600, 1) if seconds_left else None,
        measured=measured,
        hours_left=round(seconds_left / 3600, 2) if pages_left else None,
        hours_a_day=round(hours_a_day, 2),
        ends_at=now + timedelta(days=days) if pages_left and days < 36500 else None,
    )


def _pause_s(delay_s: float) -> float:
    """The mean time from one request to the next: a request may be late, and the next pause begins after that."""
    return delay_s + tolerance_s(delay_s)
