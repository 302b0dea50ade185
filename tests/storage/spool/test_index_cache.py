"""The index made while a file is written is the one that reading the file gives; else the file is read."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.capture import Captured, Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import Exchange, Truncation
from processors.digest import Digest, sha256
from processors.pages.outcome import Outcome
from storage.deposit.inspection import inspect_file
from storage.spool.index_cache import index_cache_path, read_index_cache
from storage.spool.spool import ClosedFile, DepositedRecord, Spool
from storage.warc.index import IndexedRecord, WarcIndex, index_warc
from storage.warc.reader import WarcDamageError
from tests.storage.crawled_files import crawl_one, response
from tests.storage.crawled_files import exchange as exchange_of
from tests.storage.sample_exchanges import AT, CRAWL, FACTS, TLS

PICTURE = b"\xff\xd8\xff" + b"picture" * 300


def exchange(payload: bytes, *, media_type: str = "text/html; charset=utf-8") -> Exchange:
    return replace(exchange_of("https://a.example/", response(payload, media_type)), tls=TLS)


def read(file: ClosedFile) -> WarcIndex:
    with file.path.open("rb") as stream:
        return index_warc(stream, file.path.name)


def written(file: ClosedFile) -> WarcIndex:
    beside = read_index_cache(file.path)
    assert beside is not None
    assert beside.sha256 == file.sha256
    return beside.index


def test_the_rows_beside_a_file_are_those_of_every_kind_of_record_in_it(tmp_path: Path) -> None:
    [file] = every_kind(tmp_path)
    kinds = [row.record_type for row in read(file).rows]
    assert written(file) == read(file)
    assert (kinds.count("response"), kinds.count("revisit"), kinds.count("metadata")) == (5, 2, 1)


def every_kind(folder: Path) -> tuple[ClosedFile, ...]:
    """A file with every kind of thing that a crawl keeps."""
    deposited = DepositedRecord("<urn:uuid:00000000-0000-4000-8000-000000000000>", "https://b.example/ä b", AT)
    digest = sha256(b"of another night" * 200)

    def sealed(asked: Digest) -> DepositedRecord | None:
        return deposited if asked == digest else None

    page = exchange(b"<p>page")
    items: list[Captured] = [
        page,
        replace(page, url="https://a.example/ž <x>?q=1#f", page_id=None, tls=None, peer_ip=None),
        replace(page, truncated=Truncation.LENGTH, problem="cut at the limit of bytes"),
        exchange(b""),
        exchange(PICTURE, media_type="image/jpeg"),
        exchange(PICTURE, media_type="image/jpeg"),
        exchange(b"of another night" * 200, media_type="application/pdf"),
        Rendering("p", "https://a.example/#top", RenderingKind.FULL_PAGE, "image/png", b"\x89PNG", AT, "x"),
        Note(NoteKind.NO_RESPONSE, "p", "https://gone.example/", AT, "refused", outcome=Outcome.UNREACHABLE),
        Note(NoteKind.UNSOLICITED, "p", "https://a.example/", AT, "bytes that answer no request", content=b"bye"),
    ]
    spool = Spool(folder, CRAWL, FACTS, revisits=True, known_payloads=sealed)
    for item in items:
        spool.keep(item)
    return spool.close()


def test_nothing_but_a_message_has_a_pages_own_address(tmp_path: Path) -> None:
    """Programs that replay a file show whatever stands under a page's address and moment."""
    [file] = every_kind(tmp_path)
    with file.path.open("rb") as stream:
        targets = {
            (record.rec_type, record.rec_headers.get_header("WARC-Target-URI").partition(":")[0])
            for record in ArchiveIterator(stream)
            if record.rec_type != "warcinfo"
        }
    assert {kind for kind, scheme in targets if scheme == "https"} == {"request", "response", "revisit"}
    assert {kind for kind, scheme in targets if scheme == "urn"} == {"metadata", "resource"}
    assert {scheme for _, scheme in targets} == {"https", "urn"}


def test_files_whose_facts_stand_under_the_pages_address_give_the_same_rows(tmp_path: Path) -> None:
    """So were facts written at first; those files keep their bytes."""
    [file] = every_kind(tmp_path)
    content = gzip.decompress(file.path.read_bytes())
    before = tmp_path / "before.warc"
    before.write_bytes(content.replace(b"URI: urn:exchange:", b"URI: ").replace(b"URI: urn:note:", b"URI: "))
    now = tmp_path / "now.warc"
    now.write_bytes(content)

    def rows(path: Path) -> list[IndexedRecord]:
        return [replace(row, offset_bytes=0, length_bytes=0) for row in inspect_file(path).rows]

    assert len(before.read_bytes()) < len(content)
    assert rows(before) == rows(now)


@pytest.fixture
def closed(tmp_path: Path) -> ClosedFile:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"page"))
    return spool.close()[0]


def test_rows_that_changed_since_are_not_used(closed: ClosedFile) -> None:
    rows = index_cache_path(closed.path)
    content = rows.read_bytes()
    for changed in (content.replace(b'"response"', b'"resource"'), content[:-40], b"", b"\n", b"[]\n"):
        rows.write_bytes(changed)
        assert read_index_cache(closed.path) is None


def test_rows_of_a_crawl_that_died_are_not_used(tmp_path: Path) -> None:
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"page"))
    file = tmp_path / CRAWL / f"{CRAWL}-00000.warc.gz"
    assert index_cache_path(file).exists()
    assert read_index_cache(file) is None
    spool.close()
    assert read_index_cache(file) is not None


def test_a_crawl_goes_on_where_its_rows_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / CRAWL).mkdir()
    index_cache_path(tmp_path / CRAWL / f"{CRAWL}-00000.warc.gz").mkdir()
    spool = Spool(tmp_path, CRAWL, FACTS)
    spool.keep(exchange(b"page"))
    [file] = spool.close()
    assert read(file).records == file.records
    assert list(index_cache_path(file.path).iterdir()) == []


def test_a_file_with_its_rows_is_surveyed_as_one_without(tmp_path: Path) -> None:
    path = crawl_one(tmp_path, [exchange(b"<p>page"), exchange(PICTURE, media_type="image/jpeg")])
    with_rows = inspect_file(path)
    index_cache_path(path).unlink()
    assert with_rows == inspect_file(path)
    assert with_rows.own is not None


def test_rows_of_other_bytes_are_not_believed(tmp_path: Path) -> None:
    path = crawl_one(tmp_path, [exchange(b"<p>page"), exchange(PICTURE, media_type="image/jpeg")])
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(content)
    with pytest.raises(WarcDamageError):
        inspect_file(path)
