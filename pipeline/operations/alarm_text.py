"""The message of alarms as people read it: what is new, what lasts, what is over.

In: `AlarmChanges`, a time zone; the language is that of the caller's context. Out: a title and a text.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from access.rendering.translations import gettext, ngettext
from pipeline.operations.alarms import AlarmChanges
from pipeline.operations.morning_text import on_screen


def title_of_alarms(changes: AlarmChanges) -> str:
    """One line, for the subject of a mail: the first of the new ones, and how many more there are."""
    if changes.began:
        first, *others = changes.began.values()
        title = gettext("Letapis alarm: %(sentence)s", sentence=first.sentence)
        return title + (ngettext(" And %(num)s more.", " And %(num)s more.", len(others)) if others else "")
    if changes.last:
        return ngettext("Letapis: %(num)s alarm lasts", "Letapis: %(num)s alarms last", len(changes.last))
    return ngettext("Letapis: the alarm is over", "Letapis: %(num)s alarms are over", len(changes.over))


def text_of_alarms(changes: AlarmChanges, at: datetime, zone: ZoneInfo) -> str:
    """Every alarm with since when."""
    return "\n".join([*on_screen(_rows(changes, at, zone)), "", gettext("letapis alarms shows how it is now.")])


def _rows(changes: AlarmChanges, at: datetime, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    for each in changes.began.values():
        yield gettext("New"), each.sentence
    for key, each in changes.last.items():
        since = gettext("since %(at)s: %(sentence)s", at=_clock(each.since, zone), sentence=each.sentence)
        yield gettext("Lasts"), since + (" " + gettext("(not known now)") if key in changes.unknown else "")
    for each in changes.over.values():
        yield (
            gettext("Over"),
            gettext(
                "%(since)s to %(until)s: %(sentence)s",
                since=_clock(each.since, zone),
                until=_clock(at, zone),
                sentence=each.sentence,
            ),
        )


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
