"""Objects whose bytes are gone while their names, lengths and checksums are still told: never called safe."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.collect.deposit_spool import deposit_crawl, recover_spools
from pipeline.collect.preservation_status import preservation_of
from pipeline.config.settings import Settings
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.deposit.replication import replicate
from storage.ledger.chain import read_chain
from storage.ledger.custody import append, publish_pending_entries
from storage.objects.errors import ChecksumDiffersError, KeyTakenError
from storage.objects.store import ObjectStore
from tests.administered_store import administrator
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.decaying_store import decaying
from tests.storage.deposit.test_deposit import deposit_key
from tests.storage.store_volumes import lose_bytes


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path / "spool", [exchange("https://t.me/s/kanal", response(b"page"))])


def zeros(path: Path) -> Digest:
    return sha256(bytes(path.stat().st_size))


def trying_once(settings: Settings) -> ObjectStore:
    """The first store; what it cannot give, it is asked for once."""
    told = settings.store()
    return ObjectStore(
        told.endpoint,
        told.bucket,
        access_key=told.access_key,
        secret_key=told.secret_key,
        region=told.region,
        lock_mode=told.lock_mode,
        lock_days=told.lock_days,
        attempts=1,
    )


def test_a_file_deposited_before_is_not_safe_by_what_the_store_says_of_it(
    archive: Archive, object_store_server: ObjectStoreServer, warc: Path
) -> None:
    deposited = deposit_file(archive, warc)
    lose_bytes(object_store_server.folder, warc.read_bytes())
    head = archive.objects.head(deposited.key, deposited.version_id)
    assert head is not None and head.sha256 == deposited.sha256, "the store says that all is well"

    with pytest.raises(ChecksumDiffersError) as lost:
        deposit_file(archive, warc)

    assert lost.value.expected == deposited.sha256
    assert lost.value.found == f"{zeros(warc)}, {warc.stat().st_size} bytes"


def test_an_object_that_a_killed_run_had_stored_and_that_is_gone_since_makes_no_deposit(
    archive: Archive, object_store_server: ObjectStoreServer, warc: Path
) -> None:
    archive.objects.put_new(deposit_key(archive, warc), warc, sha256=sha256(warc.read_bytes()))
    lose_bytes(object_store_server.folder, warc.read_bytes())

    with pytest.raises(KeyTakenError) as lost:
        deposit_file(archive, warc)

    assert (lost.value.expected, lost.value.found) == (sha256(warc.read_bytes()), zeros(warc))
    assert read_chain(archive.objects, archive.sealing).entries == ()


def test_a_spool_lets_go_of_no_file_whose_deposit_cannot_be_read_and_the_others_are_deposited(
    archive: Archive, stored_settings: Settings, object_store_server: ObjectStoreServer, warc: Path
) -> None:
    """The store finds that the bytes are gone; what it answers about them is all the same as before."""
    kept = warc.read_bytes()
    deposited = deposit_file(archive, warc)
    lose_bytes(object_store_server.folder, kept, noticed=True)
    other = crawl_one(warc.parent.parent, [exchange("https://t.me/s/kanal?before=9", response(b"older"))])

    asked_once = replace(archive, objects=trying_once(stored_settings))
    recovery = recover_spools(asked_once, warc.parent.parent, actor="test")

    assert [each.crawl_id for each in recovery.deposited] == [other.parent.name]
    assert warc.read_bytes() == kept
    (remark,) = recovery.remarks
    assert f"Object {deposited.key} (version {deposited.version_id})" in remark
    assert "its bytes could not be read back" in remark and str(deposited.sha256) in remark
    assert remark.endswith("The file stays in the spool.")


def test_what_another_run_deposited_meanwhile_is_read_back_before_it_is_said_to_be_there(
    archive: Archive, object_store_server: ObjectStoreServer, warc: Path
) -> None:
    content = warc.read_bytes()
    recover_spools(archive, warc.parent.parent, actor="another")
    lose_bytes(object_store_server.folder, content)

    with pytest.raises(ChecksumDiffersError, match=warc.name):
        deposit_crawl(archive, warc.parent, actor="test")


def test_a_second_copy_whose_bytes_are_gone_is_not_preserved(
    copied_archive: Archive, second_object_store_server: ObjectStoreServer, warc: Path
) -> None:
    first = deposit_file(copied_archive, warc)
    assert first.preserved
    lose_bytes(second_object_store_server.folder, warc.read_bytes())

    again = deposit_file(copied_archive, warc)

    assert (again.already, again.preserved) == (True, False)
    assert again.second_copy is not None and str(zeros(warc)) in (again.second_copy.problem or "")
    preservation = preservation_of(copied_archive, [again])
    assert preservation.preserved is False
    assert str(zeros(warc)) in preservation.reason


def test_a_copy_that_stands_in_the_second_store_without_its_bytes_stays_owed(
    copied_archive: Archive, second_object_store_server: ObjectStoreServer, warc: Path
) -> None:
    deposited = deposit_file(replace(copied_archive, replica=None), warc)
    assert copied_archive.replica is not None
    copied_archive.replica.put_new(deposited.key, warc, sha256=deposited.sha256)
    lose_bytes(second_object_store_server.folder, warc.read_bytes())

    report = replicate(copied_archive, actor="clock")

    assert [each.entry.subject_id for each in report.pending] == [deposited.key]
    assert str(zeros(warc)) in report.problems[0]


def test_an_entry_of_custody_whose_object_changed_is_not_confirmed(
    archive: Archive, stored_settings: Settings
) -> None:
    with archive.writer.begin() as connection:
        entry = append(connection, "received", keys=archive.sealing, subject_id="x", actor="tester", details={})
    key = "custody/000000000001.json"
    archive.objects.put_new(key, entry.canonical(), sha256=entry.digest)

    with pytest.raises(KeyTakenError, match=key):
        publish_pending_entries(decaying(stored_settings, archive, key, 80))

    assert publish_pending_entries(archive) == 1


def test_a_deposit_hidden_by_a_delete_marker_is_read_back_by_its_own_version(archive: Archive, warc: Path) -> None:
    first = deposit_file(archive, warc)
    administrator(archive.objects.endpoint).delete_object(Bucket=archive.objects.bucket, Key=first.key)

    again = deposit_file(archive, warc)

    assert (again.already, again.version_id) == (True, first.version_id)
    stored = [each.version_id for each in archive.objects.list(first.key) if not each.delete_marker]
    assert stored == [first.version_id]
