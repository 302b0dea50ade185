"""What a visit has seen whole, by the outcome of every page of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from processors.surt import surt_key
from storage.queries.coverage import Observation, ObservedRecord, PageReading, observations
from storage.queries.start_pages import StartPages

NIGHT = datetime(2026, 11, 20, 21, tzinfo=UTC)
FIRST, SECOND = "https://court.example/list", "https://court.example/list?page=2"


def hearing(name: str, *, at: datetime = NIGHT) -> ObservedRecord:
    return ObservedRecord(name, "hearing", f"court/{name}", f"{name}-version", {}, FIRST, "capture", at)


def page(url: str, *names: str, outcome: str = "content", next_pages: tuple[str, ...] = ()) -> PageReading:
    return PageReading(
        capture_id=f"capture of {url}",
        parser_version="court_list/1",
        kind="court_list",
        crawl_id="night",
        url=url,
        at=NIGHT + timedelta(days=1),
        outcome=outcome,
        next_pages=next_pages,
        documents=(),
        shown=tuple(hearing(name) for name in names),
    )


def observed(*pages: PageReading) -> Observation:
    (observation,) = observations(pages)
    return observation


def test_a_list_read_to_its_last_page_covers_a_hearing_that_is_not_in_it() -> None:
    assert observed(page(FIRST, "one", next_pages=(SECOND,)), page(SECOND, "two")).covers(hearing("gone"))


@pytest.mark.parametrize("outcome", ["challenge", "blocked", "empty", "soft_404", "login_wall", "unreachable"])
def test_a_list_of_which_a_page_was_not_given_claims_nothing_missing(outcome: str) -> None:
    only = page(FIRST, outcome=outcome)
    second = page(SECOND, outcome=outcome)
    assert not observed(only).covers(hearing("gone"))
    assert not observed(page(FIRST, "one", next_pages=(SECOND,)), second).covers(hearing("gone"))


def test_a_list_whose_next_page_was_not_asked_for_claims_nothing_missing() -> None:
    assert not observed(page(FIRST, "one", next_pages=(SECOND,))).covers(hearing("gone"))


def test_a_page_asked_for_twice_counts_as_it_was_the_last_time() -> None:
    given = page(FIRST, "one")
    refused = replace(page(FIRST, outcome="blocked"), at=given.at + timedelta(minutes=1), capture_id="later")
    given_again = replace(given, at=refused.at + timedelta(minutes=1), capture_id="last")
    assert not observed(given, refused).covers(hearing("gone"))
    assert observed(given, refused, given_again).covers(hearing("gone"))


def test_the_robots_txt_of_a_site_is_no_page_of_its_list() -> None:
    robots = page("https://court.example/robots.txt", outcome="soft_404")
    assert observed(page(FIRST, "one"), robots).covers(hearing("gone"))


OTHER = "https://court.example/criminal"
ROBOTS = "https://court.example/robots.txt"


def began_with(*declared: str, redirected: tuple[str, ...] = ()) -> StartPages:
    return StartPages(frozenset(map(surt_key, declared)), frozenset(map(surt_key, redirected)))


def crawled(start: StartPages, *pages: PageReading) -> Observation:
    return observed(*(replace(each, start_pages=start) for each in pages))


def test_a_crawl_that_read_nothing_but_robots_txt_claims_nothing_missing() -> None:
    """The list itself could not be fetched, or no parser came to its end: neither leaves a reading."""
    assert not crawled(began_with(FIRST), page(ROBOTS)).covers(hearing("gone"))
    assert not observed(page(ROBOTS)).covers(hearing("gone"))


def test_a_crawl_that_lacks_one_of_the_pages_that_the_source_names_claims_nothing_missing() -> None:
    both = began_with(FIRST, OTHER)
    assert not crawled(both, page(ROBOTS), page(FIRST, "one")).covers(hearing("gone"))
    assert not crawled(both, page(FIRST, "one"), page(OTHER, outcome="unreachable")).covers(hearing("gone"))
    assert crawled(both, page(FIRST, "one"), page(OTHER, "two")).covers(hearing("gone"))


def test_a_next_page_does_not_stand_for_a_page_that_the_source_names() -> None:
    pages = page(FIRST, "one", next_pages=(SECOND,)), page(SECOND, "two")
    assert not crawled(began_with(FIRST, OTHER, redirected=(OTHER,)), *pages).covers(hearing("gone"))


def test_a_list_behind_a_redirect_is_whole_where_it_was_read() -> None:
    old = "http://old.court.example/"
    sent_on = began_with(old, redirected=(old,))
    assert crawled(sent_on, page(FIRST, "one")).covers(hearing("gone"))
    assert crawled(sent_on, page(old, outcome="empty"), page(FIRST, "one")).covers(hearing("gone"))
    assert not crawled(sent_on, page(old, outcome="empty")).covers(hearing("gone"))
    assert not crawled(began_with(old, OTHER, redirected=(old,)), page(FIRST, "one")).covers(hearing("gone"))


def test_of_two_pages_that_lead_to_one_nothing_is_claimed_of_the_other() -> None:
    start = began_with(OTHER, SECOND, redirected=(OTHER, SECOND))
    assert not crawled(start, page(FIRST, "one")).covers(hearing("gone"))
