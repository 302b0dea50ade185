"""All reference readings of LETAPIS_REALDATA, held to the figures of docs/quality.md."""

from pathlib import Path

import pytest

from benchmarks import quality_courts, quality_encodings, quality_lists, quality_news, quality_telegram
from benchmarks.news_references import references
from benchmarks.quality import real_pages_taken_for_refusals

pytestmark = pytest.mark.realdata


def test_every_field_of_every_telegram_post_is_read(realdata: Path) -> None:
    measured = quality_telegram.measure(realdata / "telegram")
    assert measured["posts"] == 27
    assert measured["wrong"] == []


def test_articles_are_read_better_than_by_the_generic_reader_alone(realdata: Path) -> None:
    ours = quality_news.measure(references(realdata / "news"), quality_news.ours).summary()
    alone = quality_news.measure(references(realdata / "news"), quality_news.alone).summary()
    assert ours["f1"]["mean"] >= 0.972
    assert ours["title"]["mean"] >= 0.83
    assert ours["published"]["mean"] >= 0.96
    assert ours["authors"]["mean"] >= 0.85
    assert ours["tags"]["mean"] >= 0.62
    for what in ("f1", "title", "published", "authors", "tags"):
        assert ours[what]["mean"] > alone[what]["mean"], what


def test_every_feed_is_read_whatever_its_encoding(realdata: Path) -> None:
    measured = quality_lists.feeds(realdata / "feeds")
    assert measured["wrong"] == []
    assert measured["legacy_wrong"] == []


def test_every_sitemap_case_gives_the_pages_of_a_conforming_reader(realdata: Path) -> None:
    measured = quality_lists.sitemaps(realdata / "sitemaps")
    assert measured["sitemap_cases"] == 8
    assert measured["wrong"] == []


def test_every_cyrillic_page_is_decoded_and_nearly_all_others(realdata: Path) -> None:
    measured = quality_encodings.measure(realdata / "encodings")
    assert measured["cyrillic_right"] == measured["cyrillic"] == 48
    assert measured["right"] >= 91


def test_every_row_and_field_of_the_russian_court_list_is_read(realdata: Path) -> None:
    measured = quality_courts.measure(realdata / "courts")
    assert measured["sudrf_fields"] == 101
    assert measured["sudrf_wrong"] == []


def test_every_case_of_the_uk_lists_is_found(realdata: Path) -> None:
    assert quality_courts.measure(realdata / "courts")["hmcts_missing"] == []


def test_no_real_news_page_is_taken_for_a_refusal(realdata: Path) -> None:
    pages, refused = real_pages_taken_for_refusals(realdata)
    assert pages > 200
    assert refused == 0
