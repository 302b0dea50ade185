"""What is said to have been added at a news site, and which captures stand before it: three nights of a paper."""

from datetime import timedelta
from pathlib import Path

import pytest

from access.views.changes import changes_of
from crawlers.watchlist.source import Source
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids, captures_of
from storage.deposit.deposit import deposit_file
from storage.queries.changes import Change, changes
from tests.pipeline.process.test_mirrors import PARAGRAPHS, article
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

HOST = "raka.example"
START, FEED = f"https://{HOST}/", f"https://{HOST}/feed.xml"
PAPER = Source(id="raka", kind="news", publisher="Рака", start_pages=(START,), feeds=(FEED,))
CONSENT = b"""<!doctype html><html><head><title>Before you continue</title></head><body>
<form action="https://consent.raka.example/save" method="post"><h1>Before you continue</h1>
<p>We use cookies. Accept all to go on.</p><button>Accept all</button></form></body></html>"""
GONE = response(b"<html><title>404</title><h1>404 Not Found</h1></html>", status="404 Not Found")


def address(name: str) -> str:
    return f"https://{HOST}/naviny/2026/11/{name}/"


def text_of(name: str, *, title: str = "Суд адклаў разгляд") -> bytes:
    """An article of its own."""
    own = tuple(f"{text} ({name})" for text in PARAGRAPHS)
    page = article(HOST, 1, own, title=f"{title}: {name}").decode()
    return response(page.replace("/naviny/2026/11/sud-adklau-razhliad/", f"/naviny/2026/11/{name}/").encode())


def start_page(*names: str) -> bytes:
    links = "".join(
        f'<li><a href="/naviny/2026/11/{name}/">Навіна пра тое, што зрабілася з {name}</a></li>' for name in names
    )
    return response(f"<html><head><title>Рака</title></head><body><ul>{links}</ul></body></html>".encode())


FEED_OF_ONE = response(
    b"<rss version='2.0'><channel><title>Raka</title></channel></rss>", "application/rss+xml; charset=utf-8"
)


def night(archive: Archive, spool: Path, number: int, pages: dict[str, bytes]) -> None:
    """One crawl, deposited."""
    at = NIGHT + timedelta(days=number)
    items = [exchange(url, block, at=at + timedelta(seconds=n)) for n, (url, block) in enumerate(pages.items())]
    deposit_file(archive, crawl_one(spool, items, source=PAPER))


def found(archive: Archive) -> list[tuple[Change, list[Capture]]]:
    """Each change with the captures that prove it."""
    process_pending(archive)
    with archive.reader.connect() as connection:
        every = changes(connection, PAPER.id)
        by_id = captures_by_ids(connection, [each for change in every for each in change.capture_ids])
    return [(change, [by_id[each] for each in change.capture_ids]) for change in every]


def test_before_a_new_article_stands_the_list_that_did_not_have_it(archive: Archive, tmp_path: Path) -> None:
    """And never the consent page of another article, though it was captured last that night."""
    first = {START: start_page("a", "b"), FEED: FEED_OF_ONE, address("a"): text_of("a")}
    night(archive, tmp_path, 1, {**first, address("b"): response(CONSENT)})
    night(archive, tmp_path, 2, {START: start_page("c", "a", "b"), address("c"): text_of("c")})
    ((change, proof),) = found(archive)
    assert (change.kind, change.natural_key.rstrip("/").rpartition("/")[2]) == ("added", "c")
    assert [capture.url for capture in proof] == [START, FEED, address("c")]
    assert change.since == proof[1].captured_at
    (row,) = changes_of(archive, PAPER.id)
    before, after = row["captures"]
    assert before["url"] in (START, FEED)
    assert after["url"] == address("c")
    with archive.reader.connect() as connection:
        consent = {capture.id for capture in captures_of(connection, address("b"))}
    assert consent.isdisjoint(change.capture_ids)


def test_an_article_that_first_asked_for_consent_was_not_added_later(archive: Archive, tmp_path: Path) -> None:
    night(
        archive,
        tmp_path,
        1,
        {START: start_page("a", "b"), address("a"): text_of("a"), address("b"): response(CONSENT)},
    )
    night(archive, tmp_path, 2, {START: start_page("a", "b"), address("b"): text_of("b")})
    assert found(archive) == []


@pytest.mark.parametrize("lists", [response(CONSENT), GONE, start_page()], ids=["consent", "gone", "empty"])
def test_lists_that_showed_nothing_prove_no_addition(archive: Archive, tmp_path: Path, lists: bytes) -> None:
    night(archive, tmp_path, 1, {START: lists, FEED: GONE, address("a"): text_of("a")})
    night(archive, tmp_path, 2, {START: start_page("c", "a"), address("c"): text_of("c")})
    assert found(archive) == []


def test_before_an_edit_stands_the_capture_that_was_read(archive: Archive, tmp_path: Path) -> None:
    night(archive, tmp_path, 1, {START: start_page("a"), address("a"): text_of("a")})
    night(archive, tmp_path, 2, {START: start_page("a"), address("a"): response(CONSENT)})
    night(archive, tmp_path, 3, {START: start_page("a"), address("a"): text_of("a", title="Суд перанёс разгляд")})
    ((change, proof),) = found(archive)
    assert (change.kind, [capture.outcome for capture in proof]) == ("edited", ["content", "content"])
    assert {capture.url for capture in proof} == {address("a")}


def test_a_vanished_article_is_proven_at_its_own_address(archive: Archive, tmp_path: Path) -> None:
    night(
        archive, tmp_path, 1, {START: start_page("a", "b"), address("a"): text_of("a"), address("b"): text_of("b")}
    )
    night(archive, tmp_path, 2, {START: start_page("b"), address("a"): GONE, address("b"): response(CONSENT)})
    ((change, proof),) = found(archive)
    assert (change.kind, {capture.url for capture in proof}) == ("missing", {address("a")})
