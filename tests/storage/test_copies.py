"""The second copy: two real stores, of which one goes away and comes back; nothing is forgotten or done twice."""

from pathlib import Path

import pytest

from pipeline.services.object_store import ObjectStoreServer
from processors.digest import sha256
from storage.archive import Archive
from storage.chain import read_chain
from storage.copies import bring_copies, owed_copies, owed_entries
from storage.deposit import deposit_file
from storage.ledger import entries, record
from storage.objects import ObjectStore
from tests.storage.crawled import crawl_one, exchange, response
from tests.storage.two_stores import away


@pytest.fixture
def replica(copied_archive: Archive) -> ObjectStore:
    assert copied_archive.replica is not None
    return copied_archive.replica


def warc(folder: Path, number: int = 0) -> Path:
    return crawl_one(folder, [exchange(f"https://t.me/s/kanal?before={number}", response(b"page"))])


def owed(copied_archive: Archive) -> tuple[list[str], int]:
    with copied_archive.reader.connect() as connection:
        return [each.entry.subject_id for each in owed_copies(connection)], owed_entries(connection)


def events(copied_archive: Archive) -> list[str]:
    with copied_archive.reader.connect() as connection:
        return [entry.event for entry in entries(connection)]


def test_a_deposit_is_preserved_when_both_stores_have_it_under_lock(
    copied_archive: Archive, replica: ObjectStore, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    deposited = deposit_file(copied_archive, path)

    assert deposited.preserved
    assert deposited.second_copy is not None and deposited.second_copy.version_id is not None
    head = replica.head(deposited.key, deposited.second_copy.version_id)
    assert head is not None and head.lock_mode == "governance"
    assert replica.read(deposited.key, head.version_id) == path.read_bytes()
    assert owed(copied_archive) == ([], 0)
    there, here = (
        [each.entry for each in read_chain(store).entries] for store in (replica, copied_archive.objects)
    )
    assert there == here


def test_custody_says_what_the_second_store_has_confirmed(
    copied_archive: Archive, replica: ObjectStore, tmp_path: Path
) -> None:
    deposited = deposit_file(copied_archive, warc(tmp_path), actor="harvest")

    with copied_archive.reader.connect() as connection:
        entry, copied = entries(connection)
    (version,) = replica.list(deposited.key)
    assert (copied.event, copied.subject_id, copied.actor) == ("copied", deposited.key, "harvest")
    assert copied.subject_digest == entry.subject_digest
    assert copied.details == {
        "store": "replica",
        "seq": entry.seq,
        "objects": [
            {
                "key": deposited.key,
                "object_version": version.version_id,
                "sha256": str(deposited.sha256),
                "length_bytes": entry.details["length_bytes"],
            }
        ],
    }


def test_while_the_second_store_is_away_deposits_go_on_and_say_what_is_owed(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    with away(second_object_store_server):
        deposited = [deposit_file(copied_archive, warc(tmp_path, number)) for number in range(3)]
        assert [each.preserved for each in deposited] == [False] * 3
        assert deposited[0].second_copy is not None
        assert second_object_store_server.endpoint in str(deposited[0].second_copy.problem)
        assert owed(copied_archive) == ([each.key for each in deposited], 3)
        report = bring_copies(copied_archive, actor="clock")
        assert (report.copied, report.entries, len(report.owed), len(report.problems)) == ((), 0, 3, 1)

    report = bring_copies(copied_archive, actor="clock")

    assert [entry.subject_id for entry in report.copied] == [each.key for each in deposited]
    assert (report.owed, report.owed_entries, report.problems) == ((), 0, ())
    for each in deposited:
        (version,) = replica.list(each.key)
        assert replica.digest(each.key, version.version_id) == each.sha256
    assert events(copied_archive) == ["deposited"] * 3 + ["copied"] * 3


def test_bringing_copies_again_sends_and_writes_nothing(copied_archive: Archive, tmp_path: Path) -> None:
    deposit_file(copied_archive, warc(tmp_path))
    before = events(copied_archive)

    report = bring_copies(copied_archive, actor="clock")

    assert (report.copied, report.entries) == ((), 0)
    assert events(copied_archive) == before


def test_entries_without_files_reach_the_second_store_with_the_next_run(
    copied_archive: Archive, replica: ObjectStore
) -> None:
    entry = record(copied_archive, "collection_started", subject_id="1", actor="tester", details={})
    assert owed(copied_archive) == ([], 1)

    assert bring_copies(copied_archive, actor="clock").entries == 1
    assert read_chain(replica).entries[0].entry == entry


def test_a_copy_that_a_killed_run_had_made_is_found_and_not_sent_again(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    with away(second_object_store_server):
        deposited = deposit_file(copied_archive, path)
    stored = replica.put_new(deposited.key, path, sha256=sha256(path.read_bytes()))

    (copied,) = bring_copies(copied_archive, actor="clock").copied

    assert copied.details["objects"][0]["object_version"] == stored.version_id
    assert [version.version_id for version in replica.list(deposited.key)] == [stored.version_id]


def test_other_bytes_under_the_key_are_told_with_both_digests_and_hold_up_no_other_file(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    with away(second_object_store_server):
        first, second = (deposit_file(copied_archive, warc(tmp_path, number)) for number in range(2))
    replica.put_new(first.key, b"other", sha256=sha256(b"other"))

    report = bring_copies(copied_archive, actor="clock")

    assert [entry.subject_id for entry in report.copied] == [second.key]
    assert [each.entry.subject_id for each in report.owed] == [first.key]
    (problem,) = report.problems
    assert str(first.sha256) in problem and str(sha256(b"other")) in problem
    assert replica.read(first.key, next(replica.list(first.key)).version_id) == b"other"


def test_a_copy_that_something_was_laid_over_is_still_found_by_its_digest(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    with away(second_object_store_server):
        deposited = deposit_file(copied_archive, path)
    stored = replica.put_new(deposited.key, path, sha256=deposited.sha256)
    replica._client.put_object(Bucket=replica.bucket, Key=deposited.key, Body=b"laid over")

    (copied,) = bring_copies(copied_archive, actor="clock").copied

    assert copied.details["objects"][0]["object_version"] == stored.version_id
