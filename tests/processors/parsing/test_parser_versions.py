"""A parser version is chosen by the day of capture."""

from datetime import UTC, date, datetime, timedelta

import pytest

from processors.news.page import read_news
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import ParserVersion, parser_for, parser_versions


def test_a_version_covers_the_days_it_names_and_no_others() -> None:
    version = ParserVersion(
        kind="news", name="old", read=read_news, valid_from=date(2020, 1, 1), valid_until=date(2023, 5, 1)
    )
    days = (date(2019, 12, 31), date(2020, 1, 1), date(2023, 5, 1), date(2023, 5, 2))
    assert [version.covers(day) for day in days] == [False, True, True, False]


@pytest.mark.parametrize("kind", ["telegram", "news", "court_list", "register"])
def test_every_day_since_2020_has_exactly_one_version_of_each_kind(kind: str) -> None:
    day = date(2020, 1, 1)
    while day < date(2030, 1, 1):
        assert parser_for(kind, day).kind == kind
        day += timedelta(days=31)


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2018, 3, 15), "telegram-2020-3"),
        (date(2021, 2, 23), "telegram-2020-3"),
        (date(2021, 2, 24), "telegram-2023-3"),
        (date(2023, 11, 9), "telegram-2023-3"),
        (date(2023, 11, 10), "telegram-2026-3"),
        (date(2026, 11, 27), "telegram-2026-3"),
    ],
)
def test_the_day_of_capture_chooses_the_version_for_telegrams_layout(day: date, version: str) -> None:
    assert parser_for("telegram", day).name == version


def test_a_reading_says_which_version_made_it() -> None:
    page = Page("https://t.me/s/x", b"<html></html>", datetime(2026, 1, 1, tzinfo=UTC), 200)
    for parser in parser_versions():
        reading: Reading = parser.read(page, None)
        assert reading.parser_version == parser.name
