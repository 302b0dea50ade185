"""Makes and sends the morning message: when it is due, what goes out, and a trial of it.

In: `Settings`. Out: what is due, `SentMorning`. The end of a night starts the one run that reports it;
in the half-hour before `BY` local time the message goes out all the same where the night has not ended. So no
run has to know what another has sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from access.rendering.translations import Language, choose_language, gettext, in_language, load_languages
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.morning import Morning, morning_of
from pipeline.operations.morning_text import text_of, title_of
from pipeline.operations.outbox import Outbox
from pipeline.operations.sending import Delivery, send_heartbeat, send_message, send_test
from storage.errors import StorageError
from storage.ledger.harvests import DueNight, due_nights
from storage.queries.nightly_counts import unread_files

BY: Final = time(7, 0)
HALF_AN_HOUR: Final = timedelta(minutes=30)
"""How often the DAG `morning` runs by the clock."""

AFTER_THE_NIGHT: Final = timedelta(minutes=15)
"""So long the message waits for what the night brought to be read."""


class MorningDue(StrEnum):
    """What a run has to do."""

    MESSAGE = "message"
    RETRY = "retry"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SentMorning:
    """What went out, and what came of it at each address and the heartbeat."""

    morning: Morning
    title: str
    text: str
    deliveries: tuple[Delivery, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each delivery that failed."""
        return tuple(describe_delivery(each) for each in self.deliveries if not each.sent)


def describe_delivery(delivery: Delivery) -> str:
    """One delivery in words."""
    if delivery.sent:
        return f"{delivery.to}: sent: {delivery.title}"
    return f"{delivery.to}: not sent: {delivery.problem}"


def what_is_due(settings: Settings, *, night_ended: bool, now: datetime | None = None) -> MorningDue:
    """What a run of the DAG has to do; ``night_ended``: the end of a night of the schedule has started it."""
    moment = now or datetime.now(UTC)
    if not settings.morning_to and settings.morning_heartbeat_url is None:
        return MorningDue.NOTHING
    if night_ended or (_is_before_hour(moment, zone_of(settings)) and not _has_ended(_newest(settings, moment))):
        return MorningDue.MESSAGE
    return MorningDue.RETRY if Outbox(settings.data).unsent() else MorningDue.NOTHING


def _is_before_hour(now: datetime, zone: ZoneInfo) -> bool:
    local = now.astimezone(zone)
    by = datetime.combine(local.date(), BY, zone)
    return by - HALF_AN_HOUR <= local < by


def _newest(settings: Settings, now: datetime) -> DueNight | None:
    """The newest night; None also where the database is away, which the message then says."""
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            nights = due_nights(connection, now=now, known_since=archive.nights_since, most=1)
    except (SettingsError, StorageError, SQLAlchemyError):
        return None
    return nights[0] if nights else None


def _has_ended(night: DueNight | None) -> bool:
    return night is not None and night.harvest is not None and night.harvest.ended_at is not None


def is_read(settings: Settings, *, now: datetime | None = None) -> bool:
    """Whether what the night brought is read, or has had `AFTER_THE_NIGHT` for it."""
    moment = now or datetime.now(UTC)
    with opened_archive(settings) as archive, archive.reader.connect() as connection:
        nights = due_nights(connection, now=moment, known_since=archive.nights_since, most=1)
        if not unread_files(connection):
            return True
    harvest = nights[0].harvest if nights else None
    return harvest is None or harvest.ended_at is None or moment - harvest.ended_at >= AFTER_THE_NIGHT


def zone_of(settings: Settings) -> ZoneInfo:
    """The operator's time zone."""
    return ZoneInfo(settings.morning_timezone)


def language_of(settings: Settings) -> Language:
    """The operator's language; English where its catalogue is not there."""
    return choose_language(settings.morning_language, load_languages())


def compose(settings: Settings, *, now: datetime | None = None) -> SentMorning:
    """The message of this moment, sent nowhere."""
    morning = morning_of(settings, now=now)
    language = language_of(settings)
    return SentMorning(morning, title_of(morning, language), text_of(morning, language, zone_of(settings)), ())


def send_morning(settings: Settings, *, now: datetime | None = None) -> SentMorning:
    """Make the message and send it, then the heartbeat; raises `SettingsError` where nobody is to get it."""
    _require_receiver(settings)
    made = compose(settings, now=now)
    deliveries = send_message(settings, made.title, made.text)
    heartbeat = send_heartbeat(settings, made.morning.result.value, _facts(made.morning))
    deliveries += () if heartbeat is None else (heartbeat,)
    return SentMorning(made.morning, made.title, made.text, deliveries)


def try_out(settings: Settings) -> tuple[Delivery, ...]:
    """A short message to every address, and a heartbeat with the result `test`; nothing of it is kept."""
    _require_receiver(settings)
    with in_language(language_of(settings)):
        title = gettext("Letapis: a test")
        body = gettext("This is a test. The message of each morning comes to this address.")
    heartbeat = send_heartbeat(settings, "test", {})
    return (*send_test(settings, title, body), *(() if heartbeat is None else (heartbeat,)))


def _facts(morning: Morning) -> dict[str, str | int]:
    """What the heartbeat says besides the result: counts alone."""
    found = morning.archive
    if found is None:
        return {}
    night = "none" if found.night is None else found.night.state.name.lower()
    return {"night": night, "red": len(found.red) + found.other_red}


def _require_receiver(settings: Settings) -> None:
    if not settings.morning_to and settings.morning_heartbeat_url is None:
        raise SettingsError(
            ("Nobody is known to whom the morning message goes: set LETAPIS_MORNING_TO (docs/monitoring.md).",)
        )
