"""The morning message: one screen, what to act on first, in the operator's language, and no word of a case."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from access.rendering.translations import IN_ENGLISH, load_languages
from pipeline.config.settings import Settings
from pipeline.operations.morning import (
    Morning,
    NightOfArchive,
    Pending,
    RedSource,
    Result,
    morning_of,
    red_sources,
)
from pipeline.operations.morning_run import MorningDue, is_read, what_is_due
from pipeline.operations.morning_text import COLUMNS, ROWS, text_of, title_of
from pipeline.operations.outbox import Outbox, UnsentMessage
from pipeline.operations.readiness import Part, PartState
from storage.ledger.drills import Drill, Drills
from storage.ledger.harvests import NightState
from storage.ledger.last_crawls import LastCrawl
from tests.pipeline.operations.conftest import REASON, SECRET, Operated

UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def morning(operated: Operated) -> Morning:
    return morning_of(operated.settings)


def shown(morning: Morning) -> list[str]:
    return text_of(morning, IN_ENGLISH, UTC_ZONE).splitlines()


def test_the_message_says_what_the_night_brought_and_what_waits(morning: Morning, operated: Operated) -> None:
    found = morning.archive
    assert found is not None
    today = f"{datetime.now(UTC):%Y-%m-%d}"

    assert morning.result is Result.ATTENTION
    begins = f"Letapis, night of {operated.due_at:%Y-%m-%d}: 2 of 3 sources failed."
    assert title_of(morning, IN_ENGLISH).startswith(begins)
    rows = {row[:11].strip(): row[11:] for row in shown(morning) if row[:11].strip()}
    assert list(rows) == ["Act now", "Night", "Kept", "Changes", "Red", "Pending", "Custody", "Drill", "Disk"]
    assert rows["Act now"].startswith("The bucket of the second store") or rows["Act now"].startswith("The second")
    assert rows["Night"].startswith("2 of 3 sources failed.")
    assert rows["Kept"] == "1 WARC file, 0.0 MB, 1 page"
    assert rows["Changes"] == "1 new, 0 edited, 0 moved, 0 vanished, 0 returned"
    assert rows["Red"] == f"sud: blocked since {today}; try another egress profile or a slower"
    assert "           pace" in shown(morning)
    assert "           1 source that this message may not name" in shown(morning)
    assert rows["Pending"].endswith(", 1 time token, 1 requested page")
    assert rows["Custody"].startswith(f"{found.custody_entries} entries; the checkpoint of {today}")
    assert rows["Drill"] == "none ran for 0 days"
    assert rows["Disk"].endswith("GB free")


def test_no_word_of_a_case_no_address_and_no_words_of_a_site_leave_the_house(morning: Morning) -> None:
    message = title_of(morning, IN_ENGLISH) + "\n".join(shown(morning))

    assert [word for word in (SECRET, "k17", "example", "ann", REASON, "403") if word in message] == []


def test_whatever_has_happened_it_is_one_screen_with_the_disk_at_its_end(morning: Morning) -> None:
    found = morning.archive
    assert found is not None
    long_ago = morning.made_at - 3 * DAY
    red = tuple(RedSource(f"tg-{'a-channel-with-a-long-name-' * 3}{n}", long_ago, "challenge") for n in range(40))
    parts = tuple(
        Part(f"{n}", PartState.FAILED, "Something that is needed does not answer. " * 3) for n in range(9)
    )
    forecast = replace(found.forecast, days_until_full=12.3)
    worst = replace(
        found, red=red, copies=Pending(9, long_ago), time_tokens=Pending(9, long_ago), forecast=forecast
    )

    rows = shown(replace(morning, archive=worst, parts=parts, unsent=3))

    assert len(rows) <= ROWS
    assert max(map(len, rows)) <= COLUMNS
    assert any(row.strip().endswith("more: letapis status") for row in rows)
    assert any("more source" in row for row in rows)
    assert rows[-1].endswith("GB free; full in 12 days")


@pytest.mark.parametrize(
    ("worsened", "sentence"),
    [
        (
            lambda night: replace(night, copies=Pending(1, LONG_AGO)),
            "Copies have been pending for more than a day",
        ),
        (lambda night: replace(night, time_tokens=Pending(1, LONG_AGO)), "Time tokens have been pending"),
        (lambda night: replace(night, custody_entries=1), "Custody has fewer entries than its checkpoint covers."),
        (lambda night: replace(night, checkpoint_at=LONG_AGO), "Custody grew, and no checkpoint was signed."),
        (
            lambda night: replace(night, may_drill=True, drills=Drills(None, LONG_AGO)),
            "No recovery was tried for too long: look at the DAG drill.",
        ),
        (
            lambda night: replace(night, drills=Drills(Drill(NOW, False, 3, None), LONG_AGO)),
            "The last drill did not bring the archive back whole: run letapis drill.",
        ),
    ],
    ids=["copies", "tokens", "shorter", "unsigned", "drill late", "drill failed"],
)
def test_what_cannot_wait_stands_first(
    morning: Morning, worsened: Callable[[NightOfArchive], NightOfArchive], sentence: str
) -> None:
    found = morning.archive
    assert found is not None
    assert sentence not in "\n".join(shown(morning))

    worse = replace(morning, parts=(), archive=worsened(found))

    assert shown(worse)[0].startswith("Act now    " + sentence[:40])
    assert worse.result is Result.ATTENTION


@pytest.mark.parametrize(
    ("drill", "row"),
    [
        (Drill(NOW - 3 * DAY, True, 0, None), "the store gives the same archive"),
        (Drill(NOW - 3 * DAY, False, 2, None), "what the store gives differs"),
        (Drill(NOW - 3 * DAY, False, None, "StoreUnfitError"), "the recovery broke off"),
        (Drill(NOW - 50 * DAY, True, 0, None), "the store gives the same archive; none ran for 50 days"),
    ],
    ids=["passed", "differs", "broke off", "long ago"],
)
def test_the_last_drill_is_one_row(morning: Morning, drill: Drill, row: str) -> None:
    found = morning.archive
    assert found is not None
    tried = replace(morning, made_at=NOW, archive=replace(found, drills=Drills(drill, LONG_AGO)))

    assert [line for line in shown(tried) if line.startswith("Drill")] == [
        f"Drill      {drill.at:%Y-%m-%d}: {row}"
    ]


def test_a_disk_that_is_full_within_thirty_days_is_shown(morning: Morning) -> None:
    found = morning.archive
    assert found is not None
    soon = replace(found, forecast=replace(found.forecast, days_until_full=29.0))

    rows = shown(replace(morning, parts=(), archive=soon))

    assert rows[0] == "Act now    The disk is full in fewer than 30 days: add one, or move the store."
    assert rows[-1].endswith("full in 29 days")


def test_a_night_that_did_not_run_is_a_failed_morning(morning: Morning) -> None:
    found = morning.archive
    assert found is not None
    assert found.night is not None
    missed = replace(found, night=replace(found.night, state=NightState.MISSED, harvest=None))

    lost = replace(morning, parts=(), archive=missed)

    assert lost.result is Result.FAILED
    assert shown(lost)[0].startswith("Act now    This night has not run.")


def test_a_calm_morning_is_ok_and_has_nothing_to_act_on(morning: Morning) -> None:
    found = morning.archive
    assert found is not None
    assert found.night is not None
    night = replace(found.night, state=NightState.CAME_THROUGH)
    calm = replace(morning, parts=(), archive=replace(found, night=night, red=(), other_red=0))

    assert calm.result is Result.OK
    assert shown(calm)[0].startswith("Night      All 3 sources were collected.")
    assert not any(row.startswith(("Act now", "Red")) for row in shown(calm))


def test_with_the_database_away_there_is_a_message_that_says_so(operated: Operated) -> None:
    away = replace(operated.settings, database_reader_url="postgresql+psycopg2://nobody@127.0.0.1:9/none")

    morning = morning_of(away)

    assert (morning.result, morning.archive) == (Result.FAILED, None)
    assert title_of(morning, IN_ENGLISH) == "Letapis: the archive does not answer"
    assert shown(morning)[0] == "Act now    The database does not answer, or refuses the login."


def test_it_is_in_the_operators_language_at_their_clock(morning: Morning, tmp_path: Path) -> None:
    catalogue = Catalog(locale="be")
    catalogue.add("Night", "Ноч")
    catalogue.add("%(entries)s; the checkpoint of %(at)s covers %(size)s", "%(entries)s, %(at)s, %(size)s")
    folder = tmp_path / "be" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.po").open("wb") as file:
        write_po(file, catalogue)
    found = morning.archive
    assert found is not None
    at = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    signed = replace(morning, archive=replace(found, checkpoint_at=at))

    text = text_of(signed, load_languages(tmp_path)["be"], ZoneInfo("Europe/Minsk"))

    assert "\nНоч        " in text
    assert ", 2026-12-01 02:30, " in text


def crawl(
    source: str, day: int, *, failed: bool, ended: bool = True, outcomes: dict[str, int] | None = None
) -> LastCrawl:
    details = {"problem": None, "failures": ["blocked"] if failed else [], "outcomes": outcomes}
    return LastCrawl(source, f"{source}-{day}", datetime(2026, 11, day, tzinfo=UTC), details if ended else None)


def test_a_source_is_red_since_the_first_failure_after_its_last_success() -> None:
    crawls = [
        crawl("sud", 1, failed=True),
        crawl("sud", 2, failed=False),
        crawl("sud", 3, failed=True, outcomes={"content": 9, "blocked": 2}),
        crawl("kanal", 3, failed=True),
        crawl("sud", 4, failed=True, outcomes={"content": 9, "challenge": 3, "blocked": 1}),
        crawl("kanal", 4, failed=False),
        crawl("sud", 5, failed=False, ended=False),
        crawl("on-demand", 5, failed=True),
    ]

    assert red_sources(crawls) == (RedSource("sud", datetime(2026, 11, 3, tzinfo=UTC), "challenge"),)


def at_local(hour: int, minute: int) -> datetime:
    return datetime(2026, 12, 1, hour, minute, tzinfo=ZoneInfo("Europe/Warsaw")).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (at_local(6, 29), MorningDue.NOTHING),
        (at_local(6, 30), MorningDue.MESSAGE),
        (at_local(6, 59), MorningDue.MESSAGE),
        (at_local(7, 0), MorningDue.NOTHING),
    ],
)
def test_before_seven_local_time_the_message_of_a_night_that_has_not_ended_is_due(
    now: datetime, due: MorningDue, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, morning_to=("json://127.0.0.1:9",), morning_timezone="Europe/Warsaw")

    assert what_is_due(settings, night_ended=False, now=now) is due


def test_a_night_that_has_ended_is_reported_by_its_end_alone(operated: Operated) -> None:
    settings = replace(operated.settings, morning_to=("json://127.0.0.1:9",))
    before_seven = (operated.due_at + DAY).replace(hour=6, minute=45) - DAY

    assert what_is_due(settings, night_ended=True) is MorningDue.MESSAGE
    assert what_is_due(settings, night_ended=False, now=before_seven) is MorningDue.NOTHING
    assert is_read(settings)


def test_without_an_address_nothing_is_due(tmp_path: Path) -> None:
    assert what_is_due(Settings(data=tmp_path), night_ended=True) is MorningDue.NOTHING


def test_what_was_kept_is_due_again(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, morning_to=("json://127.0.0.1:9",))
    Outbox(tmp_path).keep(UnsentMessage("2026-11-30T05:00:00Z", "t", "b", {"a": "refused"}))

    assert what_is_due(settings, night_ended=False, now=at_local(12, 0)) is MorningDue.RETRY
