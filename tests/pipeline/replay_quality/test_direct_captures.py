"""A page taken in direct mode: what its files, its report and its page say of it, and that it replays."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from warcio.archiveiterator import ArchiveIterator

from access.app import create_app
from pipeline.config.settings import Settings
from pipeline.replay_quality.measuring import measure
from pipeline.replay_quality.seen import record_of
from processors.digest import sha256
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from tests.crawlers.browser.refusing_site import Answer, RefusingSite
from tests.pipeline.replay_quality.conftest import deposited
from tests.pipeline.replay_quality.test_measuring import LEAST_WHOLE
from tests.typed_commands import typed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

HOST = "admova.pryklad.example"
PAGE = f"https://{HOST}/"
HTML = (
    "<!doctype html><meta charset=windows-1251><title>Навіны</title><link rel=stylesheet href=/a.css>"
    "<img src=/p.svg><script src=/s.js></script><h1>Навіна</h1>" + "<p>Тэкст стаіць у старонцы." * 40
)
ANSWERS = {
    "/": Answer(HTML.encode("cp1251"), "text/html", packed=True),
    "/a.css": Answer(b"body { background: #dde } img { width: 300px }", "text/css", packed=True),
    "/p.svg": Answer(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>',
        "image/svg+xml",
    ),
    "/s.js": Answer("document.title = 'Слова'".encode(), "text/javascript; charset=utf-8", packed=True),
}
SENTENCE = (
    "aken by the browser without the recorder: the bytes are as the browser decoded them, "
    "not as the server sent them"
)


@dataclass(frozen=True)
class Taken:
    report: dict[str, Any]
    path: Path


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    folder = tmp_path_factory.mktemp("direct")
    with RefusingSite(HOST, folder, ANSWERS) as site:
        done = typed(
            *("crawl", "--url", PAGE, "--engine", "direct", "--spool", str(folder / "spool")),
            *("--connect-to", site.connect_to, "--upstream-ca", str(site.authority)),
            *("--allow-address", "127.0.0.0/8", "--json"),
            env={**os.environ, "LETAPIS_DATA": str(folder / "data")},
        )
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "spool").glob("**/*.warc.gz")
    yield Taken(json.loads(done.stdout.splitlines()[0]), path)


def test_the_report_counts_what_the_browser_reported_and_says_what_that_means(taken: Taken) -> None:
    assert taken.report["outcomes"] == {"content": 1}
    assert taken.report["failures"] == []
    assert taken.report["by_browser"] == taken.report["exchanges"] >= len(ANSWERS)
    assert any(SENTENCE in remark for remark in taken.report["remarks"])


def test_each_record_of_an_exchange_says_that_its_bytes_are_not_those_of_the_wire(taken: Taken) -> None:
    facts, responses = {}, {}
    with taken.path.open("rb") as file:
        for record in ArchiveIterator(file):
            url, fidelity = record.rec_headers["WARC-Target-URI"], record.rec_headers["WARC-Fidelity"]
            if record.rec_type in ("request", "response"):
                assert fidelity == "browser", url
            else:
                assert fidelity is None
            content = record.content_stream().read()
            if record.rec_type == "response":
                assert record.http_headers.get_header("Content-Length") == str(len(content))
                assert record.rec_headers["WARC-Payload-Digest"] == str(sha256(content))
                responses[url.removeprefix(PAGE.rstrip("/"))] = content
            if (url or "").startswith("urn:exchange:"):
                facts[url.removeprefix("urn:exchange:")] = json.loads(content)
    assert {path: responses[path] for path in ANSWERS} == {path: each.entity for path, each in ANSWERS.items()}
    assert facts[PAGE]["fidelity"] == "browser"
    assert ["Content-Encoding", "gzip"] in facts[PAGE]["left_out"]
    assert facts[PAGE]["tls"]["protocol"] == "TLSv1.3"


def test_the_capture_replays_as_it_was_and_its_page_says_how_it_was_taken(
    taken: Taken, quality_settings: Settings, quality_archive: Archive
) -> None:
    ids = deposited(quality_archive, taken.path)
    (score,) = measure(quality_settings, quality_archive, [record_of(quality_archive, ids[PAGE])])
    assert (score.scripts, score.leaks) == ("ran", ())
    assert score.score is not None and score.score >= LEAST_WHOLE, score
    with TestClient(create_app(lambda: quality_archive, lambda: Viewer("analyst", Role.COLLECTOR))) as client:
        page = client.get(f"/capture/{ids[PAGE]}").text
    assert SENTENCE in page
    assert "not kept: the browser spoke with the site itself" in page
    assert "What the browser decoded is kept, not what the server sent." in page
