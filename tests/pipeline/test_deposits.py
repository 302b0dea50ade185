import os
import time
from pathlib import Path

import pytest

from pipeline.deposits import deposit_crawl, recover_spools
from storage.archive import Archive
from storage.captures import captures_of_crawl
from storage.crawl_lock import hold_crawl
from storage.objects import ObjectStore
from storage.store_errors import StoreUnreachableError
from tests.storage.crawled import crawl_one, exchange, response

PAGE = response(b"<p>page</p>")


def left_behind(spool: Path, *urls: str) -> Path:
    """What a crawl that died after closing its file leaves; returns the file."""
    return crawl_one(spool, [exchange(url, PAGE) for url in urls])


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


def test_a_living_crawl_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    file = left_behind(tmp_path, "https://a.example/")
    with hold_crawl(file.parent):
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


def test_a_crawls_own_files_are_deposited_in_order_and_its_folder_removed(
    archive: Archive, tmp_path: Path
) -> None:
    file = left_behind(tmp_path, "https://a.example/")

    deposited = deposit_crawl(archive, file.parent, actor="test")

    assert [each.captures for each in deposited] == [1]
    assert not file.parent.exists()
    assert deposit_crawl(archive, file.parent, actor="test") == ()


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
    )
    with pytest.raises(StoreUnreachableError):
        deposit_crawl(nowhere, file.parent, actor="test")

    assert file.exists()
    assert [each.crawl_id for each in recover_spools(archive, tmp_path, actor="test").deposited] == [
        file.parent.name
    ]
