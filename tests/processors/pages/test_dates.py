"""Wordings of days and times in many languages, and what must not be guessed."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.pages.dates import read_moment

MINSK = ZoneInfo("Europe/Minsk")


@pytest.mark.parametrize(
    ("raw", "day", "clock"),
    [
        ("12 сакавіка 2026, 12:30", date(2026, 3, 12), time(12, 30)),
        ("1 марта 2026 г., 12:30", date(2026, 3, 1), time(12, 30)),
        ("12 березня 2026 р. о 09:15", date(2026, 3, 12), time(9, 15)),
        ("5 marca 2026 r. godz. 8:30", date(2026, 3, 5), time(8, 30)),
        ("5. Mai 2026, 10:05 Uhr", date(2026, 5, 5), time(10, 5)),
        ("1er mai 2026 à 10h05", date(2026, 5, 1), time(10, 5)),
        ("March 1, 2026 3:30 pm", date(2026, 3, 1), time(15, 30)),
        ("01.03.26 г. в 10-30", date(2026, 3, 1), time(10, 30)),
        ("25.08.2026 года 14 ч. 30 мин.", date(2026, 8, 25), time(14, 30)),
        ("Опубликовано: 7 октября 2025 - 18:04", date(2025, 10, 7), time(18, 4)),
        ("2026年3月1日 10:00", date(2026, 3, 1), time(10, 0)),
        ("10 de mayo de 2026", date(2026, 5, 10), None),
        ("2026 m. kovo 12 d., 10:15", date(2026, 3, 12), time(10, 15)),
        ("2026. gada 12. martā", date(2026, 3, 12), None),
        ("2026. november 4. 12:00", date(2026, 11, 4), time(12, 0)),
        ("12 martie 2026, 08:15", date(2026, 3, 12), time(8, 15)),
        ("12 май 2026 г. 9:05", date(2026, 5, 12), time(9, 5)),
        ("27-га лютага 2026", date(2026, 2, 27), None),
        ("2026-3-1T14:32", date(2026, 3, 1), time(14, 32)),
        ("2026-03-01", date(2026, 3, 1), None),
    ],
)
def test_a_wording_names_day_and_time(raw: str, day: date, clock: time | None) -> None:
    moment = read_moment(raw)
    assert moment is not None
    assert (moment.day, moment.clock) == (day, clock)


def test_a_named_zone_goes_before_the_zone_of_the_place() -> None:
    moment = read_moment("Sun, 01 Mar 2026 12:30:00 GMT")
    assert moment is not None
    assert moment.at(MINSK) == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hour", "minute"), [("Z", 10, 0), ("+03:00", 7, 0), ("-0530", 15, 30), ("+02", 8, 0)]
)
def test_an_offset_behind_a_time_goes_before_the_zone_of_the_place(zone: str, hour: int, minute: int) -> None:
    moment = read_moment(f"2026-03-01T10:00:00{zone}")
    assert moment is not None
    assert moment.at(MINSK) == datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


def test_a_time_without_any_zone_has_no_moment() -> None:
    moment = read_moment("01.03.2026 10:00")
    assert moment is not None
    assert moment.at(None) is None
    assert moment.at(MINSK) == datetime(2026, 3, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("raw", ["31.02.2026", "вчера", "10:00", "", "99.99.2026", "1 000 2026", "0000-00-00"])
def test_what_names_no_day_is_none(raw: str) -> None:
    assert read_moment(raw) is None


@given(st.text(max_size=60))
def test_no_wording_breaks_it(raw: str) -> None:
    moment = read_moment(raw)
    assert moment is None or moment.at(UTC) is not None or moment.clock is not None


@pytest.mark.parametrize(
    ("raw", "language", "day"),
    [
        ("03.04.2026", "en", date(2026, 4, 3)),
        ("03/04/2026", "en", date(2026, 3, 4)),
        ("03/04/2026", "fr", date(2026, 4, 3)),
        ("13/04/2026", "en", date(2026, 4, 13)),
    ],
)
def test_only_a_stroke_in_english_puts_the_month_first(raw: str, language: str, day: date) -> None:
    moment = read_moment(raw, language)
    assert moment is not None
    assert moment.day == day


@pytest.mark.parametrize(
    ("raw", "clock"),
    [
        ("March 1, 2026 12:15 am", time(0, 15)),
        ("March 1, 2026 12:15 pm", time(12, 15)),
        ("March 1, 2026 11:15 pm", time(23, 15)),
        ("March 1, 2026 1:15 am", time(1, 15)),
    ],
)
def test_midnight_and_noon_are_twelve(raw: str, clock: time) -> None:
    moment = read_moment(raw)
    assert moment is not None
    assert moment.clock == clock


MONTHS = {
    "en": "january february march april may june july august september october november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "be": "студзеня лютага сакавіка красавіка траўня чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_of_a_language_is_known_by_its_name(language: str) -> None:
    read = [read_moment(f"5 {name} 2026", language) for name in MONTHS[language].split()]
    assert [moment and moment.day for moment in read] == [date(2026, month, 5) for month in range(1, 13)]


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        *(("GMT", 10), ("CEST", 8), ("EEST", 7), ("MSK", 7), ("JST", 1), ("SAST", 8), ("CET", 9)),
        *(("EDT", 14), ("EST", 15), ("MDT", 16), ("MST", 17), ("PDT", 17), ("PST", 18)),
    ],
)
def test_a_zone_by_its_name_is_its_offset(zone: str, hour: int) -> None:
    moment = read_moment(f"1 June 2026 10:00 {zone}")
    assert moment is not None
    assert moment.at(None) == datetime(2026, 6, 1, hour, tzinfo=UTC)


@pytest.mark.parametrize("raw", ["0001-01-01", "01.01.0001 00:30", "31.12.9999 23:30"])
@pytest.mark.parametrize("zone", ["Europe/Minsk", "America/New_York"])
def test_a_day_at_the_end_of_time_breaks_no_zone(raw: str, zone: str) -> None:
    moment = read_moment(raw)
    assert moment is not None
    at = moment.at(ZoneInfo(zone))
    assert at is None or at.tzinfo is UTC
