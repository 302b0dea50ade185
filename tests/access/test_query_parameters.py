"""What an analyst asks of the pages: narrowing, paging, captures of an address, text, downloads, hostile input."""

import csv
import io
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings
from processors.pages.outcome import Outcome
from processors.pages.parse_result import Reading
from processors.records.article import Article
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.records import replace_reading
from storage.deposit.deposit import deposit_file
from tests.access.conftest import user_of_header
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

PAYLOAD = '"><img src=x onerror=alert(1)>\u202eгнявя {{98765*98765}}'
"""Markup, a direction mark, templates: what a hostile source puts wherever it can."""
FRONT = "https://bazar.example/"
HOSTILE = "https://bazar.example/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"


@pytest.fixture(scope="module")
def bazar(own_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Capture]]:
    """Three looks at one page and one at a hostile address, 60 articles read from the first."""
    archive, spool = own_archive, tmp_path_factory.mktemp("spool")
    found: dict[str, list[Capture]] = {}
    for night, body in enumerate(("Учора".encode(), "Учора".encode(), "Сёння <script>alert(1)</script>".encode())):
        at = NIGHT + timedelta(days=night)
        exchanges = [exchange(FRONT, response(body, "text/html; charset=utf-8"), at=at)]
        if night == 0:
            exchanges.append(exchange(HOSTILE, response(b"\x00\x01\x02", "application/octet-stream"), at=at))
        key = deposit_file(archive, crawl_one(spool, exchanges)).key
        with archive.reader.connect() as connection:
            for capture in captures_in(connection, key):
                found.setdefault(capture.url, []).append(capture)
    articles = tuple(
        Article(
            url=f"{FRONT}{number}",
            title={0: PAYLOAD, 59: "=HYPERLINK(59)"}.get(number, f"Навіна {number}"),
            text="Суд і пратакол. Камітэт паведаміў.",
            published_at=NIGHT - timedelta(days=number),
        )
        for number in range(60)
    )
    tripped = Reading(url=HOSTILE, kind="news", outcome=Outcome.CONTENT, parser_version="test-1")
    reading = Reading(url=FRONT, kind="news", outcome=Outcome.CONTENT, parser_version="test-1", records=articles)
    with archive.writer.begin() as connection:
        replace_reading(connection, found[FRONT][0], reading)
        replace_reading(connection, found[HOSTILE][0], tripped, problem="ValueError: <b>odd</b>")
    return found


@pytest.fixture
def analyst(own_archive: Archive, bazar: object) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: own_archive, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def headings(client: TestClient, **asked: str) -> list[str]:
    return [row["heading"] for row in client.get("/api/search", params={"most": "1000", **asked}).json()["rows"]]


def test_an_answer_is_shown_page_by_page(analyst: TestClient) -> None:
    first, second = (
        analyst.get("/search", params={"q": "пратакол", "page": page, "rows": 50}).text for page in (1, 2)
    )
    assert "60 records were found." in first
    assert "1 to 50 of 60" in first
    assert first.count("<h2><a") == 50
    assert second.count("<h2><a") == 10
    assert "page=2" in first
    assert 'rel="next"' not in second
    assert "The results have no page 9" in analyst.get("/", params={"q": "пратакол", "page": 9}).text


def test_it_is_narrowed_by_date_source_and_kind(analyst: TestClient) -> None:
    assert headings(analyst, q="пратакол", since="2026-11-18", until="2026-11-19") == ["Навіна 1", "Навіна 2"]
    assert len(headings(analyst, kind="article")) == 60
    assert headings(analyst, kind="hearing", q="пратакол") == []
    assert headings(analyst, source="nobody", q="пратакол") == []


def test_without_words_the_newest_come_first(analyst: TestClient) -> None:
    assert headings(analyst, kind="article")[1:4] == ["Навіна 1", "Навіна 2", "Навіна 3"]


@pytest.mark.parametrize("order", ["best", "newest"])
def test_pages_of_the_api_join_without_gap(analyst: TestClient, order: str) -> None:
    whole = headings(analyst, q="пратакол", order=order)
    parts = [headings(analyst, q="пратакол", order=order, most="7", offset=str(n)) for n in range(0, 60, 7)]
    assert [heading for part in parts for heading in part] == whole


def test_a_timeline_tells_which_payloads_differ(analyst: TestClient) -> None:
    page = analyst.get("/captures", params={"url": FRONT}).text
    assert "3 captures from" in page
    assert "2 different payloads" in page
    assert page.index("differs</span>") < page.index("same bytes") < page.index("first capture</span>")


def test_a_capture_leads_to_the_one_before_and_after(analyst: TestClient, bazar: dict[str, list[Capture]]) -> None:
    before, here, after = bazar[FRONT]
    page = analyst.get(f"/capture/{here.id}").text
    assert f'rel="prev" href="/capture/{quote(before.id)}"' in page
    assert f'rel="next" href="/capture/{quote(after.id)}"' in page


def test_a_page_that_no_parser_could_read_says_so(analyst: TestClient, bazar: dict[str, list[Capture]]) -> None:
    page = analyst.get(f"/capture/{bazar[HOSTILE][0].id}").text
    assert "no records were extracted: ValueError: &lt;b&gt;odd&lt;/b&gt;." in page
    assert "The parser failed" not in analyst.get(f"/capture/{bazar[FRONT][1].id}").text


