"""What a crawl gave, judged by what was declared and by the source's own history."""

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.watchlist.source import Expectation
from pipeline.quality.yield_rules import (
    CHANCE,
    CrawlUnderReview,
    _chance_of_at_most,
    silence_problems,
    yield_problems,
)
from storage.queries.crawl_yields import CrawlYield, PublishingPattern

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def gave(
    records: int, *, pages: int = 10, understood: int | None = None, kind: str = "article", **filled: int
) -> CrawlYield:
    return CrawlYield("c", NOW, pages, pages if understood is None else understood, kind, records, filled)


def problems(now: CrawlYield, earlier: list[CrawlYield], *, kind: str = "news", **expect: object) -> list[str]:
    return yield_problems(CrawlUnderReview(kind, Expectation(**expect), now, earlier))  # type: ignore[arg-type] # as in the file


def test_a_field_that_was_always_filled_and_is_not_any_more_is_named() -> None:
    before = [gave(count, title=count, text=count) for count in (12, 15, 9, 14, 20)]
    assert problems(gave(14, title=3, text=14), before) == [
        "title filled on 21% of 14 articles; 100% on the last 5 crawls"
    ]


def test_a_field_that_is_gone_altogether_is_named() -> None:
    before = [gave(12, title=12), gave(10, title=9), gave(11, title=11)]
    assert problems(gave(9), before) == ["title filled on 0% of 9 articles; 100% on the last 3 crawls"]


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (gave(2), [gave(12, title=12)] * 5),  # two posts without one happen: too few to say
        (gave(14, tags=3), [gave(20, tags=6)] * 5),  # rare before, a little rarer now
        (gave(14, title=8), [gave(14, title=14)] * 5),  # more than half
        (gave(14), [gave(14, title=14)] * 2),  # no history yet
        (gave(0), [gave(14, title=14)] * 5),  # a site with nothing new
        (gave(9, kind="article"), [gave(14, kind="notice", title=14)] * 5),  # another kind of record
    ],
)
def test_what_may_be_chance_is_not_named(now: CrawlYield, before: list[CrawlYield]) -> None:
    assert problems(now, before) == []


def test_posts_none_of_which_says_anything_are_named_on_the_first_night() -> None:
    def posts(count: int, **filled: int) -> list[str]:
        return problems(gave(count, kind="telegram_post", post_id=count, **filled), [], kind="telegram")

    assert posts(20) == [
        "none of 20 posts has text, media or a poll: a layout not understood, or nothing shown of them"
    ]
    assert posts(20, text=1) == posts(20, media=3) == posts(20, poll=1) == []
    assert posts(2) == []  # both may be of a kind that the preview does not show


def test_what_was_declared_goes_before_what_was_usual() -> None:
    before = [gave(12, title=12)] * 5
    assert problems(gave(10, title=5), before, fields={"title": 0.9}) == [
        "title filled on 50% of 10 articles, expected at least 90%"
    ]
    assert problems(gave(10), before, fields={"title": 0.0}) == []


def test_pages_that_no_parser_understands_any_more_are_named() -> None:
    before = [gave(10, understood=10)] * 4
    assert problems(gave(0, understood=0), before) == ["0% of 10 pages understood; 100% on the last 4 crawls"]
    assert problems(gave(10, understood=7), before) == []
    assert problems(gave(10, understood=7), before, understood=0.8) == [
        "70% of 10 pages understood, expected at least 80%"
    ]


def test_a_list_that_was_full_and_is_short_is_named_but_not_the_quiet_of_a_weekend() -> None:
    week = [gave(count, kind="hearing") for count in (25, 31, 22, 28, 26)]
    assert problems(gave(2, kind="hearing"), week, kind="court_list") == [
        "2 records; 22 to 31 on the last 5 crawls"
    ]
    weekend = [gave(0, kind="hearing"), gave(0, kind="hearing")]
    assert problems(gave(0, kind="hearing"), [*weekend, *week], kind="court_list") == []
    one_short_night = [gave(1, kind="hearing"), *week]
    assert problems(gave(2, kind="hearing"), one_short_night, kind="court_list") == [
        "2 records; 1 to 31 on the last 6 crawls"
    ], "one short night before does not silence the alarm"
    assert problems(gave(2), week, kind="news") == []
    assert problems(gave(0), week, kind="telegram") == ["0 records; 22 to 31 on the last 5 crawls"]


def habit(pauses_h: list[float], quiet_h: float) -> PublishingPattern:
    last = NOW - timedelta(hours=quiet_h)
    return PublishingPattern(
        last, last - timedelta(hours=sum(pauses_h)), tuple(sorted(hours * 3600 for hours in pauses_h))
    )


def test_a_source_that_is_silent_for_longer_than_its_habit_is_named() -> None:
    daily = [24.0] * 20
    assert silence_problems(Expectation(), habit(daily, 47), NOW) == []
    assert silence_problems(Expectation(), habit(daily, 49), NOW) == [
        "nothing new since 2026-11-21 (49 h); 95% of its pauses before were no longer than 24 h"
    ]


def test_one_long_break_in_the_past_does_not_make_a_habit_and_rare_sources_may_be_rare() -> None:
    assert silence_problems(Expectation(), habit([24.0] * 39 + [24 * 30.0], 72), NOW) != []
    assert silence_problems(Expectation(), habit([24 * 7.0] * 12, 24 * 13), NOW) == []


@pytest.mark.parametrize(
    "known",
    [habit([24.0] * 9, 2000), habit([1.0] * 100, 2000), None],
    ids=["nine pauses", "less than a week", "nothing new ever"],
)
def test_without_enough_history_nobody_is_called_silent(known: PublishingPattern | None) -> None:
    assert silence_problems(Expectation(), known, NOW) == []


def test_a_source_that_gives_something_every_hour_may_be_quiet_for_a_day_and_a_half() -> None:
    hourly = [1.0] * 200
    assert silence_problems(Expectation(), habit(hourly, 35), NOW) == []
    assert silence_problems(Expectation(), habit(hourly, 37), NOW) == [
        "nothing new since 2026-11-21 (37 h); 95% of its pauses before were no longer than 1 h"
    ]


def test_a_declared_silence_goes_before_the_habit() -> None:
    assert silence_problems(Expectation(silent_days=10), habit([1.0] * 200, 24 * 9), NOW) == []
    assert silence_problems(Expectation(silent_days=10), habit([1.0] * 3, 24 * 11), NOW) == [
        "nothing new since 2026-11-12 (11 days); expected is at most 10 days"
    ]


@given(st.integers(1, 200), st.data(), st.floats(0.001, 0.999))
def test_the_chance_is_the_binomial_one(of: int, data: st.DataObject, rate: float) -> None:
    hits = data.draw(st.integers(0, of))
    exact = Fraction(rate)
    total = float(sum(math.comb(of, k) * exact**k * (1 - exact) ** (of - k) for k in range(hits + 1)))
    assert _chance_of_at_most(hits, of, rate) == pytest.approx(total, rel=1e-6, abs=1e-300)
    assert CHANCE < 1e-5
