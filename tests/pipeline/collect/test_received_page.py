"""The page for files that people bring, above the desk of a running installation."""

import html
import io
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from access.app import create_app
from access.views.custody_status import capture_custody
from pipeline.collect.receiving_desk import FilesDesk
from pipeline.config.settings import Settings
from pipeline.handover.report.gather import facts_of_capture
from processors.digest import sha256
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_of
from storage.ledger.memberships import add_member
from storage.ledger.received_files import is_received_file, received_files
from tests.access.conftest import picture
from tests.served_pages import served

OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
FIELDS = {"from": "Сведка <7>", "received": "2026-11-20", "origin": "знята <b>на тэлефон</b>", "note": "пакой 4"}
CUT_OFF = (
    b"POST /archive/received HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Length: 900000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    b'Content-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + bytes(400_000)
)
HOSTILE = b"<html><script>document.title = 'taken'</script></html>"
PEOPLE = (Viewer("ann", Role.COLLECTOR), Viewer("bea", Role.READER), Viewer("kust", Role.CUSTODIAN))


class EndOfRequest:
    """Sets an event once a request is over."""

    def __init__(self, app: ASGIApp, ended: threading.Event) -> None:
        self._app, self._ended = app, ended

    async def __call__(self, scope: Scope, receive: Receive, send_back: Send) -> None:
        try:
            await self._app(scope, receive, send_back)
        finally:
            self._ended.set()


@pytest.fixture
def people(archive: Archive, stored_settings: Settings) -> Iterator[dict[str, TestClient]]:
    """The pages as a collector, a reader and a custodian have them; a file may have 2 MB."""
    desk = FilesDesk(lambda: replace(stored_settings, receive_limit_mb=2))
    clients = {
        viewer.name: TestClient(
            create_app(lambda: archive, lambda viewer=viewer: viewer, receiving=desk),
            headers={"Accept-Language": "en"},
        )
        for viewer in PEOPLE
    }
    yield clients
    for client in clients.values():
        client.close()


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def send(
    client: TestClient, content: bytes, name: str = "відэа.png", declared: str = "image/png", **fields: str
) -> str:
    """The page that answers the form, as a browser shows it after the redirect."""
    answer = client.post(
        "/received",
        data=FIELDS | fields,
        files={"file": (name, io.BytesIO(content), declared)},
        headers=OWN_PAGE,
    )
    return str(answer.text)


def test_a_collector_brings_a_file_and_the_page_gives_a_receipt_with_its_digest(
    people: dict[str, TestClient], archive: Archive
) -> None:
    content = picture("PNG")
    shown = send(people["ann"], content)
    words = words_of(shown)
    with archive.reader.connect() as connection:
        (got,) = received_files(connection)
    assert (got.sha256, got.actor, got.file_name) == (sha256(content), "ann", "відэа.png")
    assert f"Receipt: custody entry {got.seq}" in words and str(sha256(content)) in words
    assert "знята <b>на тэлефон</b>" in words and "<b>на" not in shown
    assert "2026-11-20, as the person states" in words
    again = words_of(send(people["ann"], content))
    assert f"The same bytes were received before, with custody entry {got.seq}; nothing was stored twice." in again


def test_the_page_of_the_file_says_received_and_never_observed_or_captured(
    people: dict[str, TestClient], archive: Archive
) -> None:
    send(people["ann"], picture("PNG"))
    with archive.reader.connect() as connection:
        (got,) = received_files(connection)
    answer = people["ann"].get(f"/capture/{quote(str(got.capture_id))}")
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    words = words_of(main)
    assert "A person brought this file. This archive did not observe what it shows." in words
    assert "Received from Сведка <7> on 2026-11-20, as stated" in words
    assert "Observed by this collector" not in words and "captured at" not in words
    assert "received from a person, brought into the archive" in words, "the citation"
    facts = people["bea"].get(f"/api/capture/{quote(str(got.capture_id))}").json()
    assert [each["from_raw"] for each in facts["received"]] == [None]
    assert facts["holding"]["origin"] == "received"