def test_addresses_that_begin_alike_are_listed(analyst: TestClient) -> None:
    page = unescape(analyst.get("/captures", params={"url": "https://bazar.example/*"}).text)
    assert ">3</td>" in page
    assert HOSTILE in page
    whole = analyst.get("/api/addresses", params={"beginning": "https://"}).json()["rows"]
    assert {row["url"]: row["captures"] for row in whole} == {FRONT: 3, HOSTILE: 1}
    nothing = analyst.get("/captures", params={"url": "https://bazar.exam*"}).text
    assert "No captured URL begins with" in nothing


def test_an_archived_page_is_shown_as_text_alone(analyst: TestClient, bazar: dict[str, list[Capture]]) -> None:
    page = analyst.get(f"/capture/{bazar[FRONT][2].id}/text").text
    assert ">Сёння</pre>" in page
    assert "alert(1)" not in page
    assert "HTTP/1.1 200 OK" in page
    markup = analyst.get(f"/capture/{bazar[FRONT][2].id}/text", params={"markup": "true"}).text
    assert "Сёння &lt;script&gt;alert(1)&lt;/script&gt;" in markup
    assert f"/capture/{quote(bazar[FRONT][2].id)}/text?markup=true" in page
    assert "The content is not text" in analyst.get(f"/capture/{bazar[HOSTILE][0].id}/text").text


def test_the_content_is_saved_as_the_server_meant_it(analyst: TestClient, bazar: dict[str, list[Capture]]) -> None:
    answer = analyst.get(f"/capture/{bazar[FRONT][2].id}/payload")
    assert answer.content.decode() == "Сёння <script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-disposition"].endswith('.html"')


@pytest.mark.parametrize("name", ["search.csv?q=пратакол", f"captures.csv?url={FRONT}"])
def test_answers_leave_as_tables(analyst: TestClient, name: str) -> None:
    answer = analyst.get(f"/{name}")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-disposition"].startswith("attachment")
    assert len(rows) == (60 if "search" in name else 3)
    assert all(row["captured_at"] for row in rows)


def test_no_cell_of_a_table_is_a_formula(analyst: TestClient) -> None:
    table = analyst.get("/search.csv?q=пратакол").content.decode("utf-8-sig")
    assert "'=HYPERLINK(59)" in [row["heading"] for row in csv.DictReader(io.StringIO(table))]


HOSTILE_QUESTIONS = (
    "/?q={}",
    "/captures?url={}",
    "/captures?url={}*",
    "/changes?source={}",
    "/capture/{}",
    "/record/{}",
)


@pytest.mark.parametrize("path", [*HOSTILE_QUESTIONS, "/medium/{}", "/capture/{}/text", "/capture/{}/payload"])
def test_what_is_asked_for_comes_back_escaped(analyst: TestClient, path: str) -> None:
    answer = analyst.get(path.format(quote(PAYLOAD, safe="")))
    assert answer.status_code in (200, 404, 422)
    assert answer.text.count("<img") == answer.text.count('<img src="/static/icon.svg"')
    assert "onerror=alert(1)>" not in answer.text
    assert str(98765 * 98765) not in answer.text


def test_what_a_record_says_is_escaped_wherever_it_is_shown(analyst: TestClient) -> None:
    (row,) = [
        row
        for row in analyst.get("/api/search", params={"q": "пратакол", "most": 100}).json()["rows"]
        if "onerror" in row["heading"]
    ]
    for path in (f"/record/{row['record_id']}", f"/capture/{row['capture_id']}", "/?q=пратакол&order=newest"):
        page = analyst.get(path).text
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize(
    "path",
    [
        "/?q=a%00b",
        "/capture/a%00b",
        "/capture/..%2f..%2fetc%2fpasswd",
        "/static/..%2fapp.py",
        "/medium/sha256:zz",
        "/record/" + "x" * 5000,
        "/?since=yesterday",
        "/?page=0",
        "/?kind=person",
        "/?q=" + "а" * 600,
        "/judge",
        "/api/search?most=100000",
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(analyst: TestClient, path: str) -> None:
    answer = analyst.get(path)
    assert 400 <= answer.status_code < 500
    said = answer.json()["detail"] if path.startswith("/api") else answer.text
    assert "Input should" not in said
    assert "Traceback" not in said


def test_a_database_that_is_away_is_told_in_words(stored_settings: Settings) -> None:
    nowhere = "postgresql+psycopg2://nobody:x@127.0.0.1:1/none"
    away = replace(stored_settings, database_url=nowhere, database_writer_url=nowhere, database_reader_url=nowhere)
    secret = secrets.token_hex(8)
    with TestClient(
        create_app(lambda: open_archive(away), lambda: Viewer(secret)), raise_server_exceptions=False
    ) as client:
        answers = [
            client.get(path) for path in ("/", "/?q=x", "/captures?url=x.example", "/capture/x", "/api/overview")
        ]
    assert {answer.status_code for answer in answers} == {503}
    assert all("The database does not answer at the moment" in answer.text for answer in answers)
    assert all("127.0.0.1" not in answer.text for answer in answers)
