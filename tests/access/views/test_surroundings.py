"""What stands around a capture, a record and a medium, and the gallery, as far as the viewer may see it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from access.rendering.citation import citation
from access.views.captures import one_capture
from access.views.gallery import GalleryFilters, gallery
from access.views.media import media_of_record, one_medium
from access.views.search import one_record
from access.views.surroundings import around_capture, around_medium, around_record
from processors.pages.outcome import Outcome
from processors.pages.parse_result import Links, Reading
from processors.record_keys import record_id, record_keys
from processors.records.telegram_post import Medium, TelegramPost
from storage.catalogue.records import replace_reading
from tests.access.conftest import ARTICLE, HOSTILE, Filled

PICTURE, COPY = "https://vesnik.example/a.png", "https://vesnik.example/b.jpg"
SAME = "Сведкі паведамляюць пра затрыманні ў цэнтры горада."
"""The text of the article, which a channel repeats."""

NIGHT = date(2026, 11, 20)


@pytest.fixture(scope="module")
def post(filled: Filled) -> Iterator[str]:
    """A post with the picture and the text of the article, read from another page of the same crawl."""
    record = TelegramPost(
        url="https://t.me/kanal/7",
        channel="kanal",
        post_id=7,
        published_at=datetime(2026, 11, 20, 19, 0, tzinfo=UTC),
        text=SAME,
        media=(Medium(kind="photo", url=PICTURE), Medium(kind="video", extra="Media is too big")),
    )
    page = filled.one(HOSTILE)
    reading = Reading(
        url=page.url,
        kind="telegram",
        outcome=Outcome.CONTENT,
        parser_version="around-1",
        records=(record,),
        links=Links(media=(PICTURE,)),
    )
    with filled.archive.writer.begin() as connection:
        replace_reading(connection, page, reading)
    (key,) = record_keys((record,), page.source_id)
    yield record_id(record.kind, key)


def around(filled: Filled, url: str) -> dict[str, Any]:
    facts = one_capture(filled.archive, filled.one(url).id)
    assert facts is not None
    return around_capture(filled.archive, facts)


def test_a_picture_leads_to_the_post_that_shows_it_and_to_the_page_that_names_it(
    filled: Filled, post: str
) -> None:
    found = around(filled, PICTURE)
    assert found["shown_in"]["record_id"] == post
    assert [each["capture_id"] for each in found["referrers"]] == [filled.one(HOSTILE).id]
    assert found["image"].endswith("/picture")
    assert (found["seen"]["captures"], found["seen"]["sources"]) == (2, 1)  # with the copy in JPEG


def test_a_page_that_nothing_led_to_claims_nothing(filled: Filled, post: str) -> None:
    found = around(filled, ARTICLE)
    assert (found["shown_in"], found["referrers"], found["image"], found["seen"]) == (None, [], None, None)


def test_a_record_names_those_that_say_the_same_and_where_its_picture_was_seen(filled: Filled, post: str) -> None:
    record = one_record(filled.archive, post)
    assert record is not None
    newest = record["versions"][-1]["sightings"][-1]
    media = media_of_record(filled.archive, newest["content"], newest["capture_id"])
    found = around_record(filled.archive, record, media)
    assert [each["heading"] for each in found["same_text"]] == ["Затрыманні на плошчы <script>alert(1)</script>"]
    assert [each["seen"] and each["seen"]["captures"] for each in found["media"]] == [2, None]


def test_a_medium_names_its_post_and_shows_its_group(filled: Filled, post: str) -> None:
    facts = one_capture(filled.archive, filled.one(PICTURE).id)
    assert facts is not None
    medium = one_medium(filled.archive, facts["medium"])
    assert medium is not None
    found = around_medium(filled.archive, medium)
    assert found["shown_in"]["record_id"] == post
    (other,) = found["group"]
    assert other["image"].startswith(f"/capture/{filled.one(COPY).id.replace(':', '%3A')}")


def test_the_gallery_shows_each_file_of_a_day_once_and_leads_to_its_post(filled: Filled, post: str) -> None:
    found = gallery(filled.archive, GalleryFilters(day=NIGHT))
    (source,) = found["sources"]
    shown = {item["url"]: item for item in source["items"]}
    assert set(shown) == {PICTURE, COPY, "https://vesnik.example/fake.png"}
    assert (shown[PICTURE]["record_id"], shown[PICTURE]["similar"]) == (post, 1)
    assert shown["https://vesnik.example/fake.png"]["image"] is None
    (group,) = found["groups"]
    assert {item["url"] for item in group["items"]} == {PICTURE, COPY}


def test_the_gallery_opens_at_the_newest_day_and_knows_the_days_beside(filled: Filled) -> None:
    assert gallery(filled.archive, GalleryFilters())["day"] == NIGHT.isoformat()
    empty = gallery(filled.archive, GalleryFilters(day=date(2026, 11, 25)))
    assert (empty["total"], empty["before"], empty["after"]) == (0, NIGHT.isoformat(), None)
    assert gallery(filled.archive, GalleryFilters(day=NIGHT, kind="video"))["total"] == 0


def test_a_citation_says_what_when_where_and_which_bytes(filled: Filled) -> None:
    capture = filled.one(ARTICLE)
    facts = one_capture(filled.archive, capture.id)
    assert facts is not None
    facts["holding"] = None
    assert citation(facts, title="Плошча", archive="Letapis archive", address="https://archive.example/c") == (
        f"“Плошча”, {ARTICLE}, captured 2026-11-20 21:00:00 UTC, payload {capture.payload_digest}, {capture.id}, "
        "Letapis archive, https://archive.example/c."
    )
    imported = citation(
        {**facts, "holding": {"origin": "import"}}, title=None, archive="Letapis archive", address="a"
    )
    assert f"{ARTICLE}, captured 2026-11-20 21:00:00 UTC, according to an imported file, " in imported


def test_pictures_are_blurred_until_their_own_reader_asks_for_all(analyst: TestClient, filled: Filled) -> None:
    page = f"/capture/{filled.one(PICTURE).id}"
    own = {"Sec-Fetch-Site": "same-origin"}
    assert '<body class="safe">' in analyst.get(page).text
    sent = analyst.post("/viewing", data={"pictures": "shown", "back": page}, headers=own, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    assert "<body>" in analyst.get(page).text
    assert '<body class="safe">' in analyst.get(page, headers={"X-User": "somebody else"}).text
    analyst.post("/viewing", data={"pictures": "blurred", "back": page}, headers=own)
    assert '<body class="safe">' in analyst.get(page).text
    assert analyst.post("/viewing", data={"pictures": "shown"}).status_code == 403


def test_help_names_the_keys_and_the_licences_of_what_is_installed(analyst: TestClient) -> None:
    page = analyst.get("/help").text
    assert "to the next and the previous row of a list" in page
    assert '<th scope="row">fastapi</th>' in page
    assert "GPL-2.0-or-later" in page
