"""Zones, hours and years as wordings name them, and what nobody may claim of them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from processors.pages.dates import read_moment
from processors.pages.timezones import country_of

READ = [
    ("2026-02-10 13:18:00 MSK", "2026-02-10T10:18"),
    ("2026-02-10 13:18 EST", "2026-02-10T18:18"),
    ("2026-02-10 13:18:00 (МСК)", "2026-02-10T10:18"),
    ("2026-02-10 13:18:00 Europe/Minsk", "2026-02-10T10:18"),
    ("2026-02-10 13:18 America/New_York", "2026-02-10T18:18"),
    ("2026-02-10T13:18:00 Asia/Tbilisi", "2026-02-10T09:18"),
    ("Feb 10, 2026 1:18 PM PT", "2026-02-10T21:18"),
    ("Feb. 10, 2026, 1:18 p.m. ET", "2026-02-10T18:18"),
    ("July 10, 2026, 1:18 p.m. ET", "2026-07-10T17:18"),
    ("Feb 10, 2026 1:18 pm et", "2026-02-10T18:18"),
    ("Feb 10, 2026 1:18 PM Eastern Time", "2026-02-10T18:18"),
    ("10 Feb 2026 13:18 Central European Time", "2026-02-10T12:18"),
    ("10 Feb 2026 13.18 GMT", "2026-02-10T13:18"),
    ("10. Mai 2026 10:05 Uhr MEZ", "2026-05-10T09:05"),
    ("Le 10 mai 2026 à 10h05 (heure de Paris)", "2026-05-10T08:05"),
    ("10 lutego 2026 13:18 czasu warszawskiego", "2026-02-10T12:18"),
    ("10 февраля 2026, 13:18 (по Минску)", "2026-02-10T10:18"),
    ("10 лютага 2026, 13:18 па Мінску", "2026-02-10T10:18"),
    ("10 лютага 2026, 13:18 па маскоўскім часе", "2026-02-10T10:18"),
    ("10 лютага 2026 а 10-й гадзіне па Мінску", "2026-02-10T07:00"),
    ("10 лютого 2026, 13:18 за київським часом", "2026-02-10T11:18"),
    ("10.02.2026 за київським часом о 13:18", "2026-02-10T11:18"),
    ("10 лютого 2026 о 10 годині за Києвом", "2026-02-10T08:00"),
    ("10.07.2026 13:18 по Киеву", "2026-07-10T10:18"),
    ("10.02.2026 13:18 мск", "2026-02-10T10:18"),
    ("МСК 13:18 10.02.2026", "2026-02-10T10:18"),
    ("10.02.2026 13:18 по московскому времени", "2026-02-10T10:18"),
    ("10.02.2026 г. 10 ч. 30 мин. (время московское)", "2026-02-10T07:30"),
    ("10.02.2026 13:18 Екатеринбургское время", "2026-02-10T08:18"),
    ("10.02.2026 13:18 (МСК+4)", "2026-02-10T06:18"),
    ("10.02.2026 13:18 UTC+3", "2026-02-10T10:18"),
    ("2026-02-10 13:18:00 UTC+3", "2026-02-10T10:18"),
    ("10.02.2026 13:18 (UTC +03:00)", "2026-02-10T10:18"),
    ("10.02.2026 13:18 GMT−5", "2026-02-10T18:18"),
    ("Tue Feb 10 2026 13:18:00 GMT+0300 (Moscow Standard Time)", "2026-02-10T10:18"),
    ("Tue, 10 Feb 2026 13:18:00 CST", "2026-02-10T19:18"),
    ("10.02.2026 10:00-11:00 UTC", "2026-02-10T10:00"),
    ("2026-02-10 24:00 MSK", "2026-02-10T21:00"),
    ("10.02.2026 24.00 UTC", "2026-02-11T00:00"),
    ("2026-02-28T24:00:00Z", "2026-03-01T00:00"),
    ("2026-02-10 01:18 PM MSK", "2026-02-10T10:18"),
    ("10.02.2026 1.30 pm UTC", "2026-02-10T13:30"),
    ("10 de febrero de 2026, 1:30 p. m. UTC", "2026-02-10T13:30"),
    ("10.02.2026 10 год. 30 хв. UTC", "2026-02-10T10:30"),
    ("10.02.2026 в 14 часов 15 минут (мск)", "2026-02-10T11:15"),
    ("10.02.2026 в 2 часа дня по Москве", "2026-02-10T11:00"),
    ("10.02.2026 в 10-30 мск", "2026-02-10T07:30"),
    ("10-Feb-2026 10:00 UTC", "2026-02-10T10:00"),
    ("О3.03.2026 10:00 UTC", "2026-03-03T10:00"),
]


@pytest.mark.parametrize(("raw", "at"), READ)
def test_a_time_is_read_in_the_zone_that_its_wording_names(raw: str, at: str) -> None:
    moment = read_moment(raw)
    assert moment is not None
    assert moment.at(ZoneInfo("Asia/Tokyo")) == datetime.fromisoformat(at).replace(tzinfo=UTC)


UNREAD = [
    ("2026-02-10 13:18 IST", "the time zone 'IST' is that of several countries (in, il, ie)"),
    ("10 Jun 2026 13.18 BST", "the time zone 'BST' is that of several countries (uk, bd)"),
    ("2026-02-10 13:18 XYZT", "the time zone 'XYZT' is not known"),
    ("2026-02-10 13:18 Europe/Nowhere", "the time zone 'Europe/Nowhere' is not known"),
    ("10.02.2026 25:00 UTC", "'25:00' is no time of day"),
    ("10.02.2026 24:15 UTC", "'24:15' is no time of day"),
    ("03.03.0206 10:00 UTC", "the year 206 is out of reason"),
    ("03.03.2206 10:00 UTC", "the year 2206 is out of reason"),
    ("0206-03-03 10:00 UTC", "the year 206 is out of reason"),
    ("10.02.2026 10:00-11:00", "no time zone is named, and that of the place is not known"),
    ("10 mai 2026 à 10:05 et plus", "no time zone is named, and that of the place is not known"),
]


@pytest.mark.parametrize(("raw", "why"), UNREAD)
def test_no_point_in_time_is_claimed_where_zone_hour_or_year_cannot_be_told(raw: str, why: str) -> None:
    moment = read_moment(raw)
    assert moment is not None
    assert (moment.at(None), moment.why_not(None)) == (None, why)


@pytest.mark.parametrize("raw", ["03.03.20226 10:00", "03.03.226 10:00", "31.02.2026 10:00", "l3.03.2026 10:00"])
def test_a_day_that_is_none_is_not_read_as_another(raw: str) -> None:
    assert read_moment(raw) is None


@pytest.mark.parametrize(
    ("raw", "country", "at"),
    [
        ("10 Jun 2026 13:18 IST", "in", "2026-06-10T07:48"),
        ("10 Jun 2026 13:18 IST", "il", "2026-06-10T10:18"),
        ("10 Jun 2026 13:18 IST", "ie", "2026-06-10T12:18"),
        ("10 Jun 2026 13:18 CST", "us", "2026-06-10T19:18"),
        ("10 Jun 2026 13:18 CST", "cn", "2026-06-10T05:18"),
        ("10 Jun 2026 13:18 BST", "uk", "2026-06-10T12:18"),
    ],
)
def test_the_country_of_a_page_decides_an_abbreviation_of_several(raw: str, country: str, at: str) -> None:
    moment = read_moment(raw, "en", country)
    assert moment is not None
    assert moment.at(None) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "read"), [("Asia/Kolkata", True), ("Europe/Minsk", False)])
def test_the_other_times_of_a_page_decide_an_abbreviation_or_leave_it_open(zone: str, read: bool) -> None:
    moment = read_moment("10 Jun 2026 13:18 IST")
    assert moment is not None
    assert (moment.at(ZoneInfo(zone)) is not None) == read


def test_eastern_time_of_the_united_states_is_not_australias() -> None:
    moment = read_moment("10 Jun 2026 13:18 EST", "en", "au")
    assert moment is not None
    assert moment.why_not(None) == "the time zone 'EST' is not known"


@pytest.mark.parametrize(
    ("host", "tag", "country"),
    [
        ("www.sud.example.by", None, "by"),
        ("court.example.gov", None, "us"),
        ("news.example.org", "en-IN", "in"),
        ("news.example.org", "en_GB", "uk"),
        ("news.example.org", "en-US", None),
        ("news.example.org", "en", None),
    ],
)
def test_the_country_is_that_of_the_domain_or_of_the_languages_region(
    host: str, tag: str | None, country: str | None
) -> None:
    assert country_of(host, tag) == country


@pytest.mark.parametrize(("latest", "problem"), [(2036, "the year 2062 is out of reason"), (2062, None)])
def test_a_year_beyond_the_latest_one_expected_is_out_of_reason(latest: int, problem: str | None) -> None:
    moment = read_moment("03.03.2062", latest_year=latest)
    assert moment is not None
    assert moment.problem == problem
