"""Direct mode: a site that refuses the recorder's TLS is shown in Chromium, and what Chromium decoded is kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.browser.page_handling import PageHandling
from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import Exchange, Fidelity, Truncation
from processors.digest import sha256
from processors.pages.outcome import Outcome
from tests.crawlers.browser.browser_crawl import Account, crawl
from tests.crawlers.browser.refusing_site import Answer, RefusingSite
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of

pytestmark = pytest.mark.browser

HOST = "admova.pryklad.example"
PAGE = (
    "<!doctype html><meta charset=windows-1251><title>Навіны</title><link rel=stylesheet href=/a.css>"
    "<img src=/p.png><script src=/s.js></script><h1>Навіна</h1><p>" + "Тэкст стаіць у старонцы. " * 60 + "<p id=x>"
    "<img src='https://local.pryklad.example/private.png'>"
)
SCRIPT = """
fetch('/x', {method: 'POST', body: 'слова'}).then(r => r.text()).then(t => document.querySelector('#x').append(t));
new Worker('/w.js');
"""
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
ANSWERS = {
    "/": Answer(b"moved", "text/html", "302 Found", fields=("Location: /page",)),
    "/page": Answer(
        PAGE.encode("cp1251"), "text/html", packed=True, fields=("Set-Cookie: a=1", "Set-Cookie: b=2", "X-Two: 1")
    ),
    "/a.css": Answer("\ufeffp { color: red }".encode(), "text/css", packed=True),
    "/p.png": Answer(PICTURE, "image/png"),
    "/s.js": Answer(SCRIPT.encode(), "text/javascript; charset=utf-8", packed=True),
    "/x": Answer("адказ".encode("cp1251"), "text/plain; charset=windows-1251"),
    "/w.js": Answer(b"fetch('/of-worker')", "text/javascript"),
    "/of-worker": Answer(b"of a worker", "text/plain"),
    "/file.pdf": Answer(b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n", "application/pdf"),
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RefusingSite]:
    with RefusingSite(HOST, tmp_path, ANSWERS) as running:
        yield running


def recorder_for(site: RefusingSite, folder: Path, *, direct: bool = True) -> RunningRecorder:
    return RunningRecorder(
        folder,
        connect_to=(site.connect_to, "local.pryklad.example:443:10.1.2.3:443"),
        upstream_ca=site.authority,
        direct=direct,
    )


def visit(recorder: RunningRecorder, program: Path, site: RefusingSite, path: str) -> Account:
    kinds = frozenset({RenderingKind.FULL_PAGE})
    return crawl(
        recorder,
        program,
        f"https://{HOST}{path}",
        handling=PageHandling(renderings=kinds),
        engine="direct" if recorder.direct else "browser",
        authority=site.authority,
    )


def test_the_recorder_is_refused_by_this_site(site: RefusingSite, program: Path, tmp_path: Path) -> None:
    recorder = recorder_for(site, tmp_path, direct=False)
    made = visit(recorder, program, site, "/page")
    assert [visit.outcome for visit in made.visits] == [Outcome.UNREACHABLE]
    assert recorder.sink.exchanges == []
    assert site.refused
    assert site.requests == []


def test_entities_are_as_the_server_meant_them_and_private_addresses_stay_refused(
    site: RefusingSite, program: Path, tmp_path: Path
) -> None:
    recorder = recorder_for(site, tmp_path)
    made = visit(recorder, program, site, "/")
    assert [(visit.url, visit.outcome) for visit in made.visits] == [(f"https://{HOST}/", Outcome.CONTENT)]
    kept: dict[str, Exchange] = {
        each.url.removeprefix(f"https://{HOST}"): each for each in recorder.sink.exchanges
    }
    shown = {path: answer for path, answer in ANSWERS.items() if path not in ("/", "/file.pdf")}
    assert set(kept) == {*shown, "/", "/favicon.ico"}
    for path, answer in shown.items():
        assert kept[path].response.payload_digest == sha256(answer.entity), path
        assert block_of(kept[path].response).endswith(b"\r\n\r\n" + answer.entity), path
        assert kept[path].truncated is None
    assert {each.fidelity for each in kept.values()} == {Fidelity.BROWSER}
    assert {each.peer_ip for each in kept.values()} == {"127.0.0.1"}

    page = kept["/page"]
    head = block_of(page.response).partition(b"\r\n\r\n")[0]
    assert b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Two: 1\r\n" in head
    assert b"Content-Encoding" not in head
    assert [name for name, _ in page.left_out] == ["Content-Encoding", "Content-Length"]
    assert page.tls is not None
    assert (page.tls.protocol, page.protocol, page.media_type) == ("TLSv1.3", "http/1.1", "text/html")
    assert b"Cookie: a=1; b=2" in block_of(kept["/p.png"].request)
    assert block_of(kept["/x"].request).endswith("слова".encode())

    moved = kept["/"]
    assert (moved.status, moved.truncated) == (302, Truncation.UNSPECIFIED)
    assert moved.problem == "browsers do not give the body of a redirect"

    (refused,) = [note for note in recorder.sink.notes if note.kind is NoteKind.NO_RESPONSE]
    assert (refused.url, refused.outcome) == (
        "https://local.pryklad.example/private.png",
        Outcome.REFUSED_BY_POLICY,
    )
    assert recorder.totals is not None
    assert recorder.totals.refused == 1
    by_kind = {each.kind: each for each in made.renderings}
    assert "<h1>Навіна</h1>" in by_kind[RenderingKind.DOM].content.decode()
    assert by_kind[RenderingKind.FULL_PAGE].content.startswith(b"\x89PNG")


def test_each_resource_of_the_page_is_accounted_for(site: RefusingSite, program: Path, tmp_path: Path) -> None:
    recorder = recorder_for(site, tmp_path)
    visit(recorder, program, site, "/page")
    renderings = [each for each in recorder.sink.items if isinstance(each, Rendering)]
    (info,) = [each for each in renderings if each.kind is RenderingKind.PAGEINFO]
    outcomes = {each["url"]: each["outcome"] for each in json.loads(info.content)["resources"]}
    assert outcomes.pop("https://local.pryklad.example/private.png") == "no_response"
    assert set(outcomes.values()) == {"recorded"}


def test_a_file_that_the_browser_does_not_show_is_taken_all_the_same(
    site: RefusingSite, program: Path, tmp_path: Path
) -> None:
    recorder = recorder_for(site, tmp_path)
    made = visit(recorder, program, site, "/file.pdf")
    (kept,) = [each for each in recorder.sink.exchanges if each.url.endswith("/file.pdf")]
    assert kept.response.payload_digest == sha256(ANSWERS["/file.pdf"].entity)
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT]


def test_an_engine_cannot_hand_over_exchanges_in_any_other_mode(site: RefusingSite, tmp_path: Path) -> None:
    recorder = recorder_for(site, tmp_path, direct=False)
    at = datetime.now(UTC)
    forged = BrowserExchange("p", f"https://{HOST}/", b"", b"", b"", b"", 200, "h2", at, at, at)
    with pytest.raises(ValueError, match="in direct mode alone"):
        recorder.run(recorder.recorder.keep(forged))
    recorder.close()
    assert recorder.sink.items == []
