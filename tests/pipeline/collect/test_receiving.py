"""What a person brings becomes evidence with every byte, marked received, and says from whom under seal."""

import gzip
import io
import json
import random
import resource
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from access.views.received import received_rows
from pipeline.collect.deposit_spool import recover_spools
from pipeline.collect.received_statement import BroughtFile, FileNotReceivedError, OriginStatement
from pipeline.collect.receiving import Receipt, receive_file
from pipeline.collect.request_desk import CaseUnknownError
from pipeline.config.settings import ROOT, Settings
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from samples.media.files import media_file
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_by_ids, captures_in
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import deposit_file
from storage.deposit.record_reader import read_record
from storage.integrity.verification import expected_of_archive, verify_all
from storage.ledger.chain import read_chain
from storage.ledger.custody import entries, publish_pending_entries
from storage.ledger.memberships import add_member
from storage.ledger.received_files import received_files
from storage.objects.keys import custody_key
from storage.similarity.media import medium, occurrences_of
from storage.spool.received_file import remove_unfinished
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.killed_deposits import environment

ANN = Viewer("ann", Role.COLLECTOR)
BEA = Viewer("bea", Role.COLLECTOR)
KUST = Viewer("kust", Role.CUSTODIAN)
STATED = OriginStatement("2026-11-20", "Сведка <7>", "знята на тэлефон, прыслана праз Signal", "пакой 4")
PDF = b"%PDF-1.4 \xd1\x96 " + bytes(range(256))
PICTURE = media_file("tram/w800/q82").content
KILLS = 12


def bring(
    archive: Archive,
    settings: Settings,
    content: bytes,
    name: str = "protokol Ivanova.pdf",
    *,
    stated: OriginStatement = STATED,
    person: Viewer = ANN,
    declared: str | None = None,
) -> Receipt:
    brought = BroughtFile(io.BytesIO(content), name, declared)
    return receive_file(archive, settings, brought, stated, person=person)


def one(archive: Archive, capture_id: str | None) -> Capture:
    assert capture_id is not None
    with archive.reader.connect() as connection:
        return captures_by_ids(connection, [capture_id])[capture_id]


def crawled_warc(folder: Path) -> bytes:
    pages = [exchange("https://vesnik.example/a", response(b"<p>a</p>"))]
    return crawl_one(folder / "elsewhere", pages).read_bytes()


