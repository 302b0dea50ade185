"""The cookie that tells when a browser opened the first page last."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.last_visit import WINDOWS, Visits

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
FIRST = Visits.of_cookie(None, NOW)


def look(visits: Visits, after: timedelta) -> Visits:
    """The next look of the same browser."""
    return Visits.of_cookie(visits.as_cookie(), visits.now + after)


def test_looks_of_one_visit_have_the_same_visit_before_them() -> None:
    assert FIRST.before is None
    second = look(FIRST, timedelta(minutes=10))
    next_day = look(second, timedelta(hours=20))
    assert (second.before, next_day.before) == (None, second.now)
    assert look(next_day, timedelta(minutes=59)).before == second.now
    assert look(next_day, timedelta(minutes=59)).since("visit") == second.now


def test_without_an_earlier_visit_a_day_counts_as_one() -> None:
    assert FIRST.since("visit") == FIRST.since("day") == NOW - timedelta(days=1)
    assert FIRST.since("week") == NOW - timedelta(days=7)


@pytest.mark.parametrize(
    "value",
    ["", ".", "1.2.3", "١٧٦٤٤٠٠٠٠٠.", "-1.", "1764400000", "99999999999.", "1764400000.1764400001", "x" * 5000],
)
def test_any_other_value_counts_as_no_visit(value: str) -> None:
    assert Visits.of_cookie(value, NOW) == FIRST


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{0,12}\.[0-9]{0,12}", fullmatch=True))
def test_no_cookie_makes_a_period_that_begins_later_than_now(value: str) -> None:
    visits = Visits.of_cookie(value, NOW)
    assert all(visits.since(window) <= NOW for window in WINDOWS)
    assert Visits.of_cookie(visits.as_cookie(), NOW) == visits
