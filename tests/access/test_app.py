import gzip
import io
import re
from html import unescape
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from fastwarc.warc import ArchiveIterator

from access.app import create_app
from access.rendering.stored_sentences import similarity_meaning
from storage.archive import Archive
from storage.ledger.access_log import accesses_of
from tests.access.conftest import ARTICLE, CRAWL, HOSTILE, Filled, user_of_header


def routes_of(app: FastAPI) -> list[APIRoute]:
    found = [route for route in app.routes if isinstance(route, APIRoute)]
    assert len(found) == len(app.routes), "a mounted app or a plain route would ask nobody's name"
    return found


def test_every_route_asks_for_a_user(filled: Filled) -> None:
    app = create_app(lambda: filled.archive, user_of_header)
    with TestClient(app) as client:
        answers = {
            (method, route.path): client.request(method, re.sub(r"\{\w+\}", "x", route.path)).status_code
            for route in routes_of(app)
            for method in route.methods
        }
    assert set(answers.values()) == {401}
    assert len(answers) >= 13


def test_the_archive_is_not_opened_before_somebody_asks() -> None:
    def never() -> Archive:
        raise AssertionError("opened at the start")

    with TestClient(create_app(never, user_of_header)) as client:
        assert client.get("/").status_code == 401


def test_search_finds_the_article_and_escapes_what_it_says(analyst: TestClient) -> None:
    page = analyst.get("/", params={"q": "затрыманні"}).text
    assert "Затрыманні на плошчы &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "<mark>затрыманні</mark>" in page
    assert "1 record was found." in page


def test_search_says_so_when_nothing_is_found(analyst: TestClient) -> None:
    assert "No records were found for “<bdi>гіпапатам</bdi>”" in analyst.get("/", params={"q": "гіпапатам"}).text


def test_captures_of_an_address_link_to_each(analyst: TestClient, filled: Filled) -> None:
    page = analyst.get("/captures", params={"url": ARTICLE}).text
    assert f"/capture/{quote(filled.one(ARTICLE).id)}" in page
    assert "content" in page


def test_an_address_without_captures_claims_nothing(analyst: TestClient) -> None:
    page = analyst.get("/captures", params={"url": "https://never.example/"}).text
    assert "This does not show whether the page existed" in page


def test_a_capture_shows_digests_place_custody_and_facts(analyst: TestClient, filled: Filled) -> None:
    capture = filled.one(ARTICLE)
    page = unescape(analyst.get(f"/capture/{capture.id}").text)
    for said in (
        str(capture.block_digest),
        str(capture.payload_digest),
        capture.warc_key,
        capture.object_version,
        f"{capture.offset_bytes}, {capture.length_bytes}",
        "deposited",
        "collection started",
        "no outside service was asked",
        "2026-11-20 21:00:00",
        "none: the connection was not encrypted",
        CRAWL,
    ):
        assert said in page
    assert "&lt;b&gt;можа знікнуць&lt;/b&gt;" in analyst.get(f"/capture/{capture.id}").text


def test_a_capture_says_how_it_is_held_and_claims_no_more(analyst: TestClient, filled: Filled) -> None:
    page = analyst.get(f"/capture/{filled.one(ARTICLE).id}").text
    assert "The first store had confirmed it, under lock until 20" in page
    assert "There is no second copy, because no second store is configured." in page
    assert "There is no trusted timestamp. No authority has been asked for one since the deposit." in page


def test_a_failed_visit_is_shown_as_one(analyst: TestClient, filled: Filled) -> None:
    page = analyst.get(f"/capture/{filled.one('https://няма.example/').id}").text
    assert "unreachable" in page
    assert "the connection was refused" in page
    assert "no response" in page


