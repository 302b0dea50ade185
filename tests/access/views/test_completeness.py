"""How complete a capture is after the Berkeley Protocol, and what would complete it."""

from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from access.views.captures import one_capture
from crawlers.model.capture import Rendering, RenderingKind
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from tests.access.conftest import ARTICLE, Filled
from tests.storage.crawled_files import NIGHT, exchange, no_answer, response, signed_crawl

PAGE = "https://vesnik.example/старонка"


def states(archive: Archive, capture_id: str) -> dict[str, tuple[str, str]]:
    facts = one_capture(archive, capture_id)
    assert facts is not None
    items = facts["completeness"]["items"]
    return {each["item"]: (each["state"], each["reason"]) for each in items}


def test_an_imported_article_lacks_its_screenshot_and_media_and_the_collectors_word_for_its_address(
    filled: Filled,
) -> None:
    assert states(filled.archive, filled.one(ARTICLE).id) == {
        "url": ("partly", "url_stated"),
        "source_code": ("has", "source_file"),
        "full_page": ("no", "page_missing"),
        "embedded_media": ("no", "media_unknown"),
        "metadata": ("has", "metadata_exchange"),
        "context": ("partly", "context_source"),
        "collection_data": ("partly", "collection_some"),
        "hash": ("partly", "hash_imported"),
    }


def test_a_picture_is_no_page_and_has_all_there_is_to_show(filled: Filled) -> None:
    found = states(filled.archive, filled.one("https://vesnik.example/a.png").id)
    assert (found["full_page"], found["embedded_media"]) == (("has", "page_file"), ("has", "media_file"))


def test_a_failed_capture_has_no_source_and_says_so(filled: Filled) -> None:
    found = states(filled.archive, filled.one("https://няма.example/").id)
    assert [found[item] for item in ("source_code", "full_page", "embedded_media", "metadata")] == [
        ("no", "source_missing"),
        ("no", "page_missing"),
        ("no", "media_failed"),
        ("no", "metadata_missing"),
    ]


def test_a_page_shown_by_a_browser_has_its_screenshot_and_a_file_without_facts_lacks_them(
    own_archive: Archive, tmp_path: Path
) -> None:
    shot = Rendering(None, PAGE, RenderingKind.FULL_PAGE, "image/png", b"\x89PNG", NIGHT, "letapis")
    path = signed_crawl(
        own_archive,
        tmp_path,
        [exchange(PAGE, response(b"<h1>1</h1>")), shot, no_answer(PAGE, at=NIGHT - timedelta(hours=1))],
    )
    deposited = deposit_file(own_archive, path)
    with own_archive.reader.connect() as connection:
        by_type = {each.record_type: each for each in captures_in(connection, deposited.key)}
    found = states(own_archive, by_type["response"].id)
    assert [found[item] for item in ("url", "source_code", "full_page", "hash")] == [
        ("has", "url_requested"),
        ("has", "source_whole"),
        ("has", "page_whole"),
        ("has", "hash_collected"),
    ]
    assert found["embedded_media"] == ("partly", "media_browser")
    assert found["context"] == ("has", "context_known")
    assert found["collection_data"] == ("no", "collection_missing")
    assert states(own_archive, by_type["resource"].id)["source_code"] == ("partly", "source_derived")


def test_the_page_of_a_capture_offers_to_capture_what_is_missing(analyst: TestClient, filled: Filled) -> None:
    page = analyst.get(f"/capture/{filled.one(ARTICLE).id}").text
    assert "has 2, partly 4, no 2" in page
    assert "No screenshot of the page was made." in page
    assert "Capture what is missing" in page


def test_readers_are_not_offered_to_capture(anonymous: TestClient, filled: Filled) -> None:
    page = anonymous.get(f"/capture/{filled.one(ARTICLE).id}", headers={"X-User": "reader"}).text
    assert "No screenshot of the page was made." in page and "Capture what is missing" not in page


def test_programs_read_the_same_and_with_which_engine_it_is_completed(analyst: TestClient, filled: Filled) -> None:
    row = analyst.get(f"/api/capture/{filled.one(ARTICLE).id}").json()["completeness"]
    assert (row["has"], row["partly"], row["no"], row["complete_with"]) == (2, 4, 2, "browser")
    picture = analyst.get(f"/api/capture/{filled.one('https://vesnik.example/a.png').id}").json()["completeness"]
    assert picture["complete_with"] is None
