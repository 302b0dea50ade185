"""The spool keeps whole records whatever happens: rolled files, a full disk, a killed writer, two crawls at
once."""

import gzip
import hashlib
import itertools
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import Truncation
from processors.digest import Digest, sha256
from storage.spool.spool import (
    CrawlAliveError,
    DepositedRecord,
    RecordIds,
    Spool,
    SpoolFullError,
    uuid_of,
)
from tests.storage.sample_exchanges import AT, CRAWL, FACTS, exchange, records_in, types_in
from tests.storage.spool.receipts import observed_receipts

pytestmark = pytest.mark.slow


def test_an_exchange_is_a_response_its_request_its_facts_and_new_certificates(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"one"))
    spool.keep(exchange(b"two"))
    [file] = spool.close()
    assert file.path == tmp_path / CRAWL / f"{CRAWL}-00000.warc.gz"
    assert types_in(file.path) == [
        *("warcinfo", "response", "request", "metadata", "resource", "resource"),
        *("response", "request", "metadata"),
    ]
    content = file.path.read_bytes()
    assert (file.records, file.bytes) == (9, len(content))
    assert file.sha256 == sha256(content)


@given(st.binary(min_size=16, max_size=16))
def test_random_bytes_become_the_uuid_that_the_standard_library_makes_of_them(drawn: bytes) -> None:
    assert uuid_of(drawn) == str(uuid.UUID(bytes=drawn, version=4))


def test_no_record_id_is_given_twice() -> None:
    new_id = RecordIds()
    assert len({new_id() for _ in range(1000)}) == 1000


def test_every_record_is_a_gzip_member_of_its_own_where_its_receipt_says(tmp_path: Path) -> None:
    with observed_receipts() as receipts:
        spool = Spool(tmp_path, CRAWL, FACTS)
        spool.keep(exchange(b"page " * 3000))
        spool.keep(exchange(hashlib.shake_256(b"x").digest(30_000), media_type="image/jpeg"))
        [file] = spool.close()
    content = file.path.read_bytes()
    at = 0
    for receipt in receipts:
        assert receipt.offset == at
        at += receipt.length
        record = gzip.decompress(content[receipt.offset : at])
        assert receipt.record_id.encode() in record.split(b"\r\n\r\n")[0]
        block = record.partition(b"\r\n\r\n")[2][:-4]
        assert sha256(block) == receipt.block_digest
    assert at == len(content)


def test_two_readers_that_are_not_ours_read_all_and_find_block_digests_right(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    for number in range(20):
        spool.keep(exchange(b"%d " % number * 500))
    spool.keep(Rendering("p", "https://a.example/#top", RenderingKind.FULL_PAGE, "image/png", b"\x89PNG", AT, "x"))
    spool.keep(Note(NoteKind.ROBOTS, "p", "https://a.example/x", AT, "no"))
    [file] = spool.close()
    with file.path.open("rb") as stream:
        checked = 0
        for record in ArchiveIterator(stream, check_digests="raise"):
            record.content_stream().read()
            checked += 1
    assert checked == file.records
    with file.path.open("rb") as stream:
        fast = FastIterator(stream, record_types=WarcRecordType.any_type, parse_http=False)
        assert sum(record.verify_block_digest() for record in fast) == file.records


def test_a_rendering_points_at_the_response_it_depicts(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"page"))
    spool.keep(Rendering("p", "https://a.example/#top", RenderingKind.DOM, "text/html", b"<p>", AT, "x"))
    [file] = spool.close()
    with file.path.open("rb") as stream:
        heads = [record.rec_headers for record in ArchiveIterator(stream)]
    assert heads[-1]["WARC-Target-URI"] == "urn:dom:https://a.example/#top"
    assert heads[-1]["WARC-Concurrent-To"] == heads[1]["WARC-Record-ID"]


def test_files_roll_and_each_has_its_own_warcinfo_and_certificates(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS, roll_bytes=8000)
    for number in range(6):
        spool.keep(exchange(hashlib.shake_256(b"%d" % number).digest(3000), media_type="image/jpeg"))
    files = spool.close()
    assert [file.path.name[-13:] for file in files] == ["00000.warc.gz", "00001.warc.gz", "00002.warc.gz"]
    for file in files:
        assert types_in(file.path)[0] == "warcinfo"
        assert types_in(file.path).count("resource") == 2
    assert list(tmp_path.rglob("*.open")) == []


def test_a_page_can_have_a_file_of_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS, file_per_page=True, revisits=True)
    picture = exchange(b"p" * 5000, media_type="image/jpeg")
    for page in ("a", "b", "a"):
        spool.keep(replace(picture, page_id=page))
    files = spool.close()
    assert [types_in(file.path).count("response") for file in files] == [2, 1]
    assert all("revisit" not in types_in(file.path) for file in files)


