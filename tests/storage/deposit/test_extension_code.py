"""Operators' code in the store: kept as WARC files are, in both stores, and looked at by verification and
audit.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from pipeline.preserve.audit import audit
from pipeline.preserve.verify import verify, verify_store_alone
from storage.archive import Archive
from storage.deposit.extension_code import deposit_extension
from storage.deposit.replication import pending_copies
from storage.integrity.restore import restore_custody
from storage.ledger.chain import read_chain
from storage.ledger.tables import custody
from tests.administered_store import administrator
from tests.processors.extension.extensions import extension

CODE = extension()
KEY = f"extensions/detained/{CODE.digest.hex}.tar"


def subjects(archive: Archive) -> list[str]:
    return [each.subject for each in verify_store_alone(archive.objects)]


def test_both_stores_hold_it_and_say_so_in_custody(copied_archive: Archive) -> None:
    entry = deposit_extension(copied_archive, CODE, actor="collector-1")
    assert entry == deposit_extension(copied_archive, CODE, actor="somebody else"), "deposited once"
    assert copied_archive.replica is not None
    for store in (copied_archive.objects, copied_archive.replica):
        head = store.head(KEY)
        assert head is not None
        assert store.read(KEY, head.version_id) == CODE.archive
        assert head.is_locked_until(datetime.now(UTC) + timedelta(hours=20))
    with copied_archive.reader.connect() as connection:
        assert pending_copies(connection) == ()
        events = list(connection.scalars(select(custody.c.event).order_by(custody.c.seq)))
    assert events == ["extension_deposited", "copied"]


def test_it_is_looked_at_whenever_the_archive_is(copied_archive: Archive) -> None:
    deposit_extension(copied_archive, CODE, actor="collector-1")
    assert all(each.ok for each in verify(copied_archive))
    assert KEY in subjects(copied_archive)
    report = audit(copied_archive, weeks=1, actor="collector-1")
    assert (len(report.share.entries), report.wrong) == (1, ())


def test_code_that_is_gone_or_laid_beside_is_named(archive: Archive) -> None:
    entry = deposit_extension(archive, CODE, actor="collector-1")
    stray = archive.objects.put_new(KEY.replace("detained", "other"), CODE.archive, sha256=CODE.digest)
    assert subjects(archive) == [KEY, "sealed", "custody"], (
        "one that was put there a moment ago may belong to a deposit"
    )
    assert stray.key not in subjects(archive)
    administrator(archive.objects.endpoint).delete_object(
        Bucket=archive.objects.bucket,
        Key=KEY,
        VersionId=entry.details["object_version"],
        BypassGovernanceRetention=True,
    )
    gone = next(each for each in verify_store_alone(archive.objects) if each.subject == KEY and not each.ok)
    assert [each.what for each in gone.problems] == ["object"]


def test_custody_of_code_is_restored_from_the_store(archive: Archive) -> None:
    deposit_extension(archive, CODE, actor="collector-1")
    chain = read_chain(archive.objects, archive.sealing)
    assert chain.problems == ()
    assert restore_custody(archive, chain) == 0


@pytest.mark.parametrize("missing", ["object_version", "length_bytes", "extension"])
def test_an_entry_that_lacks_what_others_rely_on_is_refused(archive: Archive, missing: str) -> None:
    from dataclasses import replace

    from storage.ledger.entry_schema import require_shape

    entry = deposit_extension(archive, CODE, actor="collector-1")
    require_shape(entry)
    with pytest.raises(ValueError, match=missing):
        require_shape(replace(entry, details={k: v for k, v in entry.details.items() if k != missing}))