def test_the_raw_record_is_a_warc_file_by_itself(analyst: TestClient, filled: Filled) -> None:
    answer = analyst.get(f"/capture/{filled.one(HOSTILE).id}/raw")
    (record,) = ArchiveIterator(io.BytesIO(answer.content), parse_http=False)
    assert str(record.record_id).strip("<>") == filled.one(HOSTILE).id
    assert b"document.title = 'taken'" in gzip.decompress(answer.content)
    assert answer.headers["content-disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize("path", ["/capture/{hostile}/raw", "/capture/{picture}/picture"])
def test_archived_bytes_leave_only_under_a_sandbox(analyst: TestClient, filled: Filled, path: str) -> None:
    ids = {"hostile": filled.one(HOSTILE).id, "picture": filled.one("https://vesnik.example/a.png").id}
    answer = analyst.get(path.format(**ids))
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("url", [ARTICLE, HOSTILE, "https://vesnik.example/fake.png", "https://няма.example/"])
def test_what_is_no_picture_is_not_shown_as_one(analyst: TestClient, filled: Filled, url: str) -> None:
    assert analyst.get(f"/capture/{filled.one(url).id}/picture").status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/captures", "/nothing", "/record/none", "/static/archive.css", "/api/search"]
)
def test_our_own_pages_run_nothing_foreign_and_are_kept_nowhere(analyst: TestClient, path: str) -> None:
    headers = analyst.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_no_page_names_another_host_to_load_from(analyst: TestClient, filled: Filled) -> None:
    for path in ("/", f"/capture/{filled.one(ARTICLE).id}", "/captures"):
        page = analyst.get(path).text
        assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", page) == []
        assert "style=" not in page


def test_a_record_shows_its_versions_and_where_it_was_seen(analyst: TestClient) -> None:
    (row,) = analyst.get("/api/search", params={"q": "затрыманні"}).json()["rows"]
    page = analyst.get(f"/record/{row['record_id']}").text
    assert "Version 1" in page
    assert "Сведкі паведамляюць" in page
    assert quote(row["capture_id"]) in page


def test_similar_media_are_listed_with_their_distance_in_words(analyst: TestClient, filled: Filled) -> None:
    facts = analyst.get(f"/api/capture/{filled.one('https://vesnik.example/a.png').id}").json()
    page = analyst.get(f"/medium/{facts['medium']}").text
    rows = analyst.get(f"/api/medium/{facts['medium']}/similar").json()["rows"]
    assert {capture for row in rows for capture in row["capture_ids"]} == {
        filled.one("https://vesnik.example/b.jpg").id
    }
    assert all(similarity_meaning(row["meaning"]) in page for row in rows)


def test_json_has_the_keys_that_the_command_has(analyst: TestClient, filled: Filled) -> None:
    (row,) = analyst.get("/api/captures", params={"url": ARTICLE}).json()["rows"]
    promised = "kind id url captured_at status media_type block_digest payload_digest outcome outcome_reason"
    promised += " warc_key object_version offset length_bytes crawl_id"
    assert set(promised.split()) <= set(row)
    assert row["captured_at"] == "2026-11-20T21:00:00.123456Z"


def test_who_looked_at_what_is_written_down(analyst: TestClient, filled: Filled) -> None:
    capture = filled.one(HOSTILE)
    for path in ("", "/raw", "/picture"):
        analyst.get(f"/capture/{capture.id}{path}", headers={"X-User": "watched"})
    with filled.archive.reader.connect() as connection:
        seen = [(each.actor, each.action) for each in accesses_of(connection, capture.id)]
    by_them = [action for actor, action in seen if actor == "watched"]
    assert by_them == ["viewed", "downloaded", "shown"]


def test_what_is_not_there_is_said_in_words(analyst: TestClient) -> None:
    answer = analyst.get("/capture/urn:uuid:none")
    assert answer.status_code == 404
    assert "Not in the archive" in answer.text
    assert analyst.get("/api/record/none").json() == {
        "detail": "The archive has nothing with this name. It may not be processed yet."
    }


def test_a_question_that_is_too_long_is_refused_in_words(analyst: TestClient) -> None:
    answer = analyst.get("/", params={"q": "а" * 501})
    assert answer.status_code == 422
    assert "The search text is longer than 500 characters." in answer.text