def test_media_that_came_before_become_revisits_and_pages_never_do(tmp_path: Path) -> None:
    picture = exchange(b"p" * 5000, media_type="image/jpeg")
    spool = Spool(tmp_path, CRAWL, FACTS, revisits=True)
    page, tiny = exchange(b"page " * 900), exchange(b"s", media_type="image/gif")
    for item in (picture, picture, page, page, tiny):
        spool.keep(item)
    [file] = spool.close()
    assert [kind for kind in types_in(file.path) if kind in ("response", "revisit")] == [
        *("response", "revisit", "response", "response", "response"),
    ]
    with file.path.open("rb") as stream:
        [head] = [each.rec_headers for each in ArchiveIterator(stream) if each.rec_type == "revisit"]
    assert head["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert head["WARC-Refers-To-Target-URI"] == "https://a.example/"
    assert head["WARC-Refers-To-Date"] == "2026-03-05T01:02:03.000004Z"


def test_a_payload_deposited_before_is_found_by_the_look_up(tmp_path: Path) -> None:
    picture = exchange(b"p" * 5000, media_type="image/jpeg")
    sealed = DepositedRecord("<urn:uuid:00000000-0000-4000-8000-000000000001>", "https://b.example/p.jpg", AT)
    known: dict[Digest | None, DepositedRecord] = {picture.response.payload_digest: sealed}
    spool = Spool(tmp_path, CRAWL, FACTS, revisits=True, known_payloads=known.get)
    spool.keep(picture)
    [file] = spool.close()
    assert "revisit" in types_in(file.path)


def test_a_revisit_never_points_into_another_file_of_the_same_crawl(tmp_path: Path) -> None:
    picture = exchange(hashlib.shake_256(b"x").digest(5000), media_type="image/jpeg")
    spool = Spool(tmp_path, CRAWL, FACTS, revisits=True, roll_bytes=4000)
    spool.keep(picture)
    spool.keep(picture)
    files = spool.close()
    assert len(files) == 2
    assert all("revisit" not in types_in(file.path) for file in files)


def test_two_crawls_never_share_a_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    with pytest.raises(CrawlAliveError, match="living process"):
        Spool(tmp_path, CRAWL, FACTS)
    spool.close()


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    Spool(tmp_path, CRAWL, FACTS).close()
    taken = tmp_path / CRAWL / f"{CRAWL}-00000.warc.gz"
    taken.write_bytes(b"evidence")
    with pytest.raises(FileExistsError):
        Spool(tmp_path, CRAWL, FACTS).keep(exchange(b"x"))
    assert taken.read_bytes() == b"evidence"


class Endless:
    """A block larger than what the disk will take."""

    length_bytes = 10 << 20
    digest = sha256(b"")

    def chunks(self) -> Iterator[bytes]:
        for _ in range(10):
            yield os.urandom(1 << 20)


class Shorter(Endless):
    """A block that ends in its middle, more than one batch of writes after it began."""

    def chunks(self) -> Iterator[bytes]:
        for _ in range(5):
            yield os.urandom(1 << 20)


def test_a_disk_that_is_full_costs_only_the_record_that_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    real_write = os.write
    room = 60_000

    def write_while_there_is_room(descriptor: int, content: bytes | memoryview) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        part = memoryview(content)[:room]
        room -= len(part)
        return real_write(descriptor, part)

    kept = 0
    monkeypatch.setattr("storage.warc.writer.os.write", write_while_there_is_room)
    with pytest.raises(SpoolFullError, match="every record before it is complete") as full:
        for number in range(100):
            spool.keep(exchange(hashlib.shake_256(b"%d" % number).digest(9000), media_type="image/jpeg"))
            kept += 1
    with pytest.raises(SpoolFullError):
        spool.keep(exchange(b"more"))
    assert f"Spool file {full.value.path}" in str(full.value)
    assert f"with {full.value.free_bytes} bytes free there" in str(full.value)
    [file] = spool.close()
    assert 3 < kept < 7
    assert types_in(file.path).count("response") == kept
    assert file.sha256 == sha256(file.path.read_bytes())
    assert len(records_in(file.path)) == file.records


def test_a_disk_that_is_full_from_the_start_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(descriptor: int, content: bytes | memoryview) -> int:
        raise OSError(28, "No space left on device")

    spool = Spool(tmp_path, CRAWL, FACTS)
    monkeypatch.setattr("storage.warc.writer.os.write", never)
    with pytest.raises(SpoolFullError):
        spool.keep(exchange(b"x"))
    assert spool.close() == ()
    assert sorted(path.name for path in (tmp_path / CRAWL).iterdir()) == ["lock"]


def test_a_large_block_that_does_not_fit_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"small"))
    real_write = os.write

    def short(descriptor: int, content: bytes | memoryview) -> int:
        if len(content) > 1 << 20:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, content)

    monkeypatch.setattr("storage.warc.writer.os.write", short)
    large = exchange(b"")
    with pytest.raises(SpoolFullError):
        spool.keep(replace(large, media_type="image/jpeg", response=replace(large.response, block=Endless())))
    [file] = spool.close()
    assert types_in(file.path).count("response") == 1
    assert len(records_in(file.path)) == file.records


