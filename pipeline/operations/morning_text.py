"""The morning message as people read it: one screen, in the operator's language, at the operator's clock.

In: `Morning`, a language, a time zone. Out: a title and a text of at most `ROWS` rows of `COLUMNS` characters.
What somebody has to act on stands first. No row holds an address, a reason in the words of a site, or the name
of a source that not every reader may know.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from access.rendering.translations import N_, Language, gettext, in_language, ngettext
from access.views.nights import night_sentence
from pipeline.operations.forecast import ALARM_DAYS
from pipeline.operations.morning import UNSIGNED, Morning, NightOfArchive, RedSource
from pipeline.operations.readiness import PartState
from processors.pages.outcome import Outcome
from storage.ledger.drills import EVERY
from storage.ledger.harvests import NightState

COLUMNS: Final = 80
ROWS: Final = 24
RED_SHOWN: Final = 5
ALARMS_SHOWN: Final = 4
NAMES: Final = 11
LONGEST_NAME: Final = 40

ADVICE: Final[Mapping[str, str]] = {
    Outcome.UNREACHABLE: N_("see whether it has moved"),
    Outcome.BLOCKED: N_("try another egress profile or a slower pace"),
    Outcome.CHALLENGE: N_("try the browser or another egress profile"),
    Outcome.LOGIN_WALL: N_("it asks for a login now"),
    Outcome.SOFT_404: N_("see whether its pages have moved"),
    Outcome.RESTRICTED: N_("try an egress profile elsewhere"),
}
"""What to do about a source, by the outcome of most of its pages."""

OTHERWISE: Final = N_("look at its newest captures")


def title_of(morning: Morning, language: Language) -> str:
    """One line, for the subject of a mail."""
    with in_language(language):
        found = morning.archive
        if found is None:
            return gettext("Letapis: the archive does not answer")
        if found.night is None:
            return gettext("Letapis: no night was due yet")
        day = f"{found.night.due_at:%Y-%m-%d}"
        return gettext("Letapis, night of %(day)s: %(sentence)s", day=day, sentence=_night(found))


def text_of(morning: Morning, language: Language, zone: ZoneInfo) -> str:
    """The message; as many failed sources are named as fit."""
    with in_language(language):
        for named in range(RED_SHOWN, -1, -1):
            screen = list(on_screen(_rows(morning, zone, named=named)))
            if len(screen) <= ROWS:
                break
        return "\n".join(screen)


def _rows(morning: Morning, zone: ZoneInfo, *, named: int) -> Iterator[tuple[str, str]]:
    alarms = list(alarms_of(morning))
    for each in alarms[:ALARMS_SHOWN]:
        yield gettext("Act now"), each
    if len(alarms) > ALARMS_SHOWN:
        more = len(alarms) - ALARMS_SHOWN
        yield (
            gettext("Act now"),
            ngettext("and %(num)s more: letapis status", "and %(num)s more: letapis status", more),
        )
    if morning.archive is not None:
        yield from _of_archive(morning.archive, zone, named=named)
        yield gettext("Drill"), _drill(morning.archive, morning.made_at, zone)
    yield gettext("Disk"), _disk(morning)


def on_screen(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Each name once, before the first of its sentences, which are wrapped."""
    before = None
    for name, sentence in rows:
        heading = "" if name == before else name
        before = name
        for line in textwrap.wrap(sentence, COLUMNS - NAMES, break_long_words=True):
            yield f"{heading:<{NAMES}}{line}".rstrip()
            heading = ""


def alarms_of(morning: Morning) -> Iterator[str]:
    """What somebody has to act on, in sentences."""
    for part in morning.parts:
        if part.state is not PartState.OK:
            yield gettext(str(part.reason).replace("%", "%%"))
    found = morning.archive
    if found is None:
        yield gettext("What the night brought is not known: the database does not answer.")
        return
    if found.night is not None and found.night.state in (NightState.MISSED, NightState.NOT_ENDED):
        yield night_sentence(found.night, newest=True)
    if found.forecast.alarms:
        yield gettext("The disk is full in fewer than %(days)s days: add one, or move the store.", days=ALARM_DAYS)
    if found.custody_entries < found.checkpoint_entries:
        yield gettext("Custody has fewer entries than its checkpoint covers. Change nothing; run letapis verify.")
    if found.unsigned_for is not None and found.unsigned_for > UNSIGNED:
        yield gettext("Custody grew, and no checkpoint was signed. Look at the DAG checkpoints.")
    if found.drills.last is not None and not found.drills.last.passed:
        yield gettext("The last drill did not bring the archive back whole: run letapis drill.")
    if found.drill_is_late(morning.made_at):
        yield gettext("No recovery was tried for too long: look at the DAG drill.")
    if found.copies.is_late(morning.made_at):
        yield gettext("Copies have been pending for more than a day: mend the second store or its keys.")
    if found.time_tokens.is_late(morning.made_at):
        yield gettext("Time tokens have been pending for more than a day: look at the DAG timestamps.")
    if morning.unsent:
        yield ngettext(
            "%(num)s earlier message has not reached everybody: letapis status says why.",
            "%(num)s earlier messages have not reached everybody: letapis status says why.",
            morning.unsent,
        )


