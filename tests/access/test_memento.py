"""Memento and the CDX server API: who goes through time finds the captures that they may see, and no others."""

import json
import re

import pytest
from fastapi.testclient import TestClient

from tests.access.conftest import ARTICLE, Filled
from tests.storage.crawled_files import NIGHT

ORIGINAL = "https://vesnik.example/a.png"
AT = f"{NIGHT:%Y%m%d%H%M%S}"
HTTP_AT = f"{NIGHT:%a, %d %b %Y %H:%M:%S} GMT"


def rows(client: TestClient, query: str) -> list[dict[str, str]]:
    answer = client.get(f"/cdx?{query}&output=json")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_the_timegate_leads_to_the_memento_nearest_to_the_wanted_time(analyst: TestClient) -> None:
    answer = analyst.get(
        f"/timegate/{ORIGINAL}",
        headers={"Accept-Datetime": "Mon, 01 Jan 2024 00:00:00 GMT"},
        follow_redirects=False,
    )
    assert answer.status_code == 302
    assert answer.headers["vary"] == "accept-datetime"
    assert answer.headers["location"] == f"http://testserver/web/{AT}/{ORIGINAL}"
    assert f'<{ORIGINAL}>; rel="original"' in answer.headers["link"]
    shown = analyst.get(answer.headers["location"])
    assert shown.headers["memento-datetime"] == HTTP_AT
    assert 'rel="memento"' in shown.headers["link"]
    assert "Archived copy" in shown.text


def test_a_time_that_is_none_and_a_page_that_is_not_there_are_refused(analyst: TestClient) -> None:
    assert analyst.get(f"/timegate/{ORIGINAL}", headers={"Accept-Datetime": "yesterday"}).status_code == 400
    assert analyst.get("/timegate/https://nowhere.example/").status_code == 404
    assert analyst.get("/timemap/link/https://nowhere.example/").status_code == 404
    assert analyst.get(f"/web/20261399000000/{ORIGINAL}", follow_redirects=False).status_code == 302


def test_a_timemap_lists_the_mementos_with_their_times(analyst: TestClient) -> None:
    answer = analyst.get(f"/timemap/link/{ORIGINAL}")
    assert answer.headers["content-type"] == "application/link-format"
    lines = answer.text.strip().split(",\n")
    assert lines[0] == f'<{ORIGINAL}>; rel="original"'
    assert lines[-1] == (
        f'<http://testserver/web/{AT}/{ORIGINAL}>; rel="first last memento"; datetime="{HTTP_AT}"'
    )


def test_the_index_gives_a_capture_with_where_it_lies(analyst: TestClient, filled: Filled) -> None:
    capture = filled.one(ORIGINAL)
    assert rows(analyst, f"url={ORIGINAL}") == [
        {
            "urlkey": "example,vesnik)/a.png",
            "timestamp": AT,
            "url": ORIGINAL,
            "mime": "image/png",
            "status": "200",
            "digest": str(capture.payload_digest),
            "length": str(capture.length_bytes),
            "offset": str(capture.offset_bytes),
            "filename": capture.warc_key,
            "id": capture.id,
            "source": "kanal",
            "outcome": "-",
        }
    ]
    line = analyst.get(f"/cdx?url={ORIGINAL}&fl=urlkey,timestamp,status").text
    assert line == f'example,vesnik)/a.png {AT} {{"status": "200"}}\n'


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("url=vesnik.example/*", 4),
        ("url=vesnik.example&matchType=host", 4),
        ("url=vesnik.example&matchType=domain", 4),
        ("url=vesnik.example/*&filter=mime:image", 3),
        ("url=vesnik.example/*&filter=!mime:image", 1),
        ("url=vesnik.example/*&filter=~url:.*[.]jpg", 1),
        ("url=vesnik.example/*&filter==status:200&filter=~mime:image/(png|jpeg)", 3),
        ("url=vesnik.example/*&limit=2", 2),
        ("url=vesnik.example/*&page=1&pageSize=3", 1),
        ("url=vesnik.example/*&from=2027", 0),
        ("url=vesnik.example/*&to=202611", 4),
        ("url=vesnik.example/*&to=2025", 0),
        ("url=vesnik.example/*&collapse=timestamp:4", 4),
    ],
)
def test_questions_narrow_the_index_as_they_do_in_pywb(analyst: TestClient, query: str, found: int) -> None:
    assert len(rows(analyst, query)) == found


def test_the_number_of_pages_is_told(analyst: TestClient) -> None:
    answer = analyst.get("/cdx?url=vesnik.example/*&pageSize=3&showNumPages=true")
    assert answer.json() == {"pages": 2, "pageSize": 3, "blocks": 2}


@pytest.mark.parametrize(
    "query",
    [
        "url=",
        "url=%00",
        "url=not an address",
        f"url={ORIGINAL}&filter=~url:(((",
        f"url={ORIGINAL}&filter=secret:1",
        f"url={ORIGINAL}&filter=~url:(a*)*{'(b*)*' * 80}Q",
        f"url={ORIGINAL}&fl=password",
        f"url={ORIGINAL}&collapse=1;DROP TABLE captures",
        f"url={ORIGINAL}&matchType=everything",
        f"url={ORIGINAL}&limit=-1",
        f"url={ORIGINAL}&from=2026'--",
        f"url={ORIGINAL}&to=20261399",
        f"url={ORIGINAL}&output=html",
        f"url={ORIGINAL}&sort=random()",
        f"url={ORIGINAL}&page=99999999999",
    ],
)
def test_hostile_questions_are_refused_with_a_sentence_or_find_nothing(analyst: TestClient, query: str) -> None:
    answer = analyst.get(f"/cdx?{query}")
    assert answer.status_code in (200, 400, 422), answer.text
    assert re.search(r"Traceback|psycopg|sqlalchemy", answer.text) is None
    if answer.status_code == 200:
        assert answer.text == ""


def test_an_address_with_letters_breaks_no_line_and_no_header(analyst: TestClient) -> None:
    answer = analyst.get(f"/timegate/{ARTICLE}", follow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].isascii()
    assert len(rows(analyst, f"url={ARTICLE}")) == 1
    assert analyst.get(answer.headers["location"]).status_code == 200


def test_nobody_goes_through_time_without_a_name(anonymous: TestClient) -> None:
    for path in (
        "/cdx?url=a.example",
        f"/timegate/{ORIGINAL}",
        f"/timemap/link/{ORIGINAL}",
        f"/web/2026/{ORIGINAL}",
    ):
        assert anonymous.get(path).status_code == 401
