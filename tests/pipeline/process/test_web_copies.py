"""Copies of another web archive: kept as what they are, found by their page, never shown as its capture."""

from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient

from access.app import create_app
from access.views.archiving import known_captures
from access.views.captures import captures_of_page, copies_of_page, one_capture
from crawlers.watchlist.source import source_for_urls
from pipeline.process.run import process_files
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.storage.crawled_files import crawl_one, exchange, response

PAGE = "https://vesnik.pryklad.example/horad/sud-razhliadae-pazou/"
COPY = f"https://web.archive.org/web/20240102030405/{PAGE}"
OTHER = "https://web.archive.org/web/20240102030405/https://vesnik.pryklad.example/inshae/"
TEXT = "Суд у горадзе Прыклад разгледзеў пазоў палаты рамёстваў да гарадскога савета. " * 8
ARTICLE = f"""<html><head><title>Суд</title><meta property="og:type" content="article">
<link rel="canonical" href="{PAGE}">
<meta property="article:published_time" content="2024-01-01T10:00:00+03:00"></head>
<body><article><h1>Суд разглядае пазоў</h1><p>{TEXT}</p><p>{TEXT}</p></article></body></html>""".encode()


def test_a_copy_is_kept_as_a_copy_and_found_by_its_page_which_it_never_passes_for(
    archive: Archive, tmp_path: Path
) -> None:
    source = source_for_urls((COPY, OTHER))
    items = [exchange(url, response(ARTICLE)) for url in (COPY, OTHER)]
    deposited = deposit_file(archive, crawl_one(tmp_path, items, source=source))
    process_files(archive, [deposited.key])

    (copy,) = copies_of_page(archive, PAGE)
    said = {"archive": "web.archive.org", "url": PAGE, "stated_at": "2024-01-02 03:04:05"}
    assert (copy["url"], copy["copy_of"], copy["outcome"]) == (COPY, said, "content")
    assert copies_of_page(archive, PAGE.replace("https://", "http://www.")) == [copy], "the same page"
    assert copies_of_page(archive, "https://[no-address") == []
    assert list(captures_of_page(archive, PAGE)) == [], "the page itself was not captured"
    assert (known_captures(archive, PAGE)["captures"], known_captures(archive, PAGE)["copies"]) == (0, 1)
    facts = one_capture(archive, copy["id"])
    assert facts is not None
    assert (facts["copy_of"], facts["records"]) == (said, []), "a record would say that the page was captured here"

    viewer = Viewer("ala", Role.READER)
    with TestClient(create_app(lambda: archive, lambda: viewer), headers={"Accept-Language": "en"}) as client:
        history = client.get("/captures", params={"url": PAGE}).text
        assert "copy of 2024-01-02 03:04:05, by the account of web.archive.org" in history
        assert "It is no capture of the page itself." in history
        shown = client.get(f"/capture/{quote(copy['id'])}").text
        assert "It is no capture of that page by this archive." in shown
        assert client.get(f"/api/capture/{quote(copy['id'])}").json()["copy_of"] == said
