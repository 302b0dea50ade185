"""Entries that were dated back or planted are named."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from processors.digest import sha256
from storage.ledger.custody import entries, entry_row, publish_pending_entries
from storage.ledger.entry import NOT_MEASURED
from storage.ledger.sealed_entry import EntryParts, sealed_entry
from storage.ledger.tables import custody, sealed_objects
from storage.objects.keys import custody_key, sealed_key
from tests.attacks.attacked_archive import HELD, AttackedArchive


def test_an_archive_that_nobody_attacked_is_as_expected_and_agrees_with_the_checkpoint(
    attacked: AttackedArchive,
) -> None:
    assert attacked.named_with_database() == {}
    assert attacked.named_by_store_alone() == {}


def test_an_entry_that_is_dated_back_is_named(attacked: AttackedArchive) -> None:
    """Everything else of it is right: it is sealed, chained, and in the database."""
    archive = attacked.archive
    assert archive.sealing is not None
    with archive.writer.begin() as connection:
        last = entries(connection)[-1]
        parts = EntryParts(
            seq=last.seq + 1,
            previous=last.digest,
            event="received",
            subject_id="x",
            subject_digest=None,
            actor="tester",
            at=datetime(2019, 5, 1, tzinfo=UTC),
            software=last.software,
            clock=NOT_MEASURED,
            details={},
        )
        entry, content = sealed_entry(archive.sealing, parts)
        connection.execute(insert(custody).values(**entry_row(entry)))
        key = sealed_key(entry.seq, sha256(content))
        connection.execute(insert(sealed_objects).values(key=key, seq=entry.seq, content=content))
    publish_pending_entries(archive)

    expected = {"custody": [f"{custody_key(HELD + 1)}: time"]}
    assert attacked.named_by_store_alone() == expected
    assert attacked.named_with_database() == expected


def test_an_entry_that_was_planted_in_the_store_is_named_by_the_ledger_and_takes_the_next_ones_place(
    attacked: AttackedArchive,
) -> None:
    with attacked.archive.reader.connect() as connection:
        last = entries(connection)[-1]
    planted = replace(
        last, seq=last.seq + 1, previous=last.digest, event="received", actor="x", details={}, seal=None
    )
    key = custody_key(planted.seq)
    attacked.archive.objects.put_new(key, planted.canonical(), sha256=planted.digest)

    with pytest.raises(Exception, match=key):  # `verify` itself appends the entry with this number
        attacked.named_with_database()
