"""A purge takes records out of their files, and the old files out of every store; all else stays what it was."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from ulid import ULID

from crawlers.model.json_form import to_json
from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.freed_blocks import free_blocks
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.tables import warcs
from storage.deposit.deposit import DepositRefusedError, deposit_file
from storage.deposit.record_reader import read_record
from storage.deposit.replication import replicate
from storage.findings import Mismatch
from storage.integrity.legal_hold import hold, release
from storage.integrity.purge import Purge, overdue, propose_purge, purges, tend_purges
from storage.integrity.verification import expected_of_archive, expected_of_store, verify_all
from storage.integrity.withdrawal import WithdrawalError, confirm, propose_restoration
from storage.ledger.custody import entries
from storage.ledger.file_custody import PURGED, REMOVED
from storage.objects.store import ObjectStore
from storage.queries.hidden_places import hidden_place
from storage.search_index.writer import WritableIndex
from storage.spool.spool import Spool
from storage.warc.records import DepositedRecord
from tests.storage.catalogue.test_captures import written_by_warcio
from tests.storage.crawled_files import KANAL, NIGHT, exchange, response
from tests.storage.deposit.test_foreign_files import BODIES, in_pairs
from tests.storage.integrity.purged_archive import (
    BASIS,
    PICTURE,
    SECRET,
    WORDS,
    captures,
    dump,
    fill,
    found_below,
    found_in,
    order_purge,
    removers,
    withdraw,
)
from tests.storage.integrity.test_restore import catalogue, other
from tests.storage.killed_deposits import environment

__all__ = ["other"]  # a fixture


def mismatches(archive: Archive, store: ObjectStore, *, alone: bool = False) -> list[tuple[str, Mismatch]]:
    expected = expected_of_store(store, keys=archive.sealing) if alone else expected_of_archive(archive, store)
    return [(each.subject, problem) for each in verify_all(expected) for problem in each.problems]


def stores(archive: Archive) -> tuple[ObjectStore, ...]:
    return (archive.objects,) if archive.replica is None else (archive.objects, archive.replica)


def unplaced(capture: Capture) -> Capture:
    return replace(capture, offset_bytes=0, length_bytes=0, object_version="")


def why(purge: Purge) -> dict[str, str | None]:
    return {each.store: each.why for each in purge.old if each.removed_at is None}


def test_the_bytes_of_what_is_purged_are_found_nowhere_and_all_else_stays(
    copied_archive: Archive,
    copied_settings: Settings,
    object_store_server: ObjectStoreServer,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
    other: Archive,
) -> None:
    archive = copied_archive
    first, _ = fill(archive, tmp_path)
    assert archive.search_folder is not None
    with WritableIndex(archive.reader, archive.search_folder) as index:
        index.refresh()
    keys = removers(copied_settings, object_store_server, second_object_store_server)
    (secret,) = [each for each in captures(archive, first) if each.url == SECRET]
    before = {each.id: each for each in captures(archive, first)}
    blocks = {name: read_record(archive, each).block for name, each in before.items()}
    member = b"".join(archive.objects.stream(first, secret.object_version, offset=secret.offset_bytes, length=300))
    wanted = (WORDS.encode(), blocks[secret.id], member)
    assert all(len(found_in(store, *wanted)) == 3 for store in stores(archive)), "the look finds what is there"

    data_folder = archive.hash_folder.parent
    data_folder.chmod(0o711)  # as the stack of root has it: the database's user passes through
    order_purge(archive, secret.id)
    (done,) = tend_purges(archive, keys, actor="clock")

    assert data_folder.stat().st_mode & 0o777 == 0o711
    assert (done.is_done, done.waiting, done.problems) == (True, (), ())
    assert secret.id in done.purged and len(done.purged) == 2, "and the picture that was made of it"
    assert [(each.store, each.why) for each in done.old] == [("primary", None), ("replica", None)]
    now = {each.id: each for each in captures(archive, first)}
    assert now.keys() == before.keys() - set(done.purged)
    for name, capture in now.items():
        assert read_record(archive, capture).block == blocks[name]
        assert unplaced(capture) == unplaced(before[name])
    for server in (object_store_server, second_object_store_server):
        deadline = time.monotonic() + 60
        while found_below(server.folder, member):  # on the disk of the store itself
            assert free_blocks(server.folder) and time.monotonic() < deadline
            time.sleep(1)
    for store in stores(archive):
        assert len(list(store.list(first))) == 1
        assert found_in(store, *wanted) == []
        assert mismatches(archive, store) == []
        assert mismatches(archive, store, alone=True) == []
    assert WORDS not in dump(archive.reader)
    indexes = list(archive.search_folder.glob("index-*"))
    with WritableIndex(archive.reader, archive.search_folder) as index:
        assert index.refresh().made_anew, "no file of the index that had the words is kept"
    assert not set(indexes) & {*archive.search_folder.glob("index-*")}
    assert found_below(copied_settings.data, *wanted) == []
    with archive.reader.connect() as connection:
        place = hidden_place(connection, secret.id, viewer=EVERYONE)
        told = [entry.event for entry in entries(connection, subject_id=first)]
    assert place is not None and (place.label, place.basis, place.before) == ("purged", BASIS, "default")
    assert told == ["deposited", "copied", PURGED, "copied", REMOVED, REMOVED]

    process_pending(archive)
    rows = catalogue(archive)
    rebuild(archive)
    assert catalogue(archive) == rows
    rebuild(other)
    assert catalogue(other) == rows
    assert purges(other)[0].purged == done.purged
    assert tend_purges(archive, keys, actor="clock") == (done,), "the same again does nothing"


def test_a_purge_that_is_killed_after_each_step_goes_on_from_there(
    copied_archive: Archive,
    copied_settings: Settings,
    object_store_server: ObjectStoreServer,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    archive = copied_archive
    first, _ = fill(archive, tmp_path)
    (secret,) = [each for each in captures(archive, first) if each.url == SECRET]
    (picture,) = [each for each in captures(archive, first) if each.url.endswith("p.jpg")]
    order_purge(archive, secret.id)
    replicate(archive, actor="clock")
    told = replace(
        copied_settings,
        s3_purge_access_key=object_store_server.purge_keys.access_key,
        s3_purge_secret_key=object_store_server.purge_keys.secret_key,
        replica_purge_access_key=second_object_store_server.purge_keys.access_key,
        replica_purge_secret_key=second_object_store_server.purge_keys.secret_key,
    )
    names = ("s3_purge_access_key", "s3_purge_secret_key", "replica_purge_access_key", "replica_purge_secret_key")
    told_purge = {f"LETAPIS_{name.upper()}": str(getattr(told, name)) for name in names}
    ends: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.storage.purge_program"],
        cwd=ROOT,
        env=environment(told) | told_purge,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        while 0 not in ends and len(ends) < 80:
            program.stdin.write("\n")
            program.stdin.flush()
            ends.append(int(program.stdout.readline()))
            (still,) = [each for each in captures(archive, first) if each.id == picture.id]
            assert read_record(archive, still).block.endswith(PICTURE)
        program.stdin.close()
    assert set(ends) == {-signal.SIGKILL, 0}
    assert len(ends) > 15, "each step was the last of some process"
    (done,) = purges(archive)
    assert done.is_done and secret.id in done.purged
    for store in stores(archive):
        assert found_in(store, WORDS.encode()) == []
        assert len(list(store.list(first))) == 1
        assert mismatches(archive, store) == []
        assert mismatches(archive, store, alone=True) == []
    process_pending(archive)
    rows = catalogue(archive)
    rebuild(archive)
    assert catalogue(archive) == rows


def test_only_what_two_people_withdrew_and_two_people_ordered_is_purged(archive: Archive, tmp_path: Path) -> None:
    first, _ = fill(archive, tmp_path)
    (secret,) = [each for each in captures(archive, first) if each.url == SECRET]

    def propose(second: str = "kust") -> object:
        return propose_purge(archive, secret.id, actor="ala", reason="суд", basis=BASIS, second=second)

    refusals: list[tuple[Callable[[], object], str]] = [(propose, "nothing else can be purged")]
    withdraw(archive, secret.id)
    held = hold(archive, secret.id, actor="kust", reason="суд", basis=BASIS)
    for refused, words in (*refusals[1:], (propose, "which the legal hold of custody entry")):
        with pytest.raises(WithdrawalError, match=words):
            refused()
    release(archive, held.seq, actor="kust", reason="канец")
    with pytest.raises(WithdrawalError, match="The second person is the first"):
        propose("ala")
    back = propose_restoration(archive, secret.id, actor="ala", reason="памылка", second="kust")
    act, scope = propose_purge(archive, secret.id, actor="ala", reason="суд", basis=BASIS, second="kust")
    held = hold(archive, secret.id, actor="kust", reason="суд", basis=BASIS)
    assert (scope.captures, list(scope.files), scope.dependents) == (2, [first], ())
    assert tend_purges(archive, {}, actor="clock") == (), "a proposal does nothing"
    with pytest.raises(WithdrawalError, match="your own"):
        confirm(archive, act.seq, actor="ala")
    confirm(archive, act.seq, actor="kust")
    with pytest.raises(WithdrawalError, match="it cannot be given back"):
        confirm(archive, back.seq, actor="kust")
    assert read_record(archive, secret).block, "nothing is gone before a run"
    (kept,) = tend_purges(archive, {}, actor="clock")
    assert kept.waiting == (first,) and "is kept by the legal hold of custody entry" in kept.problems[0]
    assert not kept.is_overdue(datetime.now(UTC) + timedelta(days=9))
    release(archive, held.seq, actor="kust", reason="канец")
    (waiting,) = purges(archive)
    assert waiting.is_overdue(datetime.now(UTC) + timedelta(days=9))


def test_what_cannot_go_yet_is_due_and_says_why_and_is_alarmed_when_it_is_late(
    copied_archive: Archive,
    copied_settings: Settings,
    object_store_server: ObjectStoreServer,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    archive = copied_archive
    assert archive.replica is not None
    archive.objects.lock_mode = "compliance"
    first, _ = fill(archive, tmp_path)
    file = tmp_path / "kept" / Path(first).name
    file.parent.mkdir()
    file.write_bytes(archive.objects.read(first, captures(archive, first)[0].object_version))
    keys = removers(copied_settings, object_store_server, second_object_store_server)
    (secret,) = [each for each in captures(archive, first) if each.url == SECRET]
    order_purge(archive, secret.id)
    later = datetime.now(UTC) + timedelta(days=3)

    # the second store is away, and no purge key is here
    away = replace(
        archive,
        replica=ObjectStore(
            "http://127.0.0.1:9",
            archive.replica.bucket,
            access_key="a",
            secret_key="b",
            region="us-east-1",
            lock_mode="governance",
            lock_days=1,
            name="replica",
            attempts=1,
        ),
    )
    (due,) = tend_purges(away, {}, actor="clock")
    assert not due.is_done and due.waiting == ()
    reasons = why(due)
    assert "locked under COMPLIANCE until" in str(reasons["primary"])
    assert "does not have the new version yet" in str(reasons["replica"])
    assert [each.problems for each in verify_all(expected_of_store(archive.objects)) if each.problems] == []
    remarks = [text for each in verify_all(expected_of_store(archive.objects)) for text in each.remarks]
    assert [text for text in remarks if "is to go: the purge of custody entry" in text]
    assert overdue(away) == ()
    assert [each.order.seq for each in overdue(away, now=later)] == [due.order.seq]

    # a legal hold of somebody else keeps the old version; the second store is back
    held = next(each for each in archive.replica.list(first))
    archive.replica.set_hold(first, held.version_id, on=True)
    (due,) = tend_purges(archive, keys, actor="clock")
    assert "a legal hold is on it" in str(why(due)["replica"])
    archive.replica.set_hold(first, held.version_id, on=False)
    (due,) = tend_purges(archive, {}, actor="clock")
    assert "no purge key" in str(why(due)["replica"])
    (due,) = tend_purges(archive, keys, actor="clock")
    assert list(why(due)) == ["primary"], "nobody shortens compliance"
    assert found_in(archive.replica, WORDS.encode()) == []
    assert mismatches(archive, archive.replica) == []
    assert [each.order.seq for each in overdue(archive, now=later)] == [due.order.seq]

    # the same bytes are not taken back under any name
    with pytest.raises(DepositRefusedError, match="the file before the purge of custody entry"):
        deposit_file(archive, file)


def test_what_stood_for_it_stays_hidden_and_is_named_also_where_it_comes_later(
    archive: Archive, tmp_path: Path, other: Archive
) -> None:
    first, _ = fill(archive, tmp_path)
    (picture,) = [each for each in captures(archive, first) if each.url.endswith("p.jpg")]
    again, late = (revisit_of(tmp_path, picture, day) for day in (5, 6))
    key = deposit_file(archive, again).key
    process_pending(archive)
    (revisit,) = captures(archive, key)
    order_purge(archive, picture.id)
    (due,) = tend_purges(archive, {}, actor="clock")
    assert (due.purged, due.dependents, due.waiting) == ((picture.id,), (revisit.id,), ())
    deposit_file(archive, late)
    process_pending(archive)
    for path in (again, late):
        key = file_of(archive, path)
        (kept,) = captures(archive, key)
        assert (kept.record_type, kept.access_label) == ("revisit", "withdrawn")
        assert read_record(archive, kept).block.startswith(b"HTTP/1.1 200 OK")
    assert mismatches(archive, archive.objects) == []
    assert revisit.id in {row[0] for row in catalogue(archive)["occurrences"]}, (
        "another capture has the same bytes"
    )

    order_purge(archive, str(picture.payload_digest))
    due = tend_purges(archive, {}, actor="clock")[-1]
    assert (len(due.purged), len(due.dependents), due.waiting) == (1, 2, ())
    process_pending(archive)
    assert mismatches(archive, archive.objects) == []
    rows = catalogue(archive)
    assert revisit.id not in {row[0] for row in rows["occurrences"]}
    assert str(picture.payload_digest) not in {row[0] for row in rows["media"]}
    rebuild(other)
    assert catalogue(other) == rows


@pytest.mark.realdata
def test_ids_of_imports_stay_however_often_their_file_is_written_anew(
    archive: Archive, tmp_path: Path, realdata: Path, other: Archive
) -> None:
    shared = tmp_path / "shared.warc.gz"
    shared.write_bytes(in_pairs(written_by_warcio(*BODIES, gz=False)))
    named = [shared, *(realdata / "warc" / "pywb" / name for name in ("dupes.warc.gz", "valid_example_1.wacz"))]
    keys = [deposit_file(archive, path).key for path in named]
    process_pending(archive)
    ids = {each.id for key in keys for each in captures(archive, key)}
    gone: set[str] = set()
    for number in (1, 0):
        for key in keys:
            here = [each for each in captures(archive, key) if each.record_type != "revisit"]
            order_purge(archive, here[min(number, len(here) - 1)].id)
        done = tend_purges(archive, {}, actor="clock")
        gone = {name for each in done for name in each.purged}
        process_pending(archive)
        assert [each.waiting for each in done] == [()] * len(done)
        assert {each.id for key in keys for each in captures(archive, key)} == ids - gone
        for key in keys:
            for each in captures(archive, key):
                assert read_record(archive, each).block
        assert mismatches(archive, archive.objects) == []
        keys = [key for key in keys if captures(archive, key)]
    assert len(gone) == 5
    rows = catalogue(archive)
    rebuild(other)
    assert catalogue(other) == rows


def revisit_of(folder: Path, picture: Capture, day: int) -> Path:
    """A crawl of a later day that found the same picture again."""
    known = DepositedRecord(f"<{picture.record_id}>", picture.url, picture.captured_at)
    declared = json.dumps(to_json(KANAL), ensure_ascii=False)
    facts = {"software": "letapis/0.1.0", "source": declared}
    spool = Spool(folder, str(ULID()), facts, revisits=True, known_payloads=lambda _: known)
    spool.keep(exchange(picture.url, response(PICTURE, "image/jpeg"), at=NIGHT + timedelta(days=day)))
    (closed,) = spool.close()
    return closed.path


def file_of(archive: Archive, path: Path) -> str:
    """The key of a deposited file."""
    with archive.reader.connect() as connection:
        return str(connection.scalar(select(warcs.c.key).where(warcs.c.key.endswith(path.name))))
