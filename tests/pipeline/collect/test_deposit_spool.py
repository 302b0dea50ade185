import json
import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
from ulid import ULID

from crawlers.model.exchange import Exchange
from crawlers.model.json_form import to_json
from crawlers.model.report import CrawledFile, CrawlReport
from crawlers.model.serialization import report_to_json
from pipeline.collect.deposit_spool import CrawlNotDepositedError, deposit_crawl, recover_spools
from pipeline.config.settings import Settings
from pipeline.crawl.files import REPORT_NAME, write_json
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.replicate import replicate_pending
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.chain import read_chain
from storage.ledger.crawl_facts import begin_collection
from storage.objects.errors import StoreUnreachableError
from storage.objects.store import ObjectStore
from storage.spool.lock import lock_crawl
from storage.spool.spool import ClosedFile, Spool
from storage.warc.gzip_members import deflated_member
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response
from tests.storage.store_outage import outage

PAGE = response(b"<p>page</p>")
ADDED = (
    b"WARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
    b"WARC-Date: 2026-11-20T21:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
)


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The data folder lies elsewhere: tests here look at all that is in their own folder."""
    return Settings(data=tmp_path_factory.mktemp("archive") / "data")


def left_behind(spool: Path, *urls: str) -> Path:
    """What a crawl that died after closing its file leaves; returns the file."""
    return crawl_one(spool, [exchange(url, PAGE) for url in urls])


def crawl_files(spool: Path, items: list[Exchange], crawl_id: str) -> tuple[ClosedFile, ...]:
    """A crawl with a file for each page."""
    declared = json.dumps(to_json(KANAL))
    writing = Spool(spool, crawl_id, {"software": "letapis/0.1.0", "source": declared}, file_per_page=True)
    for item in items:
        writing.keep(item)
    return writing.close()


def captured(archive: Archive, crawl_id: str) -> list[str]:
    with archive.reader.connect() as connection:
        return [capture.url for capture in captures_of_crawl(connection, crawl_id)]


def test_what_a_dead_crawl_left_is_deposited_once_and_let_go(archive: Archive, tmp_path: Path) -> None:
    file = left_behind(tmp_path, "https://a.example/", "https://b.example/")

    first = recover_spools(archive, tmp_path, actor="test")
    second = recover_spools(archive, tmp_path, actor="test")

    assert [each.crawl_id for each in first.deposited] == [file.parent.name]
    assert (first.remarks, second.deposited) == ((), ())
    assert captured(archive, file.parent.name) == ["https://a.example/", "https://b.example/"]
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_record_is_cut_off_and_named_and_the_rest_deposited(archive: Archive, tmp_path: Path) -> None:
    file = left_behind(tmp_path, "https://a.example/", "https://b.example/")
    whole = file.read_bytes()
    (file.parent / f"{file.name}.open").write_bytes(whole[: len(whole) - 10])
    file.unlink()

    recovery = recover_spools(archive, tmp_path, actor="test")

    assert "a last record was torn off by a crash" in recovery.remarks[0]
    assert captured(archive, file.parent.name)[0] == "https://a.example/"
    assert list(tmp_path.iterdir()) == []


def test_a_crawl_that_another_process_holds_is_deposited_once_that_lets_go(
    archive: Archive, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    with ThreadPoolExecutor() as pool:
        with lock_crawl(file.parent):
            depositing = pool.submit(deposit_crawl, archive, file.parent, actor="test")
            done, _ = wait([depositing], timeout=1.0)
            assert not done, "it waits while another process holds the folder"
            assert captured(archive, file.parent.name) == []
            assert file.exists()
        (deposited,) = depositing.result(timeout=60)
    assert deposited.crawl_id == file.parent.name
    assert not file.parent.exists()


def test_a_living_crawl_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    with lock_crawl(file.parent):
        assert recover_spools(archive, tmp_path, actor="test").deposited == ()
    assert file.exists()


def test_a_damaged_file_stays_where_it_is_and_stops_no_other(archive: Archive, tmp_path: Path) -> None:
    damaged = left_behind(tmp_path, "https://a.example/")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)
    good = left_behind(tmp_path, "https://b.example/")

    recovery = recover_spools(archive, tmp_path, actor="test")

    assert [each.crawl_id for each in recovery.deposited] == [good.parent.name]
    assert any(damaged.name in remark for remark in recovery.remarks)
    assert damaged.exists()
    assert not good.parent.exists()


def test_an_empty_folder_is_removed_only_when_no_crawl_can_be_about_to_begin_in_it(
    archive: Archive, tmp_path: Path
) -> None:
    for name in ("young", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lock").touch()
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "old", (an_hour_ago, an_hour_ago))

    recover_spools(archive, tmp_path, actor="test")

    assert [path.name for path in tmp_path.iterdir()] == ["young"]


def test_a_crawl_killed_before_it_took_its_lock_leaves_nothing_and_its_end_is_told(
    archive: Archive, tmp_path: Path
) -> None:
    for name in ("dead", "about-to-begin", "somebody-elses"):
        begin_collection(archive, crawl_id=name, source_id="kanal", actor="test", facts={})
        (tmp_path / name).mkdir()
        (tmp_path / name / ("notes.txt" if name == "somebody-elses" else "job.json")).write_text("{}")
    an_hour_ago = time.time() - 3600
    for name in ("dead", "somebody-elses"):
        os.utime(tmp_path / name, (an_hour_ago, an_hour_ago))

    recover_spools(archive, tmp_path, actor="test")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["about-to-begin", "somebody-elses"]
    ended = [
        each.entry
        for each in read_chain(archive.objects, archive.sealing).entries
        if each.entry.event == "collection_ended"
    ]
    assert [entry.subject_id for entry in ended] == ["dead"]


def test_a_crawls_own_files_are_deposited_in_order_and_its_folder_removed(
    archive: Archive, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")

    deposited = deposit_crawl(archive, file.parent, actor="test")

    assert [each.captures for each in deposited] == [1]
    assert not file.parent.exists()
    assert deposit_crawl(archive, file.parent, actor="test") == (replace(deposited[0], already=True),)


def test_what_another_run_has_deposited_of_a_crawl_meanwhile_is_among_its_deposits(
    archive: Archive, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    (brought,) = recover_spools(archive, tmp_path, actor="another").deposited

    (deposited,) = deposit_crawl(archive, file.parent, actor="test")

    assert deposited == replace(brought, already=True)


def test_what_another_run_has_deposited_is_preserved_only_if_the_second_store_has_it(
    copied_archive: Archive, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    with outage(second_object_store_server):
        recover_spools(copied_archive, tmp_path, actor="another")

    (owed,) = deposit_crawl(copied_archive, file.parent, actor="test")
    replicate_pending(copied_archive, actor="clock")
    (copied,) = deposit_crawl(copied_archive, file.parent, actor="test")

    assert (owed.already, owed.preserved) == (True, False)
    assert (copied.already, copied.preserved) == (True, True)


@pytest.mark.parametrize("place", [0.3, 0.7, None])
def test_a_file_altered_since_its_crawl_closed_it_is_named_with_both_digests_and_the_others_deposited(
    archive: Archive, tmp_path: Path, place: float | None
) -> None:
    """A flipped bit, or (None) a whole and valid file put in its place."""
    crawl_id = str(ULID())
    items = [exchange(f"https://{name}.example/", PAGE, page_id=name) for name in ("a", "b")]
    closed = [CrawledFile(f.path, f.sha256, f.records, f.bytes) for f in crawl_files(tmp_path, items, crawl_id)]
    altered = closed[0].path
    content = bytearray(altered.read_bytes())
    if place is None:
        content += deflated_member(b"WARC/1.1\r\n" + ADDED)
    else:
        content[int(len(content) * place)] ^= 8
    altered.write_bytes(content)

    with pytest.raises(CrawlNotDepositedError) as refused:
        deposit_crawl(archive, altered.parent, actor="test", closed=closed)

    said = str(refused.value)
    assert f"expected {closed[0].sha256}, found {sha256(bytes(content))}" in said
    assert altered.name in said and str(altered.parent) in said
    assert captured(archive, crawl_id) == ["https://b.example/"]
    assert altered.read_bytes() == content
    assert closed[1].path.exists() is False


def test_the_next_run_knows_from_the_crawls_report_that_a_file_was_altered(
    archive: Archive, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    report = CrawlReport(
        crawl_id=file.parent.name,
        source="kanal",
        started_at=NIGHT,
        ended_at=NIGHT,
        exchanges=1,
        bytes=1,
        outcomes={},
        files=(CrawledFile(file, sha256(file.read_bytes()), 4, file.stat().st_size),),
        truncated=0,
        refused=0,
    )
    write_json(file.parent / REPORT_NAME, report_to_json(report))
    with file.open("ab") as end:
        end.write(deflated_member(b"WARC/1.1\r\n" + ADDED))

    recovery = recover_spools(archive, tmp_path, actor="test")

    (remark,) = recovery.remarks
    assert f"expected {report.files[0].sha256}, found {sha256(file.read_bytes())}" in remark
    assert (recovery.deposited, file.exists()) == ((), True)


@pytest.mark.parametrize("report", [b"", b"{", b"[]", b"{}", b"\xff", b'{"files": 5}'])
def test_a_report_that_cannot_be_read_is_named_and_keeps_no_file_from_the_archive(
    archive: Archive, tmp_path: Path, report: bytes
) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    (file.parent / REPORT_NAME).write_bytes(report)
    other = left_behind(tmp_path, "https://b.example/")

    recovered = recover_spools(archive, tmp_path, actor="tester")

    assert len(recovered.deposited) == 2
    (remark,) = recovered.remarks
    assert remark.startswith(f"{file.parent / REPORT_NAME}: expected the report of a crawl, found what cannot")
    assert not file.parent.exists()
    assert not other.parent.exists()


def test_with_the_store_gone_the_spool_keeps_everything(archive: Archive, tmp_path: Path) -> None:
    file = left_behind(tmp_path, "https://a.example/")

    nowhere = Archive(
        objects=ObjectStore(
            "http://127.0.0.1:9",
            "bucket",
            access_key="a",
            secret_key="b",
            region="us-east-1",
            lock_mode="governance",
            lock_days=1,
        ),
        writer=archive.writer,
        reader=archive.reader,
        hash_folder=tmp_path,
    )
    with pytest.raises(StoreUnreachableError):
        deposit_crawl(nowhere, file.parent, actor="test")

    assert file.exists()
    assert [each.crawl_id for each in recover_spools(archive, tmp_path, actor="test").deposited] == [
        file.parent.name
    ]
