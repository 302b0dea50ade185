"""The search page upon an index: hits of each kind, facets, what may not be seen, hostile words."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

import pytest
from fastapi import Header
from fastapi.testclient import TestClient

from access.app import create_app
from access.search_links import SearchLinks, as_written
from storage.access_labels import EVERYONE, Role, Viewer
from storage.queries.search import reset_index_state
from storage.search_index.question import SearchQuery
from tests.storage.search_index.conftest import Searchable, own_searchable

__all__ = ["own_searchable"]

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def hits(own_searchable: Searchable) -> Searchable:
    with own_searchable.writing() as rows:
        rows.record(
            "case",
            "Суд па справе аб плошчы перанесены",
            kind="hearing",
            court="Суд раёна",
            judge="Узорын У. У.",
            article_codes=["342", HOSTILE],
            status_raw="перанесена",
            starts_at="2026-03-01T10:00:00Z",
        )
        rows.record("other", "Суд зноў", kind="hearing", court="Суд вобласці", starts_at="2026-03-05T10:00:00Z")
        rows.record(
            "post",
            f"Пост пра суд {HOSTILE}",
            kind="telegram_post",
            channel="kanal",
            post_id=7,
            views_raw="1.2K",
            dated="2026-03-09T10:00:00Z",
        )
        rows.record("article", "Артыкул пра суд", title="Навіна дня", dated="2026-04-02T10:00:00Z")
        rows.record("secret", "Суд таемны", label="confidential", source="tajemny", dated="2026-04-03T10:00:00Z")
        rows.page("Суд на старонцы\nбез запісаў")
    own_searchable.refresh()
    return own_searchable


def user(x_user: Annotated[str, Header()]) -> Viewer:
    return EVERYONE if x_user == "everyone" else Viewer(x_user, Role.READER)


@pytest.fixture(scope="module")
def reader(hits: Searchable) -> Iterator[TestClient]:
    reset_index_state()
    with TestClient(create_app(lambda: hits.archive, user), headers={"X-User": "reader"}) as client:
        yield client


def facet_links(page: str) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """By label of a value: its count, and the parameters of its link."""
    found = re.findall(
        r'<li><a href="/search\?([^"]*)"[^>]*><bdi>([^<]*)</bdi> <span class="count">([^<]*)</span>', page
    )
    return {unescape(label): (count, parse_qs(unescape(query))) for query, label, count in found}


def test_each_kind_of_hit_shows_what_an_analyst_looks_for(reader: TestClient) -> None:
    page = reader.get("/search", params={"q": "суд"}).text
    assert "5 records were found." in page
    for said in (
        '<dt>Time</dt><dd dir="auto"><time datetime="2026-03-01T10:00:00Z">',
        '<dt>Court</dt><dd dir="auto">Суд раёна</dd>',
        '<dt>Judge</dt><dd dir="auto">Узорын У. У.</dd>',
        '<dt>Status</dt><dd dir="auto">перанесена</dd>',
        '<dt>Channel</dt><dd dir="auto">kanal</dd>',
        '<dt>Views</dt><dd dir="auto">1.2K</dd>',
        "<bdi>Навіна дня</bdi>",
        '<span class="tag">page without records</span>',
        "<mark>Суд</mark> на старонцы",
    ):
        assert said in page
    assert '<ol class="rows hits" data-rows start="1">' in page
    assert page.count("<li data-row") == 5


def test_values_of_facets_are_links_that_narrow_and_a_choice_shows_what_others_would_find(
    reader: TestClient,
) -> None:
    values = facet_links(reader.get("/search", params={"q": "суд"}).text)
    assert values["Суд раёна"] == ("1", {"q": ["суд"], "court": ["Суд раёна"]})
    narrowed = reader.get("/search", params={"q": "суд", "court": "Суд раёна", "rows": 50}).text
    assert "1 record was found." in narrowed
    values = facet_links(narrowed)
    assert values["Суд вобласці"] == (
        "1",
        {"q": ["суд"], "court": ["Суд раёна", "Суд вобласці"], "rows": ["50"]},
    )
    assert 'aria-label="Remove: Court Суд раёна"' in narrowed
    assert "2 records were found." in reader.get("/search", params=values["Суд вобласці"][1]).text


def test_bars_of_the_histogram_are_links_to_their_days(reader: TestClient) -> None:
    page = reader.get("/search", params={"q": "суд", "kind": ["telegram_post", "article"]}).text
    assert 'data-unit="day" data-first="2026-03-09" data-slots="25"' in page
    assert (
        'href="/search?q=%D1%81%D1%83%D0%B4&amp;kind=telegram_post&amp;kind=article&amp;since=2026-03-09' in page
    )
    assert 'aria-label="2026-04-02: 1 record"' in page
    assert "1 record was found." in reader.get("/search", params={"q": "суд", "since": "2026-04-01"}).text


def test_counts_and_values_tell_nothing_of_what_the_viewer_may_not_see(reader: TestClient) -> None:
    as_reader = reader.get("/search", params={"q": "суд"}).text
    assert "tajemny" not in as_reader
    assert "2026-04-03" not in as_reader
    assert "No records were found" in reader.get("/search", params={"q": "таемны"}).text
    assert "tajemny" not in reader.get("/search").text
    to_everyone = reader.get("/search", params={"q": "суд"}, headers={"X-User": "everyone"}).text
    assert "6 records were found." in to_everyone
    assert facet_links(to_everyone)["tajemny"][0] == "1"


@pytest.mark.parametrize("place", ["q", "court", "source", "judge"])
def test_hostile_words_and_values_are_inert(reader: TestClient, place: str) -> None:
    asked = {"q": "суд", "names": "false", place: HOSTILE}
    page = reader.get("/search", params=asked)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert re.findall(r"<(?:script|style)(?![^>]* src=)[^>]*>|\son\w+=|javascript:", page.text) == []


def test_where_nothing_is_found_the_page_says_how_to_write_a_search_and_offers_other_ways(
    reader: TestClient,
) -> None:
    page = unescape(reader.get("/search", params={"q": "плошша", "kind": "article"}).text)
    for said in ("How to write a search", "Search without filters", "Let one letter be wrong"):
        assert said in page


def test_without_an_index_the_database_answers_and_the_page_says_so(
    reader: TestClient, hits: Searchable, tmp_path: Path
) -> None:
    away = tmp_path / "search"
    hits.folder.rename(away)
    try:
        page = reader.get("/search", params={"q": "суд"}).text
    finally:
        away.rename(hits.folder)
    assert "The search index is not made yet. The database answered instead" in page
    assert "4 records were found." in page


def test_pages_behind_the_last_that_can_be_asked_for_name_the_way_out(reader: TestClient) -> None:
    answer = reader.get("/search", params={"q": "суд", "page": 501})
    assert answer.status_code == 422
    assert "Narrow the search by date" in answer.text


def test_every_link_carries_the_whole_state_of_the_page() -> None:
    query = SearchQuery(text="суд", kind=("hearing",), order="oldest", typing_errors=True, pages=False)
    links = SearchLinks(query, 100)
    state = {"q": ["суд"], "order": ["oldest"], "typing_errors": ["true"], "pages": ["false"], "rows": ["100"]}
    (kind, letters, pages) = links.chips()
    assert parse_qs(kind["query"]) == state
    assert "typing_errors" not in letters["query"]
    assert parse_qs(links.with_rows(50)) == state | {"kind": ["hearing"], "rows": ["50"]}
    assert pages["value"] == "without pages that gave no records"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("суд плошча", "=суд =плошча"),
        ('суд "па справе" -раён', '=суд "па справе" -раён'),
        ("суд or трамв* =дзень", "=суд or трамв* =дзень"),
    ],
)
def test_words_as_written_are_marked_one_by_one(text: str, expected: str) -> None:
    assert as_written(text) == expected
    assert as_written(expected) == expected
