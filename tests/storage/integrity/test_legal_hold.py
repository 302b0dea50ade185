"""Legal holds: on the objects of every store, in custody, and compared by `verify`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from storage.deposit.replication import replicate
from storage.integrity.legal_hold import HoldError, hold, legal_holds, release
from storage.integrity.verification import expected_of_archive, verify_deposits
from storage.ledger.custody import entries
from storage.objects.store import ObjectStore
from tests.administered_store import administrator
from tests.storage.crawled_files import crawl_one, exchange, response


def test_a_hold_keeps_objects_in_every_store_until_the_last_one_is_released(
    copied_archive: Archive, tmp_path: Path
) -> None:
    archive = copied_archive
    assert archive.replica is not None
    stores: tuple[ObjectStore, ...] = (archive.objects, archive.replica)
    key = deposit_file(archive, crawl_one(tmp_path, [exchange("https://a.example/", response(b"<p>a</p>"))])).key
    with archive.reader.connect() as connection:
        (capture,) = captures_in(connection, key)

    def held() -> list[bool]:
        heads = [store.head(key, version.version_id) for store in stores for version in store.list(key)]
        return [head.held for head in heads if head is not None]

    def problems(at: datetime | None = None) -> list[str]:
        found = [
            each
            for store in stores
            for verified in verify_deposits(expected_of_archive(archive, store, at=at), [key])
            for each in (*verified.problems, *verified.remarks)
        ]
        return [str(each) for each in found]

    assert held() == [False, False]
    for name, reason, basis, words in (
        ("urn:uuid:none", "r", "b", "found nothing of this name"),
        (key, " ", "b", "Expected a reason"),
        (key, "r", "", "Expected a legal basis"),
    ):
        with pytest.raises(Exception, match=words):
            hold(archive, name, actor="kust", reason=reason, basis=basis)
    first = hold(archive, capture.id, actor="kust", reason="суд", basis="order 5")
    second = hold(archive, key, actor="ala", reason="следства", basis="order 6")
    replicate(archive, actor="clock")  # the second store has its own copy of the chain
    assert held() == [True, True]
    assert problems() == []
    with archive.reader.connect() as connection:
        (entry,) = entries(connection, subject_id=capture.id)
    assert b"order 5" not in entry.canonical(), "entries leave the house"
    assert [(store, name) for store, name, _ in first.objects] == [(store.name, key) for store in stores]

    # nobody deletes it, and a lock that has run out is no danger
    owner = administrator(archive.objects.endpoint)
    with pytest.raises(ClientError, match="AccessDenied"):
        owner.delete_object(
            Bucket=archive.objects.bucket, Key=key, VersionId=first.objects[0][2], BypassGovernanceRetention=True
        )
    told = problems(datetime.now(UTC) + timedelta(days=9))
    assert ["the legal hold of custody entry" in each for each in told] == [True, True]

    # a hold that somebody takes off past our software is found
    archive.replica.set_hold(key, first.objects[1][2], on=False)
    assert ["legal hold" in each for each in problems()] == [True]
    archive.replica.set_hold(key, first.objects[1][2], on=True)

    release(archive, first.seq, actor="kust", reason="канец")
    assert held() == [True, True], "another hold is on it"
    release(archive, second.seq, actor="kust", reason="канец")
    replicate(archive, actor="clock")
    assert held() == [False, False]
    assert problems() == []
    assert [each.released_at is None for each in legal_holds(archive)] == [False, False]
    with pytest.raises(HoldError, match="found none"):
        release(archive, 99_999, actor="kust", reason="r")
