"""Whether this machine's clock is off, by what others say of the time: servers, the object store, time tokens.

In: `Settings`. Out: `ClockSaid`, and a sentence where one of them differs by more than an alarm needs. Nobody is
believed alone for the times of evidence: those are measured at each harvest and stand in custody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from access.rendering.translations import N_, gettext
from pipeline.clock_offset import measured_clock
from pipeline.config.archive_factory import open_store, opened_archive
from pipeline.config.settings import Settings, SettingsError
from storage.deposit.timestamps import newest_token_times
from storage.errors import StorageError
from storage.objects.errors import ClocksDifferError, StoreError

CLOCK: Final = "clock"
OFF_S: Final = 10.0
"""Dates of HTTP have whole seconds, and a busy machine answers late."""
TOKEN_OFF_S: Final = 120.0
"""A token is entered when its answer was checked and stored, which may take a minute."""
TOKEN_COUNTS: Final = timedelta(hours=24)

SERVERS: Final = N_("the time servers")
STORE: Final = N_("the object store")
TOKEN: Final = N_("a time token")


@dataclass(frozen=True, slots=True)
class ClockSaid:
    """``ahead_s``: whose clock, how many seconds ours is ahead of it, and how many are too many.

    ``refused``: the store takes no request, since the clocks differ by a quarter of an hour or more.
    """

    ahead_s: tuple[tuple[str, float, float], ...]
    refused: bool = False


def clock_said(settings: Settings, now: datetime) -> ClockSaid:
    """What can be found out now; who does not answer is left out."""
    found: list[tuple[str, float, float]] = []
    refused = False
    measured = measured_clock(settings.time_servers)
    if measured.offset_s is not None:
        found.append((SERVERS, measured.offset_s, OFF_S))
    try:
        ahead_s = open_store(settings).clock_ahead_s()
    except ClocksDifferError:
        refused = True
    except (SettingsError, StoreError):
        pass
    else:
        found += [] if ahead_s is None else [(STORE, ahead_s, OFF_S)]
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            times = newest_token_times(connection)
    except (SettingsError, StorageError, SQLAlchemyError):
        times = None
    if times is not None and now - times[0] < TOKEN_COUNTS:
        entered_at, stated = times
        found.append((TOKEN, (entered_at - stated).total_seconds(), TOKEN_OFF_S))
    return ClockSaid(tuple(found), refused)


def clock_sentence(said: ClockSaid) -> str | None:
    """What is wrong with the clock; None where nothing is, as far as anybody said."""
    if said.refused:
        return gettext("The object store refuses every request, since its clock and ours differ. Set ours.")
    off = [(whose, seconds) for whose, seconds, most in said.ahead_s if abs(seconds) > most]
    if not off:
        return None
    whose, seconds = max(off, key=lambda each: abs(each[1]))
    return gettext(
        "This machine's clock is off: %(seconds)s seconds by %(whose)s. Times of evidence come from it: set it.",
        seconds=f"{seconds:+.0f}",
        whose=gettext(whose),
    )
