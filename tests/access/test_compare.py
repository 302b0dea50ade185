"""Two captures beside each other: words, rows, headers and pictures; and nothing for whoever may not see both."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from access.app import create_app
from access.rendering.bounded_matcher import steps_between
from access.rendering.word_diff import WORDS_AT_MOST, text_difference
from crawlers.watchlist.source import Source
from processors.media.picture_difference import picture_difference
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from tests.access.conftest import picture, user_of_header
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response

PAGE = "https://vesnik.example/sud"
PICTURE = "https://vesnik.example/a.png"
BEFORE = """<title>Суд</title><h1>Суд</h1><p>Суд прызначаны на 24 лістапада <b>&lt;b&gt;</b>.</p>
<table><tr><th>Справа<th>Час<th>Зала<tr><td>1-11<td>10:00<td>3<tr><td>1-12<td>11:00<td>3
<tr><td>1-13<td>12:00<td>4</table>""".encode()
AFTER = """<title>Суд</title><h1>Суд</h1><p>Суд прызначаны на 26 лістапада <b>&lt;b&gt;</b>.</p>
<table><tr><th>Справа<th>Час<th>Зала<tr><td>1-12<td>11:30<td>3<tr><td>1-11<td>10:00<td>3
<tr><td>1-14<td>14:00<td>5</table>""".encode()

WORDS = st.lists(st.sampled_from("абв"), max_size=60)


def shifted() -> bytes:
    """The picture with a black square in it."""
    image = Image.open(io.BytesIO(picture("PNG")))
    image.paste("black", (40, 40, 120, 120))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def deposited(
    archive: Archive, folder: Path, source: Source, days: int, body: bytes, image: bytes
) -> dict[str, Capture]:
    at = NIGHT + timedelta(days=days)
    etag = f"ETag: n{days}\r\n".encode()
    items = [
        exchange(PAGE, response(body, headers=etag), at=at),
        exchange(PICTURE, response(image, "image/png"), at=at),
    ]
    key = deposit_file(archive, crawl_one(folder, items, source=source)).key
    with archive.reader.connect() as connection:
        return {capture.url: capture for capture in captures_in(connection, key)}


@pytest.fixture(scope="module")
def nights(own_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Capture]]:
    """Two nights that everybody may see, and one that is labelled."""
    own = replace(KANAL, access_label="case-7")
    return [
        deposited(own_archive, tmp_path_factory.mktemp("spool"), source, days, body, image)
        for source, days, body, image in (
            (KANAL, 0, BEFORE, picture("PNG")),
            (KANAL, 1, AFTER, shifted()),
            (own, 2, AFTER, shifted()),
        )
    ]


@pytest.fixture
def reader(own_archive: Archive) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: own_archive, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_two_captures_of_an_article_are_compared(reader: TestClient, nights: list[dict[str, Capture]]) -> None:
    asked = {"a": nights[0][PAGE].id, "b": nights[1][PAGE].id}
    found = reader.get("/api/compare", params=asked).json()
    changes = [(piece["change"], piece["text"]) for piece in found["text"]["pieces"] if piece["change"] != "same"]
    assert changes[:2] == [("gone", "24 "), ("new", "26 ")]
    assert {name: found["rows"][name] for name in ("added", "gone")} == {
        "added": [["1-14", "14:00", "5"]],
        "gone": [["1-13", "12:00", "4"]],
    }
    assert [(row["before"], row["after"]) for row in found["rows"]["changed"]] == [
        (["1-12", "11:00", "3"], ["1-12", "11:30", "3"])
    ]
    assert [row for row in found["headers"] if row["differs"]] == [
        {"name": "etag", "before": ["n0"], "after": ["n1"], "differs": True}
    ]
    shown = reader.get("/compare", params=asked)
    assert shown.status_code == 200
    for part in ("<del>24 </del><ins>26 </ins>", "&lt;b&gt;", "2026-11-20 21:00:00.123456 UTC", "1-14"):
        assert part in shown.text, part


def test_pictures_are_compared_by_one_of_our_own(reader: TestClient, nights: list[dict[str, Capture]]) -> None:
    asked = {"a": nights[0][PICTURE].id, "b": nights[1][PICTURE].id}
    page = reader.get("/compare", params=asked).text
    assert "/compare/difference?a=" in page
    answer = reader.get("/compare/difference", params=asked)
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (320, 240)
        assert image.getpixel((80, 80)) == (200, 30, 40)
        assert image.getpixel((10, 10)) != (200, 30, 40)
    assert picture_difference(b"\x89PNG\r\n\x1a\n" + b"0" * 100, picture("PNG")) is None


def test_whoever_may_not_see_one_of_the_two_learns_nothing(
    reader: TestClient, nights: list[dict[str, Capture]]
) -> None:
    hidden = nights[2]
    for path in ("/compare", "/api/compare"):
        for a, b in ((nights[0], hidden), (hidden, nights[0])):
            assert reader.get(path, params={"a": a[PAGE].id, "b": b[PAGE].id}).status_code == 404
    one, other = hidden[PICTURE].id, nights[0][PICTURE].id
    assert reader.get("/compare/difference", params={"a": one, "b": other}).status_code == 404
    assert reader.get("/compare/difference", params={"a": other, "b": one}).status_code == 404
    assert reader.get(f"/capture/{hidden[PAGE].id}/readable").status_code == 404


def test_two_are_chosen_from_the_history_of_a_page(reader: TestClient, nights: list[dict[str, Capture]]) -> None:
    page = reader.get("/captures", params={"url": PAGE}).text
    assert f'name="a" value="{nights[0][PAGE].id}"' in page
    assert f'name="b" value="{nights[1][PAGE].id}"' in page
    newest = reader.get("/compare", params={"a": nights[0][PAGE].id, "b": "newest"})
    assert "<ins>26 </ins>" in newest.text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("абв"), max_size=60),
    st.lists(st.sampled_from("абв"), max_size=60),
    st.integers(1, 90),
)
def test_however_few_the_steps_they_lead_from_one_to_the_other(
    before: list[str], after: list[str], steps: int
) -> None:
    found, _ = steps_between(before, after, steps=steps)
    assert [word for _, start, end, _, _ in found for word in before[start:end]] == before
    assert [word for _, _, _, start, end in found for word in after[start:end]] == after
    assert all(before[a:b] == after[c:d] for step, a, b, c, d in found if step == "equal")


def test_a_text_that_would_take_quadratic_time_is_compared_coarsely() -> None:
    before = "\n".join(str(number * number % 3001) for number in range(10 * WORDS_AT_MOST))
    after = "\n".join(str(number * number % 2999) for number in range(10 * WORDS_AT_MOST))
    found = text_difference(before, after)
    assert found.coarse
    gone = [piece for piece in found.pieces if piece["change"] == "gone"]
    assert sum(len(piece["text"]) for piece in gone) < len(before)
