"""Search by the index: words, forms, filters, facets, time, and what a viewer may not see."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.integrity.assessment import begin_assessment, confirm_finding, propose_finding
from storage.ledger.assessments import Findings, VerificationStatus
from storage.ledger.memberships import add_member, remove_member
from storage.queries.search import search
from storage.search_index.answer import START_MARK, STOP_MARK, Bar, FacetCount
from storage.search_index.question import FACETS, SearchQuery
from tests.storage.search_index.conftest import Searchable

READER = Viewer("reader-1", Role.READER)


def fill(searchable: Searchable) -> Searchable:
    with searchable.writing() as rows:
        rows.record(
            "by-the-case",
            "Суд по делу о плошчы перенесён на март",
            kind="hearing",
            dated="2026-03-01T10:00:00Z",
            court="Суд раёна",
            judge="Прикладов П. П.",
            article_codes=["293", "342"],
            status_raw="перенесено",
        )
        rows.record("court-over", "Над судом трамвай, дело 1-23/2026", dated="2026-04-02", source="source-2")
        rows.record("belarusian", "У судзе разгледзелі справу пра ўзор", dated="2026-04-20T23:30:00Z")
        rows.record("english", "The hearings of the accused were adjourned")
        rows.record("edited", "Трамвай стоит", dated="2025-01-01")
        rows.record("edited", "Трамваи пошли снова", dated="2025-01-01")
        rows.page("A page about tram timetables\nwithout any record")
    searchable.refresh()
    return searchable


@pytest.fixture(scope="module")
def filled(own_searchable: Searchable) -> Searchable:
    """For questions that change nothing."""
    return fill(own_searchable)


@pytest.fixture
def changing(searchable: Searchable) -> Searchable:
    """The same for a test that changes it."""
    return fill(searchable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("судами", {"by-the-case", "court-over", "belarusian"}),
        ("hearing", {"english"}),
        ('"суд по"', {"by-the-case"}),
        ("«суд по»", {"by-the-case"}),
        ('"по суд"', set()),
        ("=трамваи", {"edited"}),
        ("=трамваями", set()),
        ("перен*", {"by-the-case"}),
        ("суд -трамвай", {"by-the-case", "belarusian"}),
        ("плошча or hearings", {"by-the-case", "english"}),
        ("1-23/2026", {"court-over"}),
        ("суд трамвай", {"court-over"}),
        ("timetable", {"https://source.test/7"}),
        ("кракадзіл", set()),
    ],
)
def test_words_find(filled: Searchable, text: str, expected: set[str]) -> None:
    assert set(filled.keys(text)) == expected


def test_a_letter_is_forgiven_only_where_that_was_asked_for(filled: Searchable) -> None:
    assert filled.keys("трамвнй") == []
    assert set(filled.ask("трамвнй").suggestions) == {"трамвай", "трамваи"}
    assert set(filled.keys("трамвнй", typing_errors=True)) == {"court-over", "edited"}


def test_a_record_of_several_wordings_is_one_hit_and_counted_once(filled: Searchable) -> None:
    answer = filled.ask("трамвай", source=("source-1",), facets=["kind", "year"])
    assert (answer.total, len(answer.hits)) == (1, 1)
    assert answer.facets["kind"] == (FacetCount("article", 1),)
    assert answer.facets["year"] == (FacetCount("2025", 1),)
    assert answer.hits[0].sighting is not None
    assert answer.hits[0].sighting.content["text"] == "Трамваи пошли снова", "the wording that was seen last"
    assert filled.ask("стоит").hits[0].excerpt == f"Трамвай {START_MARK}стоит{STOP_MARK}", "older wordings, too"


def test_a_name_is_found_in_other_scripts_and_cases_with_the_reason(changing: Searchable) -> None:
    with changing.writing() as rows:
        rows.record("cyrillic", "Суд над Иваном Прикладовичем перенесён")
        rows.record("latin", "Ivan Prykladovich was in court")
        rows.record("another", "Пётр Неведомов был в суде")
    changing.refresh()
    answer = changing.ask("Прыкладовіч Іван", names=True)
    assert {hit.sighting.natural_key for hit in answer.hits if hit.sighting} == {"cyrillic", "latin"}
    assert answer.total == 2
    assert all(hit.because for hit in answer.hits)
    assert {hit.excerpt.partition(START_MARK)[2].partition(STOP_MARK)[0] for hit in answer.hits} == {
        "Иваном Прикладовичем", "Ivan Prykladovich",
    }  # fmt: skip
    assert changing.keys("Прыкладовіч Іван", names=True, fold_names=False) == []
    assert changing.keys("Ivan Prykladovich", names=True, fold_names=False) == ["latin"]


def test_newest_and_oldest_first_by_date_with_the_undated_last(filled: Searchable) -> None:
    assert filled.keys(order="newest", pages=False) == [
        "belarusian", "court-over", "by-the-case", "edited", "english",
    ]  # fmt: skip
    assert filled.keys(order="oldest", pages=False) == [
        "edited", "by-the-case", "court-over", "belarusian", "english",
    ]  # fmt: skip


def test_pages_of_an_answer_make_the_whole(filled: Searchable) -> None:
    pages = [filled.keys(order="newest", limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [key for page in pages for key in page] == filled.keys(order="newest")
    assert [len(page) for page in pages] == [2, 2, 2, 0]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"kind": ("hearing",)}, {"by-the-case"}),
        ({"source": ("source-2",)}, {"court-over"}),
        ({"court": ("Суд раёна",)}, {"by-the-case"}),
        ({"judge": ("Прикладов П. П.",)}, {"by-the-case"}),
        ({"article": ("342",)}, {"by-the-case"}),
        ({"status": ("перенесено",)}, {"by-the-case"}),
        ({"language": ("be",)}, {"belarusian"}),
        ({"year": ("2025",)}, {"edited"}),
        ({"since": date(2026, 4, 2), "until": date(2026, 4, 2)}, {"court-over"}),
        ({"since": date(2026, 4, 3)}, {"belarusian"}),
        ({"until": date(2026, 3, 1), "kind": ("hearing", "article")}, {"by-the-case", "edited"}),
        ({"kind": ("page_text",)}, {"https://source.test/7"}),
        ({"outcome": ("captcha",)}, set()),
    ],
)
def test_a_filter_narrows(filled: Searchable, narrowed: dict[str, Any], expected: set[str]) -> None:
    assert set(filled.keys(**narrowed)) == expected


def test_facets_and_histogram_count_what_was_found(filled: Searchable) -> None:
    answer = filled.ask("суд", facets=FACETS, histogram="month")
    assert answer.total == 3
    assert answer.facets["source"] == (FacetCount("source-1", 2), FacetCount("source-2", 1))
    assert answer.facets["article"] == (FacetCount("293", 1), FacetCount("342", 1))
    assert answer.facets["verification"] == (FacetCount("unverified", 3),)
    assert answer.facets["media_type"] == (FacetCount("text/html", 3),)
    assert answer.histogram is not None
    assert answer.histogram.bars == (Bar(date(2026, 3, 1), 1), Bar(date(2026, 4, 1), 2))
    chosen = filled.ask("суд", source=("source-2", "source-9"), facets=["source"]).facets["source"]
    assert chosen == (FacetCount("source-2", 1, chosen=True), FacetCount("source-9", 0, chosen=True))
    by_day = filled.ask(histogram="day").histogram
    assert by_day is not None
    assert (len(by_day.bars), by_day.undated) == (4, 2)


def test_the_ledger_tells_the_verification_status_at_once_whoever_answers(
    archive: Archive, tmp_path: Path
) -> None:
    changing = fill(Searchable(replace(archive, search_folder=tmp_path / "search"), tmp_path / "search"))
    ids = {hit.sighting.natural_key: hit.sighting.record_id for hit in changing.ask().hits if hit.sighting}
    analysts = [Viewer(name, Role.COLLECTOR, every_label=True) for name in ("ala", "basia")]
    found = Findings(method="compared with a map")
    for key in ("by-the-case", "edited"):
        proposal = propose_finding(
            changing.archive, ids[key], VerificationStatus.VERIFIED, found, actor=analysts[0]
        )
        confirm_finding(changing.archive, proposal.seq, actor=analysts[1])
    begin_assessment(changing.archive, ids["english"], actor=analysts[0])
    rest = {"court-over", "belarusian"}
    for wanted, keys in (
        (("verified",), {"by-the-case", "edited"}),
        (("in_work", "refuted"), {"english"}),
        (("unverified",), rest),
        (("unverified", "verified"), {*rest, "by-the-case", "edited"}),
        (("disputed",), set()),
    ):
        assert set(changing.keys(verification=wanted)) == keys, wanted
        query = SearchQuery(verification=wanted)
        answer = search(replace(changing.archive, search_folder=None), query)
        assert {hit.sighting.natural_key for hit in answer.hits if hit.sighting} == keys, wanted
    assert changing.ask(facets=["verification"]).facets["verification"] == (
        FacetCount("unverified", 2),
        FacetCount("verified", 2),
        FacetCount("in_work", 1),
    )


def test_nothing_tells_of_what_the_viewer_may_not_see(changing: Searchable) -> None:
    with changing.writing() as rows:
        rows.record("secret", "Сакрэтны суд", label="case-1", source="hidden", kind="notice", dated="1999-05-05")
        rows.record("edited", "Трамвай сакрэтна знік", label="case-1", source="hidden", dated="1999-05-05")
        rows.page("Сакрэтная старонка", label="case-1", source="hidden")
    changing.refresh()
    assert len(changing.keys("сакрэтны*")) == 1
    assert changing.ask("=сакрэтна").total == 1

    whole = changing.ask(viewer=READER, facets=FACETS, histogram="year")
    assert whole.total == 6
    assert whole.histogram is not None
    assert [bar.start.year for bar in whole.histogram.bars] == [2025, 2026]
    values = {value.value for counts in whole.facets.values() for value in counts}
    assert values.isdisjoint({"hidden", "notice", "1999"})
    assert sum(bar.count for bar in whole.histogram.bars) + whole.histogram.undated == whole.total

    for text in ("сакрэтны", "сакр*", "=сакрэтна", "сакрэтнц"):
        hidden = changing.ask(text, viewer=READER, facets=FACETS, histogram="day", typing_errors=True)
        assert (hidden.total, hidden.hits, hidden.suggestions) == (0, (), ())
        assert not any(hidden.facets.values())


def test_a_member_sees_from_the_moment_they_are_one_until_they_are_none(archive: Archive, tmp_path: Path) -> None:
    searchable = Searchable(replace(archive, search_folder=tmp_path / "search"), tmp_path / "search")
    with searchable.writing() as rows:
        rows.record("secret", "Сакрэтны суд", label="case-1")
    searchable.refresh()
    assert searchable.keys("сакрэтны", viewer=READER) == []
    add_member(searchable.archive, "reader-1", label="case-1", actor="custodian-1")
    assert searchable.keys("сакрэтны", viewer=READER) == ["secret"]
    remove_member(searchable.archive, "reader-1", label="case-1", actor="custodian-1")
    assert searchable.keys("сакрэтны", viewer=READER) == []


def test_what_was_hidden_or_withdrawn_a_moment_ago_is_not_shown_by_an_index_that_does_not_know_yet(
    changing: Searchable,
) -> None:
    with changing.writing() as rows:
        hidden = rows.record("hidden-soon", "кракадзіл адзін")
        gone = rows.record("gone-soon", "кракадзіл два")
        rows.record("stays", "кракадзіл тры")
    changing.refresh()
    assert len(changing.keys("кракадзіл", viewer=READER)) == 3
    with changing.writing() as rows:
        rows.relabel(hidden, "case-1")
        rows.withdraw(gone)
    answer = changing.ask("кракадзіл", viewer=READER)
    assert ([hit.sighting.natural_key for hit in answer.hits if hit.sighting], answer.total) == (["stays"], 1)

    changing.refresh()
    assert changing.ask("кракадзіл", viewer=READER, facets=["kind"]).facets["kind"] == (FacetCount("article", 1),)


def test_without_an_index_the_database_answers_and_says_so(filled: Searchable) -> None:
    with_words = SearchQuery(text='суд -трамвай or "суд по"')
    answer = search(replace(filled.archive, search_folder=None), with_words)
    assert answer.answered_by == "database"
    assert answer.because == "no search index is configured here"
    assert {hit.sighting.natural_key for hit in answer.hits if hit.sighting} == {"by-the-case"}