def _of_archive(found: NightOfArchive, zone: ZoneInfo, *, named: int) -> Iterator[tuple[str, str]]:
    yield gettext("Night"), _night(found)
    files = ngettext("%(num)s WARC file", "%(num)s WARC files", found.files)
    pages = ngettext("%(num)s page", "%(num)s pages", found.pages)
    yield gettext("Kept"), f"{files}, {found.file_bytes / 10**6:.1f} MB, {pages}"
    yield gettext("Changes"), _changes(found)
    for each in found.red[:named]:
        yield gettext("Red"), _red(each, zone)
    left = len(found.red) - named
    if left > 0:
        yield gettext("Red"), ngettext("and %(num)s more source", "and %(num)s more sources", left)
    if found.other_red:
        yield (
            gettext("Red"),
            ngettext(
                "%(num)s source that this message may not name",
                "%(num)s sources that this message may not name",
                found.other_red,
            ),
        )
    yield gettext("Pending"), _waiting(found)
    yield gettext("Custody"), _custody(found, zone)


def _night(found: NightOfArchive) -> str:
    if found.night is None:
        return gettext("No night was due yet.")
    harvest = found.night.harvest
    if found.night.state is NightState.FAILED and harvest is not None and harvest.network is not None:
        return gettext("Our own network was away, so no source reached any host.")
    return night_sentence(found.night, newest=True)


def _changes(found: NightOfArchive) -> str:
    return gettext(
        "%(new)s new, %(edited)s edited, %(moved)s moved, %(missing)s vanished, %(returned)s returned",
        new=found.new,
        **{kind: found.changes.get(kind, 0) for kind in ("edited", "moved", "missing", "returned")},
    )


def _red(source: RedSource, zone: ZoneInfo) -> str:
    name = (
        source.source_id if len(source.source_id) <= LONGEST_NAME else f"{source.source_id[: LONGEST_NAME - 3]}..."
    )
    return gettext(
        "%(source)s: %(outcome)s since %(day)s; %(advice)s",
        source=name,
        outcome=gettext("failed") if source.outcome is None else str(source.outcome).replace("_", " "),
        day=f"{source.since.astimezone(zone):%Y-%m-%d}",
        advice=gettext(ADVICE.get(str(source.outcome), OTHERWISE)),
    )


def _waiting(found: NightOfArchive) -> str:
    counted = (
        (found.copies.count, ngettext("%(num)s copy", "%(num)s copies", found.copies.count)),
        (
            found.time_tokens.count,
            ngettext("%(num)s time token", "%(num)s time tokens", found.time_tokens.count),
        ),
        (
            found.unread_files,
            ngettext("%(num)s file to be read", "%(num)s files to be read", found.unread_files),
        ),
        (
            found.requests.count,
            ngettext("%(num)s requested page", "%(num)s requested pages", found.requests.count),
        ),
    )
    return ", ".join(words for count, words in counted if count) or gettext("nothing")


def _custody(found: NightOfArchive, zone: ZoneInfo) -> str:
    entries = ngettext("%(num)s entry", "%(num)s entries", found.custody_entries)
    if found.checkpoint_at is None:
        return gettext("%(entries)s; no checkpoint was signed yet", entries=entries)
    return gettext(
        "%(entries)s; the checkpoint of %(at)s covers %(size)s",
        entries=entries,
        at=_clock(found.checkpoint_at, zone),
        size=found.checkpoint_entries,
    )


def _drill(found: NightOfArchive, now: datetime, zone: ZoneInfo) -> str:
    """When the recovery was tried last, and what it came to; or for how long it was not."""
    last, waited = found.drills.last, found.drills.none_for(now)
    days = 0 if waited is None else waited.days
    if last is None:
        return ngettext("none ran for %(num)s day", "none ran for %(num)s days", days)
    day = f"{last.at.astimezone(zone):%Y-%m-%d}"
    if last.problem is not None:
        came_to = gettext("%(day)s: the recovery broke off", day=day)
    elif last.passed:
        came_to = gettext("%(day)s: the store gives the same archive", day=day)
    else:
        came_to = gettext("%(day)s: what the store gives differs", day=day)
    if waited is not None and waited > EVERY:
        return came_to + "; " + ngettext("none ran for %(num)s day", "none ran for %(num)s days", days)
    return came_to


def _disk(morning: Morning) -> str:
    free = gettext("%(size)s GB free", size=f"{morning.disk_free_bytes / 10**9:.1f}")
    found = morning.archive
    days = None if found is None else found.forecast.days_until_full
    if days is None:
        return free
    return free + "; " + ngettext("full in %(num)s day", "full in %(num)s days", int(days))


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
