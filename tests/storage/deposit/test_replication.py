"""The second copy: two real stores, of which one goes away and comes back; nothing is forgotten or done twice."""

from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from crawlers.model.iso_time import time_text
from pipeline.config.settings import Settings
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.verify import verify, verify_store_alone
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import deposit_file
from storage.deposit.record_reader import read_record
from storage.deposit.replication import count_pending_entries, pending_copies, replicate
from storage.ledger.chain import read_chain
from storage.ledger.custody import append_and_publish, entries
from storage.objects.store import ObjectStore
from tests.administered_store import administrator
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.decaying_store import decaying_store
from tests.storage.store_outage import outage


@pytest.fixture
def replica(copied_archive: Archive) -> ObjectStore:
    assert copied_archive.replica is not None
    return copied_archive.replica


def warc(folder: Path, number: int = 0) -> Path:
    return crawl_one(folder, [exchange(f"https://t.me/s/kanal?before={number}", response(b"page"))])


def pending(copied_archive: Archive) -> tuple[list[str], int]:
    with copied_archive.reader.connect() as connection:
        return [each.entry.subject_id for each in pending_copies(connection)], count_pending_entries(connection)


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
    assert pending(copied_archive) == ([], 0)
    there, here = (
        [each.entry for each in read_chain(store, copied_archive.sealing).entries]
        for store in (replica, copied_archive.objects)
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
    head = replica.head(deposited.key, version.version_id)
    assert head is not None
    assert head.locked_until is not None
    assert copied.details == {
        "store": "replica",
        "seq": entry.seq,
        "objects": [
            {
                "key": deposited.key,
                "object_version": version.version_id,
                "sha256": str(deposited.sha256),
                "length_bytes": entry.details["length_bytes"],
                "locked_until": time_text(head.locked_until),
            }
        ],
    }


def test_while_the_second_store_is_away_deposits_go_on_and_say_what_is_owed(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    with outage(second_object_store_server):
        deposited = [deposit_file(copied_archive, warc(tmp_path, number)) for number in range(3)]
        assert [each.preserved for each in deposited] == [False] * 3
        assert deposited[0].second_copy is not None
        assert second_object_store_server.endpoint in str(deposited[0].second_copy.problem)
        assert pending(copied_archive) == ([each.key for each in deposited], 3)
        report = replicate(copied_archive, actor="clock")
        assert (report.copied, report.entries, len(report.pending), len(report.problems)) == ((), 0, 3, 1)

    report = replicate(copied_archive, actor="clock")

    assert [entry.subject_id for entry in report.copied] == [each.key for each in deposited]
    assert (report.pending, report.pending_entries, report.problems) == ((), 0, ())
    for each in deposited:
        (version,) = replica.list(each.key)
        assert replica.digest(each.key, version.version_id) == each.sha256
    assert events(copied_archive) == ["deposited"] * 3 + ["copied"] * 3


def test_bringing_copies_again_sends_and_writes_nothing(copied_archive: Archive, tmp_path: Path) -> None:
    deposit_file(copied_archive, warc(tmp_path))
    before = events(copied_archive)

    report = replicate(copied_archive, actor="clock")

    assert (report.copied, report.entries) == ((), 0)
    assert events(copied_archive) == before


def test_entries_without_files_reach_the_second_store_with_the_next_run(
    copied_archive: Archive, replica: ObjectStore
) -> None:
    entry = append_and_publish(copied_archive, "collection_started", subject_id="1", actor="tester", details={})
    assert pending(copied_archive) == ([], 1)

    assert replicate(copied_archive, actor="clock").entries == 1
    assert read_chain(replica, copied_archive.sealing).entries[0].entry == entry


def test_a_copy_that_a_killed_run_had_made_is_found_and_not_sent_again(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    with outage(second_object_store_server):
        deposited = deposit_file(copied_archive, path)
    stored = replica.put_new(deposited.key, path, sha256=sha256(path.read_bytes()))

    (copied,) = replicate(copied_archive, actor="clock").copied

    assert copied.details["objects"][0]["object_version"] == stored.version_id
    assert [version.version_id for version in replica.list(deposited.key)] == [stored.version_id]


def test_other_bytes_under_the_key_are_told_with_both_digests_and_hold_up_no_other_file(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    with outage(second_object_store_server):
        first, second = (deposit_file(copied_archive, warc(tmp_path, number)) for number in range(2))
    replica.put_new(first.key, b"other", sha256=sha256(b"other"))

    report = replicate(copied_archive, actor="clock")

    assert [entry.subject_id for entry in report.copied] == [second.key]
    assert [each.entry.subject_id for each in report.pending] == [first.key]
    (problem,) = report.problems
    assert str(first.sha256) in problem and str(sha256(b"other")) in problem
    assert replica.read(first.key, next(replica.list(first.key)).version_id) == b"other"


def test_a_copy_that_something_was_laid_over_is_still_found_by_its_digest(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    with outage(second_object_store_server):
        deposited = deposit_file(copied_archive, path)
    stored = replica.put_new(deposited.key, path, sha256=deposited.sha256)
    replica._client.put_object(Bucket=replica.bucket, Key=deposited.key, Body=b"laid over")

    (copied,) = replicate(copied_archive, actor="clock").copied

    assert copied.details["objects"][0]["object_version"] == stored.version_id


def test_the_second_store_alone_verifies_and_a_bit_that_turned_there_is_named(
    copied_archive: Archive, replica: ObjectStore, tmp_path: Path
) -> None:
    deposited = deposit_file(copied_archive, warc(tmp_path))
    found = verify(copied_archive, store=replica)
    assert [(each.subject, each.problems) for each in found] == [
        (deposited.key, ()),
        ("sealed", ()),
        ("custody", ()),
    ]
    assert [each.ok for each in verify_store_alone(replica)] == [True, True, True]

    (version,) = replica.list(deposited.key)
    administrator(replica.endpoint).delete_object(
        Bucket=replica.bucket,
        Key=deposited.key,
        VersionId=version.version_id,
        BypassGovernanceRetention=True,
    )
    replica.put_new(deposited.key, b"other", sha256=sha256(b"other"))

    problems = {each.what: (each.expected, each.found) for each in verify_store_alone(replica)[0].problems}
    assert problems["sha256"] == (str(deposited.sha256), str(sha256(b"other")))
    of_the_first = verify_store_alone(copied_archive.objects)
    assert [(each.subject, each.ok) for each in of_the_first] == [
        (deposited.key, True),
        ("sealed", True),
        ("custody", True),
    ]


def test_what_is_owed_to_the_second_store_is_no_fault_in_it(
    copied_archive: Archive, replica: ObjectStore, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    deposit_file(copied_archive, warc(tmp_path))
    with outage(second_object_store_server):
        deposit_file(copied_archive, warc(tmp_path, 1))

    found = verify(copied_archive, store=replica)

    assert [each.problems for each in found if each.subject == "custody"] == [()]


def test_the_catalogue_comes_back_from_the_second_store_when_the_first_is_lost(
    copied_archive: Archive, replica: ObjectStore, tmp_path: Path
) -> None:
    path = warc(tmp_path)
    deposited = deposit_file(copied_archive, path)
    process_pending(copied_archive)
    before = rows_without_versions(copied_archive)

    # what an operator does: the settings of the first store now name the second
    promoted = replace(copied_archive, objects=copy(replica), replica=None)
    promoted.objects.name = "primary"
    rebuild(promoted)

    assert rows_without_versions(promoted) == before
    with promoted.reader.connect() as connection:
        (capture,) = captures_in(connection, deposited.key)
    assert read_record(promoted, capture).block.endswith(b"page")
    assert all(each.ok for each in verify(promoted))


def rows_without_versions(archive: Archive) -> dict[str, list[dict[str, object]]]:
    """Captures and files as the catalogue has them, but for the version ids, which are each store's own."""
    with archive.reader.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row._mapping.items() if name != "object_version"}
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in (warcs, captures)
        }


def test_a_file_that_the_first_store_cannot_give_is_told_and_holds_up_no_other_file(
    copied_archive: Archive,
    copied_settings: Settings,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    with outage(second_object_store_server):
        first, second = (deposit_file(copied_archive, warc(tmp_path, number)) for number in range(2))
    damaged = decaying_store(copied_settings, "", 0)
    damaged.broken = first.key

    report = replicate(replace(copied_archive, objects=damaged), actor="clock")

    assert [entry.subject_id for entry in report.copied] == [second.key]
    assert [each.entry.subject_id for each in report.pending] == [first.key]
    (problem,) = report.problems
    assert f"reading {first.key} failed (InternalError)" in problem


def test_bytes_that_decayed_in_the_first_store_are_not_copied(
    copied_archive: Archive,
    copied_settings: Settings,
    second_object_store_server: ObjectStoreServer,
    replica: ObjectStore,
    tmp_path: Path,
) -> None:
    with outage(second_object_store_server):
        deposited = deposit_file(copied_archive, warc(tmp_path))

    report = replicate(
        replace(copied_archive, objects=decaying_store(copied_settings, deposited.key, 800)), actor="clock"
    )

    assert [each.entry.subject_id for each in report.pending] == [deposited.key]
    assert str(deposited.sha256) in report.problems[0]
    assert list(replica.list("warc/")) == []
