"""Locks: a missing or short one is wrong, one that lasted its time is told, and renewing stands in custody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pipeline.config.settings import Settings
from pipeline.preserve.audit import audit
from pipeline.preserve.replicate import replicate_pending
from pipeline.process.rebuild import rebuild
from processors.digest import sha256
from storage.archive import Archive
from storage.deposit.custody_status import custody_status
from storage.deposit.deposit import Deposited, deposit_file
from storage.findings import VerificationRemark, Verified
from storage.integrity.verification import expected_of_archive, expected_of_store, verify_all
from storage.ledger.chain import read_chain
from storage.ledger.entry import CustodyEntry
from storage.ledger.retention import RetentionLock, RetentionPolicy, locks_from_custody
from storage.ledger.sealed_chain import sealed_objects_of
from storage.objects.model import ObjectHead
from storage.objects.store import ObjectStore
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.ledger.test_custody import ENTRY
from tests.storage.lock_bypass import end_lock

DAY = timedelta(days=1)


@pytest.fixture
def deposited(archive: Archive, tmp_path: Path) -> Deposited:
    return deposit_file(archive, crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))]))


def found(archive: Archive, at: datetime | None = None) -> dict[str, Verified]:
    return {each.subject: each for each in verify_all(expected_of_archive(archive, at=at))}


def test_custody_says_until_when_a_file_was_locked(archive: Archive, deposited: Deposited) -> None:
    head = archive.objects.head(deposited.key, deposited.version_id)
    holding = custody_status(archive, deposited.key)

    assert head is not None
    assert holding is not None
    assert holding.locked_until == {(deposited.key, deposited.version_id): head.locked_until}


def test_a_lock_that_lasted_its_time_is_told_and_is_no_mismatch(archive: Archive, deposited: Deposited) -> None:
    before = found(archive)
    after = found(archive, datetime.now(UTC) + 2 * DAY)

    assert [each.remarks for each in before.values()] == [(), (), ()]
    assert all(each.ok for each in after.values())
    assert after[deposited.key].remarks[0].startswith("lock ran out on ")
    assert after["custody"].remarks[0].startswith("locks of 1 entries ran out, the first on ")


def test_of_many_locks_that_ran_out_the_first_moment_is_told() -> None:
    begun = datetime(2026, 3, 1, tzinfo=UTC)
    locks = [RetentionLock(name, "v1", begun + days * DAY, begun) for name, days in (("a", 3), ("b", 2), ("c", 4))]
    (told,) = RetentionPolicy(days=1, at=begun + 9 * DAY, by_custody={}).judge_many(locks, "objects")
    assert isinstance(told, VerificationRemark)
    assert told.text.startswith("locks of 3 objects ran out, the first on 2026-03-03 ")


def test_a_lock_made_shorter_is_a_mismatch_with_both_moments(archive: Archive, deposited: Deposited) -> None:
    head = archive.objects.head(deposited.key, deposited.version_id)
    assert head is not None
    assert head.locked_until is not None
    shorter = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    end_lock(archive.objects, deposited.key, deposited.version_id, shorter)

    now, later = found(archive)[deposited.key], found(archive, datetime.now(UTC) + 2 * DAY)[deposited.key]

    (problem,), (over,) = now.problems, later.problems
    assert (
        problem.expected == f"until {head.locked_until:%Y-%m-%d %H:%M:%S} UTC at least (which custody says it was)"
    )
    assert problem.found == f"until {shorter:%Y-%m-%d %H:%M:%S} UTC"
    assert over.found == f"{problem.found}, which is over"


def test_days_that_were_raised_since_make_older_locks_too_short(archive: Archive, deposited: Deposited) -> None:
    archive.objects.lock_days = 30

    looked = found(archive)

    assert looked[deposited.key].problems[0].expected.partition(" (")[2].startswith("30 days from ")
    assert [each.what for each in looked["custody"].problems] == [
        "locks of 1 entries, the first custody/000000000001.json"
    ]
    assert read_chain(archive.objects, archive.sealing).problems == (), (
        "the chain itself is whole, and can be rebuilt from"
    )


def renewal(until: datetime) -> CustodyEntry:
    row = {"key": "warc/a", "object_version": "1"}
    return replace(ENTRY, event="lock_renewed", details={"objects": [row], "locked_until": until.isoformat()})


def test_the_longest_lock_that_custody_names_is_due_whichever_entry_is_the_last() -> None:
    now = datetime.now(UTC)
    longer, shorter = renewal(now + 9 * DAY), renewal(now + 3 * DAY)
    for entries in ([longer, shorter], [shorter, longer]):
        assert locks_from_custody(entries) == {("warc/a", "1"): now + 9 * DAY}


def test_an_audit_renews_what_ends_and_custody_names_every_object(archive: Archive, deposited: Deposited) -> None:
    archive.objects.lock_days = 30
    report = audit(archive, weeks=1, actor="auditor", renew=True)

    (renewal,) = report.renewals
    chain = read_chain(archive.objects, archive.sealing)
    (entry,) = [each.entry for each in chain.entries if each.entry.event == "lock_renewed"]
    keys = [row["key"] for row in entry.details["objects"]]
    head = archive.objects.head(deposited.key, deposited.version_id)
    assert (renewal.renewed, renewal.problems, entry.actor) == (3, (), "auditor")
    ((sealed_key, _),) = sealed_objects_of(chain.entries[0].entry)
    assert keys == ["custody/000000000001.json", sealed_key, deposited.key]
    assert head is not None
    assert head.locked_until == renewal.until == datetime.fromisoformat(entry.details["locked_until"])
    assert renewal.until > datetime.now(UTC) + 29 * DAY
    assert all(each.ok and not each.remarks for each in found(archive, datetime.now(UTC) + 20 * DAY).values())


def test_renewing_again_finds_nothing_that_ends(archive: Archive, deposited: Deposited) -> None:
    archive.objects.lock_days = 30
    audit(archive, weeks=1, actor="auditor", renew=True)

    (again,) = audit(archive, weeks=1, actor="auditor", renew=True).renewals

    assert again.renewed == 0


def test_without_being_asked_an_audit_renews_nothing(archive: Archive, deposited: Deposited) -> None:
    before = archive.objects.head(deposited.key, deposited.version_id)
    report = audit(archive, weeks=1, actor="auditor")

    assert report.renewals == ()
    assert archive.objects.head(deposited.key, deposited.version_id) == before


def test_a_renewal_undone_is_a_mismatch(archive: Archive, deposited: Deposited) -> None:
    archive.objects.lock_days = 30
    audit(archive, weeks=1, actor="auditor", renew=True)
    end_lock(archive.objects, deposited.key, deposited.version_id, datetime.now(UTC) + 10 * DAY)
    archive.objects.lock_days = 1

    (problem,) = found(archive)[deposited.key].problems

    assert "which custody says it was" in problem.expected


def test_locks_of_both_stores_are_renewed_and_judged_by_what_custody_says_of_each(
    copied_archive: Archive, tmp_path: Path
) -> None:
    deposited = deposit_file(copied_archive, crawl_one(tmp_path, [exchange("https://a.example/", response(b"a"))]))
    replica = copied_archive.replica
    assert replica is not None
    replica.lock_days = 60

    audit(copied_archive, weeks=1, actor="auditor", renew=True)
    replicate_pending(copied_archive, actor="clock")

    looked = {each.subject: each for each in verify_all(expected_of_archive(copied_archive, replica))}
    holding = custody_status(copied_archive, deposited.key)
    assert holding is not None
    assert holding.second_copy is not None
    assert [each.problems for each in looked.values()] == [(), (), ()]
    renewed_until = holding.locked_until[deposited.key, str(holding.second_copy.version_id)]
    assert renewed_until > datetime.now(UTC) + 59 * DAY


def test_renewals_come_back_with_the_chain(archive: Archive, deposited: Deposited) -> None:
    archive.objects.lock_days = 30
    audit(archive, weeks=1, actor="auditor", renew=True)
    before = custody_status(archive, deposited.key)

    rebuild(archive)

    assert custody_status(archive, deposited.key) == before


def test_an_object_that_cannot_be_locked_anew_is_told_and_holds_up_no_other(
    archive: Archive, deposited: Deposited, stored_settings: Settings
) -> None:
    told = stored_settings.store()
    refusing = LockRefusing(
        told.endpoint,
        told.bucket,
        access_key=told.access_key,
        secret_key=told.secret_key,
        region=told.region,
        lock_mode="governance",
        lock_days=30,
    )
    refusing.refused = deposited.key
    report = audit(replace(archive, objects=refusing), weeks=1, actor="auditor", renew=True)

    (problem,) = report.not_renewed()
    assert problem.startswith("A lock was not renewed: Object store ")
    assert f"locking {deposited.key} was refused (AccessDenied)" in problem
    assert report.renewals[0].renewed == 2


class LockRefusing(ObjectStore):
    """A store whose policy keeps one object from being locked anew; all else is the real store."""

    refused = ""

    def relock(self, key: str, version_id: str, until: datetime) -> ObjectHead:
        with self._answers(f"locking {key}"):
            if key == self.refused:
                raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObjectRetention")
        return super().relock(key, version_id, until)


def test_bytes_that_stand_there_with_a_lock_near_its_end_are_locked_for_the_whole_time(archive: Archive) -> None:
    store = archive.objects
    content = b"left by a deposit that was killed a day ago"
    stored = store.put_new("warc/left", content, sha256=sha256(content))
    end_lock(store, "warc/left", stored.version_id, datetime.now(UTC) + timedelta(minutes=5))

    again = store.put_new("warc/left", content, sha256=sha256(content))

    assert again.version_id == stored.version_id
    assert again.locked_until > datetime.now(UTC) + DAY - timedelta(minutes=5)


def test_a_lock_is_never_made_shorter_or_weaker(archive: Archive) -> None:
    store = archive.objects
    store.lock_mode, store.lock_days = "compliance", 2
    stored = store.put_new("warc/strict", b"strict", sha256=sha256(b"strict"))
    store.lock_mode, store.lock_days = "governance", 1

    head = store.relock("warc/strict", stored.version_id, datetime.now(UTC) + DAY)
    longer = store.relock("warc/strict", stored.version_id, datetime.now(UTC) + 3 * DAY)

    assert (head.lock_mode, head.locked_until) == ("compliance", stored.locked_until)
    assert longer.lock_mode == "compliance"
    assert longer.is_locked_until(datetime.now(UTC) + 3 * DAY - timedelta(minutes=1))


def test_a_lock_is_renewed_until_the_second_that_custody_will_name(archive: Archive) -> None:
    store = archive.objects
    stored = store.put_new("warc/renewed", b"renewed", sha256=sha256(b"renewed"))
    until = datetime.now(UTC) + timedelta(days=store.lock_days, seconds=-7, minutes=20)
    store.lock_days += 1

    head = store.relock("warc/renewed", stored.version_id, until)

    assert head.locked_until == until.replace(microsecond=0)


def test_the_store_alone_judges_locks_too(archive: Archive, deposited: Deposited) -> None:
    end_lock(archive.objects, deposited.key, deposited.version_id, datetime.now(UTC) + timedelta(hours=1))

    looked = {each.subject: each for each in verify_all(expected_of_store(archive.objects))}

    assert [each.what for each in looked[deposited.key].problems] == ["lock"]