def test_a_record_of_a_brought_warc_does_not_pass_for_a_file_received_at_its_forged_date(
    people: dict[str, TestClient], archive: Archive
) -> None:
    block = picture("PNG")
    url = f"urn:letapis:received:{sha256(block).hex}"
    head = (
        "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        f"WARC-Target-URI: {url}\r\nWARC-Date: 2022-02-24T04:00:00Z\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    send(people["ann"], head.encode() + block + b"\r\n\r\n", "a.warc", "application/warc")
    with archive.reader.connect() as connection:
        (capture,) = captures_of(connection, url)
    path = f"/capture/{quote(capture.id)}"
    words = words_of(people["ann"].get(path).text.partition("<main")[2].partition("</main>")[0])
    assert "A person brought the file in which this capture stands." in words
    assert "brought into the archive at" not in words and "A person brought this file." not in words
    assert "according to a file received from a person" in words, "the citation"
    assert "brought into the archive 2022" not in words
    custody = capture_custody(archive, capture.id)
    assert custody is not None and custody["sentences"][0].startswith("Captured at 2022-02-24")
    facts = facts_of_capture(archive, capture.id)
    assert facts is not None and facts.observed is not None and not facts.observed.is_brought
    assert not is_received_file(url, "urn:uuid:1", "import")


def test_a_reader_has_the_list_without_the_form_and_without_the_name_and_may_bring_nothing(
    people: dict[str, TestClient],
) -> None:
    send(people["ann"], picture("PNG"))
    page = people["bea"].get("/received").text
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    assert "Сведка" not in page and "пакой" not in page and "відэа" not in page
    assert "only for custodians and whoever brought it" in words_of(page)
    assert "Сведка" in people["kust"].get("/received").text
    (row,) = people["bea"].get("/api/received").json()["rows"]
    assert (row["from_raw"], row["names_withheld"]) == (None, True)
    refused = people["bea"].post("/received", data=FIELDS, files={"file": ("a", b"a")}, headers=OWN_PAGE)
    assert refused.status_code == 403


def test_only_a_form_of_the_archive_brings_a_file(people: dict[str, TestClient], archive: Archive) -> None:
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://zlo.example"}):
        answer = people["ann"].post("/received", data=FIELDS, files={"file": ("a", b"a")}, headers=headers)
        assert answer.status_code == 403
    with archive.reader.connect() as connection:
        assert received_files(connection) == ()


def test_a_form_that_lacks_something_comes_back_as_it_was_filled_in(
    people: dict[str, TestClient], archive: Archive
) -> None:
    shown = send(people["ann"], b"content", received="2999-01-01")
    assert "expected today or an earlier day, found 2999-01-01. Nothing of it was kept." in words_of(shown)
    assert "Сведка &lt;7&gt;" in shown
    without = people["ann"].post("/received", data=FIELDS, files={"x": ("", b"")}, headers=OWN_PAGE)
    assert (without.status_code, "Choose a file." in without.text) == (422, True)
    with archive.reader.connect() as connection:
        assert received_files(connection) == ()


def test_a_file_above_the_limit_is_refused_before_it_is_kept(
    people: dict[str, TestClient], archive: Archive
) -> None:
    answer = people["ann"].post(
        "/received", data=FIELDS, files={"file": ("a.bin", b"x" * (3 << 20))}, headers=OWN_PAGE
    )
    assert answer.status_code == 413
    assert "larger than 2 MB. Nothing of it was stored." in words_of(answer.text)
    assert list(archive.objects.list("")) == []


def test_a_file_for_which_the_disk_has_no_room_is_refused_before_a_byte_of_it_is_read(
    archive: Archive, stored_settings: Settings
) -> None:
    full = replace(stored_settings, keep_free_mb=10**9)
    pages = create_app(lambda: archive, lambda: PEOPLE[0], receiving=FilesDesk(lambda: full))
    with served(pages) as address:
        server = urlsplit(address)
        with socket.create_connection((server.hostname, server.port)) as connection:
            connection.sendall(CUT_OFF.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")  # and nothing of the body
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 507 ")
    assert b"GB are free. Nothing of it was read or stored." in answer
    assert not any(full.receiving_dir.iterdir())


def test_an_upload_needs_room_for_itself_its_copy_in_the_spool_and_the_store_on_the_same_disk(
    stored_settings: Settings,
) -> None:
    settings = replace(stored_settings, keep_free_mb=0)
    free = shutil.disk_usage(settings.data).free
    elsewhere = [FilesDesk(lambda: settings).room_lacking(int(free * share)) for share in (0.4, 0.6)]
    (settings.data / "store").mkdir(parents=True)
    beside = [FilesDesk(lambda: settings).room_lacking(int(free * share)) for share in (0.25, 0.4)]
    assert [each is None for each in (*elsewhere, *beside)] == [True, False, True, False]


def test_an_upload_lies_on_the_disk_of_the_data_folder_and_not_where_temporary_files_do(
    people: dict[str, TestClient], archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    content = picture("PNG") + bytes(1_100_000)
    assert "Receipt: custody entry" in words_of(send(people["ann"], content))
    with archive.reader.connect() as connection:
        (got,) = received_files(connection)
    assert got.sha256 == sha256(content)


def test_an_upload_that_is_cut_off_leaves_nothing(archive: Archive, stored_settings: Settings) -> None:
    ended = threading.Event()
    pages = create_app(lambda: archive, lambda: PEOPLE[0], receiving=FilesDesk(lambda: stored_settings))
    pages.add_middleware(EndOfRequest, ended=ended)
    with served(pages) as address:
        server = urlsplit(address)
        with socket.create_connection((server.hostname, server.port)) as connection:
            connection.sendall(CUT_OFF)
        assert ended.wait(60)
    assert not any(stored_settings.receiving_dir.iterdir())
    with archive.reader.connect() as reading:
        assert received_files(reading) == ()
    assert list(archive.objects.list("")) == []


def test_a_hostile_file_goes_out_as_an_attachment_and_runs_nowhere(
    people: dict[str, TestClient], archive: Archive
) -> None:
    send(people["ann"], HOSTILE, "a.html", "text/html")
    with archive.reader.connect() as connection:
        (got,) = received_files(connection)
    path = f"/capture/{quote(str(got.capture_id))}"
    assert HOSTILE.decode() not in people["ann"].get(path).text
    saved = people["ann"].get(f"{path}/payload")
    assert saved.content == HOSTILE
    assert saved.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in saved.headers["content-security-policy"]


def test_a_member_keeps_a_file_to_their_case(people: dict[str, TestClient], archive: Archive) -> None:
    add_member(archive, "ann", actor="kust", case="K-1", label=None)
    assert '<option value="K-1"' in people["ann"].get("/received").text
    send(people["ann"], picture("PNG"), case="K-1")
    assert "confidential" in words_of(people["ann"].get("/received").text)
    for name in ("bea", "kust"):
        assert people[name].get("/api/received").json()["rows"] == []
    with archive.reader.connect() as connection:
        (got,) = received_files(connection)
    assert people["kust"].get(f"/capture/{quote(str(got.capture_id))}").status_code == 404


def test_a_server_that_only_shows_takes_no_files(archive: Archive) -> None:
    with TestClient(create_app(lambda: archive, lambda: PEOPLE[0])) as client:
        assert "<form" not in client.get("/received").text.partition("<main")[2].partition("</main>")[0]
        assert client.post("/received", data=FIELDS, headers=OWN_PAGE).status_code == 503
