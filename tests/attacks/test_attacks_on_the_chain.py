"""The owner rewrites what was collected; the checkpoint that lies outside says so, with and without a database."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from pipeline.preserve.verify import NOT_ENTERED
from processors.digest import sha256
from storage.deposit.deposit import deposit_file
from storage.ledger.custody import entries, entry_row, publish_pending_entries
from storage.ledger.entry import NOT_MEASURED
from storage.ledger.sealed_entry import EntryParts, sealed_entry
from storage.ledger.tables import custody, sealed_objects
from storage.log.signing import LogRefusedError, sign_next_checkpoint
from storage.log.tree_reader import TileMissingError
from storage.objects.keys import custody_key, sealed_key
from tests.attacks.attacked_archive import BEGUN, HELD, OLD, AttackedArchive
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.log.log_archive import add_entries


def test_an_archive_that_nobody_attacked_is_as_expected_and_agrees_with_the_checkpoint(
    attacked: AttackedArchive,
) -> None:
    assert attacked.named_with_database() == {}
    assert attacked.named_by_store_alone() == {}


def test_a_tail_that_was_cut_everywhere_is_named_by_the_checkpoint_alone_and_nothing_more_is_signed(
    attacked: AttackedArchive,
) -> None:
    attacked.cut_database(BEGUN)
    attacked.cut_store(BEGUN)

    assert attacked.named_with_database(outside=False) == {}, "the attack is not whole"
    assert attacked.named_by_store_alone(outside=False) == {}
    # `verify` itself has appended entries meanwhile
    attacked.cut_database(BEGUN)
    attacked.cut_store(BEGUN)
    assert attacked.named_by_store_alone() == {OLD: ["entries"]}
    assert attacked.named_with_database() == {OLD: ["entries"]}
    with pytest.raises((LogRefusedError, TileMissingError)):
        sign_next_checkpoint(attacked.archive, attacked.signer, actor="tester")


def rewrite(attacked: AttackedArchive, after: int, folder: Path, *, log: bool) -> None:
    """Other files in place of the deposited ones, every later entry anew; the log as well, with its stolen key."""
    tiles = {
        version.key: attacked.archive.objects.read(version.key, version.version_id)
        for version in attacked.archive.objects.list("log/")
    }
    attacked.cut_database(after)
    attacked.cut_store(after)
    stolen = attacked.stolen_signer()
    deposit_file(attacked.archive, crawl_one(folder, [exchange("https://t.me/s/kanal", response(b"forged"))]))
    if log:
        sign_next_checkpoint(attacked.archive, stolen, actor="tester")
        with attacked.archive.reader.connect() as connection:
            lacking = HELD - len(entries(connection))
        add_entries(attacked.archive, lacking)
        publish_pending_entries(attacked.archive)
        sign_next_checkpoint(attacked.archive, stolen, actor="tester")
        return
    add_entries(attacked.archive, HELD - after - 1)
    publish_pending_entries(attacked.archive)
    stored = {version.key for version in attacked.archive.objects.list("log/")}
    for key in tiles.keys() - stored:
        attacked.archive.objects.put_new(key, tiles[key], sha256=sha256(tiles[key]))


def test_a_chain_that_was_computed_anew_is_named_with_the_first_entry_that_differs(
    attacked: AttackedArchive, tmp_path: Path
) -> None:
    rewrite(attacked, BEGUN, tmp_path / "forged", log=False)
    first = f"{custody_key(BEGUN + 1)}: hash of the entry, the first that differs"

    alone = attacked.named_by_store_alone()
    assert alone[OLD] == [first]
    assert f"log/tile/0/000.p/{HELD}: hash of {custody_key(BEGUN + 1)}" in alone["log"]
    assert attacked.named_with_database()[OLD] == [first]


@pytest.mark.parametrize("after", [BEGUN, BEGUN - 2], ids=["from the second file on", "from the first file on"])
def test_a_log_that_was_signed_anew_with_its_stolen_key_is_named_by_the_checkpoint_alone(
    attacked: AttackedArchive, tmp_path: Path, after: int
) -> None:
    rewrite(attacked, after, tmp_path / "forged", log=True)

    assert attacked.named_by_store_alone(outside=False) == {}, "the attack is not whole"
    assert attacked.named_by_store_alone() == {OLD: [f"root of the first {HELD} entries"]}
    assert attacked.named_with_database() == {OLD: [f"root of the first {HELD} entries"]}


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


def test_an_entry_that_was_planted_behind_the_last_is_named_and_its_place_is_not_taken(
    attacked: AttackedArchive,
) -> None:
    with attacked.archive.reader.connect() as connection:
        last = entries(connection)[-1]
    planted = replace(
        last, seq=last.seq + 1, previous=last.digest, event="received", actor="x", details={}, seal=None
    )
    key = custody_key(planted.seq)
    attacked.archive.objects.put_new(key, planted.canonical(), sha256=planted.digest)

    assert attacked.named_by_store_alone() == {"custody": [f"{key}: format"]}
    found = attacked.named_with_database()
    assert set(found["custody"]) == {f"{key}: format", f"{key}: the same digest in ledger and store"}
    assert found[NOT_ENTERED] == ["entry"]
