"""Looks for alarms, and sends one message where something has begun, lasts for another day, or is over.

In: `Settings`. Out: `AlarmRun`. Guaranteed, whenever the process is killed: what has begun or is over is in one
message, and that message is sent until each address has taken it. What was decided is in one file with its message
(`alarm_memory`) before it is handed to the outbox, which takes it once; an address gets it twice only where the
process was killed between its answer and the outbox's note of it. Raises `SettingsError` where nobody is to get
alarms, and ``OSError`` where the data folder takes no memory: then all that is wrong was sent, and nothing of it
is remembered.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from access.rendering.translations import in_language
from crawlers.model.iso_time import time_text
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.alarm_checks import Look, look
from pipeline.operations.alarm_memory import AlarmMemory, Memory
from pipeline.operations.alarm_text import text_of_alarms, title_of_alarms
from pipeline.operations.alarms import AlarmChanges, changes_of
from pipeline.operations.morning_run import language_of, zone_of
from pipeline.operations.outbox import Outbox, UnsentMessage, name_of
from pipeline.operations.sending import Delivery, retry_unsent, send_unkept

LOOK_AGAIN_S: Final = 20.0
"""What is wrong at one moment alone, such as a store that was started again, is no alarm."""

SOURCES_EVERY: Final = timedelta(hours=1)
"""Sources change when they are crawled, and each takes a question."""

NOT_YET: Final = "not tried yet"

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AlarmRun:
    """``changes`` are those against what was reported before; ``deliveries`` have earlier messages, too."""

    look: Look
    changes: AlarmChanges
    deliveries: tuple[Delivery, ...]


def alarms_now(settings: Settings) -> AlarmRun:
    """How it is now, beside what was reported; nothing is remembered and nothing is sent."""
    with in_language(language_of(settings)):
        found = look(settings, zone_of(settings))
    return AlarmRun(found, changes_of(AlarmMemory(settings.data).read().lasting, found), ())


def raise_alarms(
    settings: Settings,
    *,
    now: datetime | None = None,
    look_again_s: float = LOOK_AGAIN_S,
    on_progress: OnProgress = lambda _: None,
) -> AlarmRun:
    """Look, remember, and send what is new, lasts or is over, with what was kept from before."""
    if not settings.alarms_to:
        raise SettingsError(
            ("Nobody is known to whom alarms go: set LETAPIS_ALARM_TO or _MORNING_TO (docs/monitoring.md).",)
        )
    try:
        return _raised(settings, now, look_again_s, on_progress)
    except OSError:  # that nothing can be written here is an alarm itself
        with in_language(language_of(settings)):
            found = _confirmed(settings, Memory(), now or datetime.now(UTC), True, look_again_s, on_progress)
            changes = changes_of({}, found)
            if changes.began:
                text = text_of_alarms(changes, found.at, zone_of(settings))
                send_unkept(settings, settings.alarms_to, title_of_alarms(changes), text)
        raise


def _raised(settings: Settings, now: datetime | None, look_again_s: float, on_progress: OnProgress) -> AlarmRun:
    memory = AlarmMemory(settings.data)
    with memory.alone(), in_language(language_of(settings)):
        before = _handed_over(settings, memory, memory.read())
        at = now or datetime.now(UTC)
        with_sources = before.sources_at is None or at - before.sources_at >= SOURCES_EVERY
        found = _confirmed(settings, before, at, with_sources, look_again_s, on_progress)
        changes = changes_of(before.lasting, found)
        judged = found.at if found.knows("source") else before.sources_at
        message = _message(settings, changes, found) if changes.is_due else None
        after = Memory(changes.remembered(found), message, judged)
        if after != before:
            memory.write(after)
        _handed_over(settings, memory, after)
        sent = retry_unsent(settings, new=None if message is None else message.at)
    return AlarmRun(found, changes, sent)


def _confirmed(
    settings: Settings,
    before: Memory,
    at: datetime,
    with_sources: bool,
    look_again_s: float,
    on_progress: OnProgress,
) -> Look:
    """What is found; of what is new, only that which is still there a little later."""
    first = look(settings, zone_of(settings), with_sources=with_sources, now=at)
    new = first.found.keys() - before.lasting.keys()
    if not new:
        return first
    on_progress(f"Looking once more in {look_again_s:.0f} s ...")
    time.sleep(look_again_s)
    second = look(settings, zone_of(settings), with_sources=with_sources, now=at)
    kept = {key: words for key, words in second.found.items() if key in first.found or key in before.lasting}
    return replace(second, found=kept)


def _message(settings: Settings, changes: AlarmChanges, found: Look) -> UnsentMessage:
    body = text_of_alarms(changes, found.at, zone_of(settings))
    pending = {name_of(address): NOT_YET for address in settings.alarms_to}
    return UnsentMessage(time_text(found.at), title_of_alarms(changes), body, pending)


def _handed_over(settings: Settings, memory: AlarmMemory, known: Memory) -> Memory:
    """Give the message that was decided to the outbox, and forget it here."""
    if known.message is None:
        return known
    Outbox(settings.data).add(known.message)
    cleared = replace(known, message=None)
    memory.write(cleared)
    return cleared