def test_the_digest_of_a_file_is_right_after_a_block_that_failed_midway(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"small"))
    large = exchange(b"")
    with pytest.raises(ValueError, match="expected 10485760 bytes, found 5242880"):
        spool.keep(replace(large, media_type="image/jpeg", response=replace(large.response, block=Shorter())))
    [file] = spool.close()
    content = file.path.read_bytes()
    assert (file.sha256, file.bytes) == (sha256(content), len(content))
    assert types_in(file.path).count("response") == 1


def test_after_a_write_that_failed_every_later_one_fails_the_same(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"small"))
    large = exchange(b"")
    with pytest.raises(ValueError, match="found 5242880") as first:
        spool.keep(replace(large, response=replace(large.response, block=Shorter())))
    for _ in range(2):
        with pytest.raises(ValueError, match="found 5242880") as later:
            spool.keep(exchange(b"would fit"))
        assert later.value is first.value
    [file] = spool.close()
    assert types_in(file.path).count("response") == 1


@pytest.mark.parametrize(
    "cut",
    [{"truncated": Truncation.LENGTH}, {"truncated": Truncation.DISCONNECT}, {"problem": "no chunk length"}],
    ids=["length", "disconnect", "problem"],
)
def test_an_answer_that_is_not_whole_never_becomes_a_revisit(cut: dict[str, str], tmp_path: Path) -> None:
    picture = exchange(b"p" * 5000, media_type="image/jpeg")
    spool = Spool(tmp_path, CRAWL, FACTS, revisits=True)
    spool.keep(picture)
    spool.keep(replace(picture, **cut))  # type: ignore[arg-type] # one field, by name
    [file] = spool.close()
    assert types_in(file.path).count("response") == 2
    with file.path.open("rb") as stream:
        heads = [each.rec_headers for each in ArchiveIterator(stream) if each.rec_type == "response"]
    assert [head["WARC-Truncated"] for head in heads] == [None, cut.get("truncated")]


@pytest.mark.parametrize(
    ("payload_bytes", "changed", "kept_as"),
    [
        (1024, {}, "revisit"),
        (1023, {}, "response"),
        (1024, {"status": 206}, "response"),
        (1024, {"media_type": None}, "response"),
        (1024, {"media_type": "text/plain"}, "response"),
        (1024, {"media_type": "image/svg+xml"}, "response"),
        (1024, {"media_type": "application/ld+json"}, "response"),
        (1024, {"media_type": "application/pdf"}, "revisit"),
    ],
)
def test_only_a_file_of_a_whole_kilobyte_that_is_no_page_becomes_a_revisit(
    payload_bytes: int, changed: dict[str, object], kept_as: str, tmp_path: Path
) -> None:
    picture = replace(exchange(b"p" * payload_bytes, media_type="image/jpeg"), **changed)  # type: ignore[arg-type] # fields by name
    spool = Spool(tmp_path, CRAWL, FACTS, revisits=True)
    spool.keep(picture)
    spool.keep(picture)
    [file] = spool.close()
    assert [each for each in types_in(file.path) if each in ("response", "revisit")] == ["response", kept_as]


@pytest.mark.parametrize(("more_bytes", "files"), [(0, 2), (1, 1)])
def test_a_file_rolls_as_soon_as_it_has_the_bytes_it_may_have(more_bytes: int, files: int, tmp_path: Path) -> None:
    def spool_of(folder: Path, roll_bytes: int = 1 << 30) -> Spool:
        ids = (f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>" for number in itertools.count())
        return Spool(folder, CRAWL, FACTS, new_id=ids.__next__, clock=lambda: AT, roll_bytes=roll_bytes)

    alone = spool_of(tmp_path / "alone")
    alone.keep(exchange(b"x"))
    [whole] = alone.close()
    spool = spool_of(tmp_path / "rolled", whole.bytes + more_bytes)
    spool.keep(exchange(b"x"))
    spool.keep(exchange(b"y"))
    closed = spool.close()
    assert len(closed) == files
    assert [file.path.name for file in closed] == [f"{CRAWL}-{number:05d}.warc.gz" for number in range(files)]