def packed_warcs(files: list[bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("datapackage.json", '{"resources": []}')
        for number, content in enumerate(files):
            package.writestr(f"archive/{number}.warc.gz", content)
    return packed.getvalue()


def test_every_byte_is_sealed_as_a_resource_with_both_types_and_nobody_is_named_in_the_warc(
    archive: Archive, stored_settings: Settings
) -> None:
    receipt = bring(archive, stored_settings, PDF, declared="application/x-pdf; charset=x")
    got = receipt.received
    assert (got.sha256, got.length_bytes) == (sha256(PDF), len(PDF))
    assert (got.media_type, got.declared_type) == ("application/pdf", "application/x-pdf")
    assert (got.actor, got.from_raw, got.received_raw) == ("ann", STATED.from_raw, "2026-11-20")
    assert (got.file_name, got.note, got.first_seq) == ("protokol Ivanova.pdf", "пакой 4", None)
    capture = one(archive, got.capture_id)
    sealed = read_record(archive, capture)
    assert sealed.block == PDF
    fields = dict(sealed.fields)
    assert fields["WARC-Type"] == "resource"
    assert fields["WARC-Target-URI"] == f"urn:letapis:received:{sha256(PDF).hex}"
    assert fields["WARC-Block-Digest"] == fields["WARC-Payload-Digest"] == str(sha256(PDF))
    assert fields["WARC-Identified-Payload-Type"] == "application/pdf"
    assert fields["WARC-Declared-Type"] == "application/x-pdf"
    whole = gzip.decompress(archive.objects.read(capture.warc_key, capture.object_version))
    for name in ('"ann"', "Сведка", "Ivanova", "Signal", "пакой"):
        assert name.encode() not in whole, name
    assert not any(stored_settings.spool_dir.iterdir())
    assert not any(stored_settings.receiving_dir.iterdir())


def test_custody_marks_it_received_and_seals_who_brought_it_and_from_whom(
    archive: Archive, stored_settings: Settings
) -> None:
    got = bring(archive, stored_settings, PDF).received
    with archive.reader.connect() as connection:
        deposited, received = entries(connection, subject_id=got.warc_key)
    assert (deposited.event, received.event) == ("deposited", "file_received")
    assert deposited.details["origin"] == "received"
    (version,) = archive.objects.list(custody_key(got.seq))
    stored = archive.objects.read(version.key, version.version_id).decode()
    entry = json.loads(stored)
    assert entry["subject_digest"] == str(sha256(PDF))
    assert entry["details"]["media_type"] == "application/pdf"
    for name in ("ann", "Сведка", "Ivanova", "Signal", "пакой", "2026-11-20T"):
        assert name not in stored.replace(entry["at"], ""), name
    committed = {"details.from_raw", "details.origin_raw", "details.file_name", "details.received_raw", "actor"}
    assert committed <= set(entry["committed"])
    chain = read_chain(archive.objects)
    assert chain.problems == ()


def test_a_rebuild_from_the_store_gives_the_same_list_and_the_same_rows(
    archive: Archive, stored_settings: Settings
) -> None:
    bring(archive, stored_settings, PDF)
    bring(archive, stored_settings, PICTURE, "tram.jpg")
    process_pending(archive)
    before = received_rows(archive)
    with archive.reader.connect() as connection:
        rows = sorted(map(tuple, connection.execute(select(captures))), key=str)
    rebuild(archive)
    assert received_rows(archive) == before and len(before) == 2
    with archive.reader.connect() as connection:
        assert sorted(map(tuple, connection.execute(select(captures))), key=str) == rows
        assert set(connection.scalars(select(warcs.c.origin))) == {"received"}
        assert medium(connection, sha256(PICTURE)) is not None


def test_the_whole_archive_verifies_with_received_files_in_it(archive: Archive, stored_settings: Settings) -> None:
    bring(archive, stored_settings, PDF)
    bring(archive, stored_settings, PDF)
    assert [each for each in verify_all(expected_of_archive(archive)) if each.problems] == []


def test_the_same_bytes_again_are_not_stored_twice_and_get_one_more_dated_receipt(
    archive: Archive, stored_settings: Settings
) -> None:
    first = bring(archive, stored_settings, PDF).received
    other = replace(STATED, from_raw="another person", received_raw="2026-11-21T18:00+03:00")
    again = bring(archive, stored_settings, PDF, "copy.pdf", stated=other, person=BEA)
    assert again.already
    assert (again.received.capture_id, again.received.first_seq) == (first.capture_id, first.seq)
    assert (again.received.actor, again.received.from_raw) == ("bea", "another person")
    assert again.received.seq > first.seq
    assert len(list(archive.objects.list("warc/"))) == 1
    assert [row["custody_seq"] for row in received_rows(archive)] == [again.received.seq, first.seq]


def test_a_picture_is_found_among_media_and_a_document_is_kept_and_not_read(
    archive: Archive, stored_settings: Settings
) -> None:
    picture = bring(archive, stored_settings, PICTURE, "tram", declared="application/octet-stream").received
    page = bring(archive, stored_settings, b"<html><h1>News</h1></html>", "news.html").received
    process_pending(archive)
    with archive.reader.connect() as connection:
        assert [each.id for each in occurrences_of(connection, sha256(PICTURE))] == [picture.capture_id]
    assert one(archive, page.capture_id).outcome is None


def test_a_warc_that_is_brought_is_stored_as_it_is_and_its_captures_are_marked_received(
    archive: Archive, stored_settings: Settings, tmp_path: Path
) -> None:
    content = crawled_warc(tmp_path)
    receipt = bring(archive, stored_settings, content, "browser.warc.gz")
    got = receipt.received
    assert (got.capture_id, got.media_type, receipt.captures) == (None, "application/warc", 1)
    with archive.reader.connect() as connection:
        (row,) = connection.execute(select(warcs))
        (capture,) = captures_in(connection, got.warc_key)
    assert (row.origin, row.sha256) == ("received", str(sha256(content)))
    assert capture.url == "https://vesnik.example/a"
    assert archive.objects.read(got.warc_key, row.object_version) == content
    again = bring(archive, stored_settings, content, "browser.warc.gz", person=BEA)
    assert again.already and again.received.first_seq == got.seq


@pytest.mark.parametrize(
    ("name", "media_type"), [("cut.warc.gz", "application/warc"), ("x.wacz", "application/wacz")]
)
def test_what_only_seems_to_be_a_web_archive_is_kept_as_a_file_with_the_reason(
    archive: Archive, stored_settings: Settings, tmp_path: Path, name: str, media_type: str
) -> None:
    if name.endswith("gz"):
        content = crawled_warc(tmp_path)[:-50]
    else:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("datapackage.json", "{}")
            packed.writestr("archive/readme.txt", "")
        content = file.getvalue()
    got = bring(archive, stored_settings, content, name).received
    assert got.media_type == media_type
    assert got.remark is not None and got.remark.startswith(
        f"It was kept as a file and not opened as {media_type}"
    )
    assert read_record(archive, one(archive, got.capture_id)).block == content


@pytest.mark.parametrize("kind", ["records", "texts", "package"])
def test_a_web_archive_with_more_captures_than_memory_should_hold_is_kept_as_a_file(
    archive: Archive, stored_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("pipeline.collect.receiving.MOST_ROWS", 2)
    urls = [f"https://vesnik.example/{number}" for number in range(3)]
    if kind == "texts":
        urls = [urls[0] + "x" * 3000]
    files = [
        crawl_one(tmp_path / str(number), [exchange(url, response(b"<p>a</p>"))]).read_bytes()
        for number, url in enumerate(urls)
    ]
    name, content, expected = "many.warc.gz", b"".join(files), "at most 2 records"
    if kind == "texts":
        expected = "at most 2048 characters"
    if kind == "package":
        name, content = "many.wacz", packed_warcs(files)
    got = bring(archive, stored_settings, content, name).received
    assert got.remark is not None and expected in got.remark
    assert read_record(archive, one(archive, got.capture_id)).block == content
    if kind != "texts":
        path = tmp_path / name
        path.write_bytes(content)
        assert deposit_file(archive, path).captures == 3, "an operator's command opens it"


def test_an_export_of_a_chat_is_kept_whole(archive: Archive, stored_settings: Settings) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("_chat.txt", "[20.11.26, 21:00] A: hello")
    got = bring(archive, stored_settings, file.getvalue(), "WhatsApp Chat.zip").received
    assert (got.media_type, got.remark) == ("application/zip", None)
    assert read_record(archive, one(archive, got.capture_id)).block == file.getvalue()


def test_only_members_of_the_case_see_a_confidential_file_and_others_do_not_learn_of_it(
    archive: Archive, stored_settings: Settings, tmp_path: Path
) -> None:
    add_member(archive, "ann", actor="kust", case="K-1", label=None)
    of_case = replace(STATED, case="K-1")
    got = bring(archive, stored_settings, PDF, stated=of_case).received
    packed = bring(archive, stored_settings, crawled_warc(tmp_path), "a.warc.gz", stated=of_case).received
    assert {row["custody_seq"] for row in received_rows(archive, viewer=ANN)} == {got.seq, packed.seq}
    assert received_rows(archive, viewer=BEA) == received_rows(archive, viewer=KUST) == []
    open_one = bring(archive, stored_settings, PDF, person=BEA)
    assert not open_one.already and open_one.received.first_seq is None
    assert [row["custody_seq"] for row in received_rows(archive, viewer=KUST)] == [open_one.received.seq]
    with pytest.raises(CaseUnknownError):
        bring(archive, stored_settings, PDF, stated=of_case, person=BEA)


@pytest.mark.parametrize("first", ["confidential", "open", "imported"])
def test_the_same_web_archive_under_another_label_is_kept_as_a_file_and_discloses_no_case(
    archive: Archive, stored_settings: Settings, tmp_path: Path, first: str
) -> None:
    add_member(archive, "ann", actor="kust", case="K-1", label=None)
    of_case = replace(STATED, case="K-1")
    content = crawled_warc(tmp_path)
    if first == "imported":
        path = tmp_path / "a.warc.gz"
        path.write_bytes(content)
        before = deposit_file(archive, path).key
    else:
        stated = of_case if first == "confidential" else STATED
        before = bring(archive, stored_settings, content, "a.warc.gz", stated=stated).received.warc_key
    second: dict[str, Any] = (
        {"stated": STATED, "person": BEA} if first == "confidential" else {"stated": of_case, "person": ANN}
    )
    other = bring(archive, stored_settings, content, "a.warc.gz", **second)
    got = other.received
    assert not other.already and got.first_seq is None and got.warc_key != before
    assert got.remark is not None and "kept as a file" in got.remark and "K-1" not in got.remark
    capture = one(archive, got.capture_id)
    assert capture.access_label == got.access_label
    assert read_record(archive, capture).block == content
    seen_by_others = {row["custody_seq"] for row in received_rows(archive, viewer=BEA)}
    assert (got.seq in seen_by_others) == (first == "confidential")
    again = bring(archive, stored_settings, content, "a.warc.gz", **second)
    assert again.already and (again.received.first_seq, again.received.warc_key) == (got.seq, got.warc_key)


def test_from_whom_it_came_is_read_by_custodians_and_whoever_brought_it(
    archive: Archive, stored_settings: Settings
) -> None:
    bring(archive, stored_settings, PDF)
    for viewer, expected in ((ANN, STATED.from_raw), (KUST, STATED.from_raw), (BEA, None)):
        (row,) = received_rows(archive, viewer=viewer)
        assert (row["from_raw"], row["names_withheld"]) == (expected, expected is None)
        assert row["origin_raw"] == STATED.origin_raw
        assert (row["file_name"] is None) == (row["note"] is None) == (expected is None)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (replace(STATED, received_raw="yesterday"), "expected a day or time"),
        (replace(STATED, received_raw="2999-01-01"), "expected today or an earlier day"),
        (replace(STATED, from_raw=" "), "expected from whom it came"),
        (replace(STATED, origin_raw=""), "expected its origin"),
        (replace(STATED, note="x" * 2001), "at most 2000 characters, found 2001"),
        (replace(STATED, from_raw="a\x00b"), "found a character of none"),
    ],
)
def test_a_statement_that_is_none_is_refused_and_nothing_is_kept(
    archive: Archive, stored_settings: Settings, stated: OriginStatement, words: str
) -> None:
    with pytest.raises(FileNotReceivedError, match=words) as refused:
        bring(archive, stored_settings, PDF, stated=stated)
    assert "Nothing of it was kept" in str(refused.value)
    assert list(archive.objects.list("")) == []


def test_an_empty_file_one_above_the_limit_and_one_without_room_are_refused(
    archive: Archive, stored_settings: Settings
) -> None:
    with pytest.raises(FileNotReceivedError, match="found 0 bytes"):
        bring(archive, stored_settings, b"")
    small = replace(stored_settings, receive_limit_mb=1)
    with pytest.raises(FileNotReceivedError, match=r"at most 1 MB .LETAPIS_RECEIVE_LIMIT_MB., found 1\.0 MB"):
        bring(archive, small, b"x" * ((1 << 20) + 1))
    full = replace(stored_settings, keep_free_mb=10**9)
    with pytest.raises(FileNotReceivedError, match="Make room on it"):
        bring(archive, full, PDF)
    assert list(archive.objects.list("")) == []


def test_a_disk_that_ends_while_it_is_written_leaves_nothing(archive: Archive, stored_settings: Settings) -> None:
    content = random.Random(7).randbytes(300_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FileNotReceivedError, match="File too large"):
            bring(archive, stored_settings, content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert not any(stored_settings.receiving_dir.iterdir())
    assert list(archive.objects.list("")) == []
    assert read_record(archive, one(archive, bring(archive, stored_settings, content).received.capture_id))


@pytest.mark.timeout(600)
def test_killed_at_any_moment_a_file_is_received_whole_with_its_receipt_or_not_at_all(
    archive: Archive, stored_settings: Settings, tmp_path: Path
) -> None:
    moments, inbox = random.Random(20261130), tmp_path / "inbox"
    inbox.mkdir()
    contents = {f"{number}.bin": moments.randbytes(moments.randrange(1_000, 2_000_000)) for number in range(12)}
    for name, content in contents.items():
        (inbox / name).write_bytes(content)
    command = [sys.executable, "-m", "tests.pipeline.collect.receiving_program", str(inbox)]
    kills = 0
    while any(inbox.iterdir()):
        child = subprocess.Popen(command, cwd=ROOT, env=environment(stored_settings), stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        try:
            child.wait(timeout=moments.uniform(0, 0.4) if kills < KILLS else 120)
        except subprocess.TimeoutExpired:
            kills += 1
        child.kill()
        assert child.wait() in (0, -signal.SIGKILL)
        time.sleep(0.01)
    recover_spools(archive, stored_settings.spool_dir, actor="the next run")
    publish_pending_entries(archive)
    remove_unfinished(stored_settings.receiving_dir)
    assert not any(stored_settings.receiving_dir.iterdir())
    with archive.reader.connect() as connection:
        found = received_files(connection)
        stored = {row.id: row for row in connection.execute(select(captures.c.id, captures.c.payload_digest))}
        files = set(connection.scalars(select(warcs.c.key)))
    assert {each.actor for each in found} == {"ann"}
    assert {each.capture_id for each in found} == set(stored), "nothing is deposited without its receipt"
    assert {each.sha256 for each in found} == {sha256(each) for each in contents.values()}
    assert all(stored[str(each.capture_id)].payload_digest == str(each.sha256) for each in found)
    assert {version.key for version in archive.objects.list("warc/")} == files
    assert read_chain(archive.objects, archive.sealing).problems == ()
