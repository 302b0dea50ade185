"""The page of a captured redirect leads on to what the same crawl captured at its end."""

from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from access.views.captures import one_capture
from access.views.redirects import redirect_row
from crawlers.watchlist.source import source_for_urls
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.deposit.deposit import deposit_file
from tests.storage.crawled_files import crawl_one, exchange, response

SHORT = "https://karotka.example/a"
END = "https://vesnik.pryklad.example/horad/?a=1&b=2"
ARTICLE = b"<!doctype html><title>T</title><p>The page at the end."


def redirect(to: bytes, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n"


def captured(archive: Archive, url: str) -> Capture:
    with archive.reader.connect() as connection:
        (found,) = captures_of(connection, url)
    return found


def test_it_links_to_the_capture_by_the_same_crawl(archive: Archive, tmp_path: Path) -> None:
    for folder, items in (
        (tmp_path / "earlier", [exchange(END, response(ARTICLE))]),
        (tmp_path / "crawl", [exchange(SHORT, redirect(END.encode())), exchange(END, response(ARTICLE))]),
    ):
        folder.mkdir()
        deposit_file(archive, crawl_one(folder, items, source=source_for_urls((SHORT, END))))
    here = captured(archive, SHORT)
    with archive.reader.connect() as connection:
        (reached,) = [each for each in captures_of(connection, END) if each.crawl_id == here.crawl_id]

    assert redirect_row(archive, here) == {"url": END, "capture_id": reached.id}
    assert redirect_row(archive, reached) is None
    facts = one_capture(archive, here.id)
    assert facts is not None
    assert facts["redirects_to"] == {"url": END, "capture_id": reached.id}
    viewer = Viewer("ala", Role.READER)
    with TestClient(create_app(lambda: archive, lambda: viewer), headers={"Accept-Language": "en"}) as client:
        shown = client.get(f"/capture/{quote(here.id)}").text
    assert "which the same crawl captured." in shown
    assert quote(reached.id, safe="") in shown


@pytest.mark.parametrize(
    ("location", "url"),
    [(b"/elsewhere", "https://karotka.example/elsewhere"), (b"https://[not-an-address", None)],
)
def test_where_nothing_was_captured_there_is_the_address_alone(
    archive: Archive, tmp_path: Path, location: bytes, url: str | None
) -> None:
    deposit_file(archive, crawl_one(tmp_path, [exchange(SHORT, redirect(location))]))
    expected = None if url is None else {"url": url, "capture_id": None}
    assert redirect_row(archive, captured(archive, SHORT)) == expected
