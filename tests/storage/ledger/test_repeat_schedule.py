from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.ledger.repeat_schedule import Schedule, ScheduleRefusedError, in_words, interval_of, schedule_of

NOON = datetime(2026, 12, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_every_hour_until_the_end_of_friday_in_utc() -> None:
    schedule = schedule_of("hour", "2026-12-04", addresses=1, now=NOON)
    assert schedule.due_at(1) == datetime(2026, 12, 1, 13, tzinfo=UTC)
    assert schedule.turns == 83
    assert schedule.due_at(schedule.turns) == datetime(2026, 12, 4, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-12-01T12:05", "2026-12-01T12:05+00:00"),
        ("2026-12-05 06:00", "2026-12-05T06:00+00:00"),
        ("2026-12-05T06:00:30+03:00", "2026-12-05T03:00+00:00"),
        ("2027-12-02T12:00", "2027-12-02T12:00+00:00"),
    ],
)
def test_once_at_a_time_is_one_turn_which_may_be_as_late_as_it_was_ahead(at: str, due: str) -> None:
    schedule = schedule_of("once", at, addresses=20, now=NOON)
    moment = datetime.fromisoformat(due)
    ahead = moment - schedule.begun_at
    assert (schedule.turns, schedule.due_at(1)) == (1, moment)
    assert [schedule.newest_turn(moment + timedelta(seconds=late_s)) for late_s in (-1, 0, 10**8)] == [0, 1, 1]
    assert schedule.may_be_taken(1, moment + ahead - timedelta(seconds=1))
    assert not schedule.may_be_taken(1, moment + ahead)


@given(
    every_s=st.integers(900, 10**6),
    length_s=st.integers(0, 10**7),
    after_s=st.integers(-(10**6), 10**7),
)
def test_the_newest_turn_is_the_last_that_is_due_and_lies_before_the_end(
    every_s: int, length_s: int, after_s: int
) -> None:
    begun = NOON.replace(microsecond=0)
    schedule = Schedule(begun, timedelta(seconds=every_s), begun + timedelta(seconds=length_s))
    due = [turn for turn in range(1, length_s // every_s + 2) if schedule.due_at(turn) < schedule.until_at]
    now = begun + timedelta(seconds=after_s)
    assert schedule.turns == len(due)
    assert schedule.newest_turn(now) == max((turn for turn in due if schedule.due_at(turn) <= now), default=0)


def test_a_turn_may_be_taken_until_it_is_a_whole_interval_late() -> None:
    schedule = schedule_of("1d", "2026-12-03", addresses=1, now=NOON)
    due = schedule.due_at(2)
    assert schedule.turns == 2
    assert [schedule.may_be_taken(2, due + timedelta(hours=hours)) for hours in (-1, 0, 23, 24)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("every", "until", "addresses", "sentence"),
    [
        ("10m", "2026-12-04", 1, "The shortest interval is 15 minutes, found 10 minutes"),
        ("often", "2026-12-04", 1, "Expected an interval such as 30m, 6h, 1d or 1w, or hour, day or week"),
        ("0h", "2026-12-04", 1, "Expected an interval"),
        ("hour", "Friday", 1, "Expected the last day as 2026-12-05"),
        ("hour", "2026-11-30", 1, "after the last day 2026-11-30"),
        ("week", "2026-12-05", 1, "The first repeat would be at 2026-12-08 12:00 UTC"),
        ("week", "2027-12-03", 1, "A repeat lasts at most 366 days: choose a last day up to 2027-12-02"),
        ("day", "2026-12-09", 21, "A repeat has at most 20 addresses, found 21"),
        ("once", "2026-12-05", 21, "A repeat has at most 20 addresses, found 21"),
        ("once", "", 1, "Expected the time as 2026-12-05T06:00 (in UTC), found ''"),
        ("once", "tomorrow", 1, "Expected the time as 2026-12-05T06:00"),
        ("once", "2026-12-01T12:04", 1, "Expected a time from 5 minutes to 366 days from now"),
        ("once", "2028-01-01T00:00", 1, "found 2028-01-01 00:00 UTC"),
        ("15m", "2027-06-01", 1, "A repeat makes at most 5000 captures; this one would make 17519"),
    ],
)
def test_what_is_not_possible_is_refused_in_words(every: str, until: str, addresses: int, sentence: str) -> None:
    with pytest.raises(ScheduleRefusedError) as refused:
        schedule_of(every, until, addresses=addresses, now=NOON)
    assert sentence in str(refused.value)
    assert str(refused.value).endswith("Nothing was written.")


@pytest.mark.parametrize(("text", "words"), [("90m", "90 minutes"), ("24h", "1 day"), ("14d", "2 weeks")])
def test_intervals_are_read_and_said_in_the_largest_unit(text: str, words: str) -> None:
    assert in_words(interval_of(text)) == words
