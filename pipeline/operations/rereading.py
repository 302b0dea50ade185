"""After an upgrade: reads again what earlier parsers have read, when nothing else is to be done.

In: `Settings`. Out: why it ended, and the progress in the database. Files are read by one reader, last night's
first. Guaranteed: within seconds of the beginning of a harvest, and before the hour of a night, nothing is read
again; a capture is read whole or not at all, so killed at any moment the next run goes on where it was. One
process of a stack does this; a second one returns at once. Raises `ProcessError` if files could not be read.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from pipeline.collect.backfill import LOOK_EVERY_S, night_at_hand
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.process.run import READ_WITH, extension_use, read_earlier
from storage.archive import Archive
from storage.catalogue.unread import left_of_earlier, length_of_file
from storage.ledger.harvests import hours_of_night
from storage.queries.reread_plan import RereadPlan, plan_of_reading_again
from storage.work_queue.backfills import only_one
from storage.work_queue.rereading import note_file, note_left, rereading_of

LOCK_ID: Final = 0x6C657463
"""Of the advisory lock that the one process which reads again holds; a killed one lets go of it."""

LOWEST_PRIORITY: Final = 19
"""Niceness (nice(1)) of the process that reads again, and of its parsers: whatever else runs comes first."""

NOTHING_LEFT: Final = "Nothing is left to read again."


def run_rereading(
    settings: Settings,
    *,
    most_s: float = float("inf"),
    on_progress: Callable[[str], None] = lambda _: None,
) -> str:
    """Read again until a night comes, nothing is left, or ``most_s`` seconds have passed; returns why it ended."""
    with opened_archive(settings) as archive, only_one(archive.writer, LOCK_ID) as alone:
        if not alone:
            return "Another process reads again; only one does at a time."
        if (night := night_at_hand(archive, datetime.now(UTC))) is not None:
            return f"{night}; what is to be read again waits for its end."
        if not _note_left(archive):
            return NOTHING_LEFT
        with _until(archive, most_s) as ending:
            read_earlier(
                archive,
                extensions=extension_use(settings),
                stop=ending.stop,
                on_read=_Pace(archive).was_read,
                on_progress=on_progress,
            )
        return ending.why or NOTHING_LEFT


def is_to_read_again(settings: Settings) -> bool:
    """Whether anything is to be read again and no night comes before it."""
    with opened_archive(settings) as archive:
        with archive.reader.connect() as connection:
            files, _ = left_of_earlier(connection, READ_WITH)
        return files > 0 and night_at_hand(archive, datetime.now(UTC)) is None


def reread_plan(archive: Archive) -> RereadPlan:
    """How far reading again by the present versions is, and when it ends."""
    now = datetime.now(UTC)
    with archive.reader.connect() as connection:
        files, bytes_left = left_of_earlier(connection, READ_WITH)
        known = rereading_of(connection, READ_WITH)
        night_hours = hours_of_night(connection, now)
    return plan_of_reading_again(known, files_left=files, bytes_left=bytes_left, night_hours=night_hours, now=now)


def _note_left(archive: Archive) -> bool:
    """Write down how much is left; whether that is anything."""
    with archive.writer.begin() as connection:
        files, bytes_left = left_of_earlier(connection, READ_WITH)
        if files or rereading_of(connection, READ_WITH) is not None:
            note_left(connection, READ_WITH, files=files, bytes_left=bytes_left)
    return files > 0


class _Pace:
    """Writes down each file with the time that it took."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._since = time.monotonic()

    def was_read(self, key: str) -> None:
        seconds, self._since = time.monotonic() - self._since, time.monotonic()
        with self._archive.writer.begin() as connection:
            note_file(connection, READ_WITH, length_bytes=length_of_file(connection, key), seconds=seconds)


class _Ending:
    """Set once it has to end; ``why`` as a sentence, None while nothing ends it."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.why: str | None = None

    def because(self, why: str) -> None:
        self.why = why
        self.stop.set()


@contextmanager
def _until(archive: Archive, most_s: float) -> Iterator[_Ending]:
    """During the block it is looked whether a harvest has begun, or the time is over."""
    ending, over = _Ending(), threading.Event()
    last = time.monotonic() + most_s

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            if time.monotonic() > last:
                ending.because("Its time is over; the next run goes on.")
                return
            try:
                night = night_at_hand(archive, datetime.now(UTC))
            except SQLAlchemyError:  # without the database nothing is read, either
                continue
            if night is not None:
                ending.because(f"{night}; what is to be read again waits for its end.")
                return

    thread = threading.Thread(target=look, name="reading-again-gives-way", daemon=True)
    thread.start()
    try:
        yield ending
    finally:
        over.set()
        thread.join()
